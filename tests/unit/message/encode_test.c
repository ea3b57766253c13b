/* Messages: what is written can be read again, by us and by ldns; truncation; compression. */
#include "test.h"

#include <ldns/ldns.h>

#include "message/encode.h"
#include "message/reply.h"

static uint8_t out[65535 + 64];

static const uint8_t *name(struct test_query *t, const char *text)
{
	uint8_t *p = sodns_alloc(&t->q, SODNS_NAME_MAX);
	assert_true(sodns_name_from_text(text, NULL, p) > 0);
	return p;
}

static void add_address(sodns_reply_t *r, const uint8_t *owner, uint8_t last)
{
	const uint8_t address[4] = {192, 0, 2, last};
	sodns_reply_add_record(r, SODNS_ANSWER, owner, SODNS_TYPE_A, 60, address, 4);
}

static void compression(void **state)
{
	struct test_query t;
	(void)state;
	test_query_make(&t, "www.example.org.", SODNS_TYPE_MX);
	sodns_reply_t *r = sodns_reply(&t.q);
	uint8_t mx[64] = {0, 10};
	const uint8_t *target = name(&t, "mail.example.org.");
	memcpy(mx + 2, target, sodns_name_length(target));
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(&t.q), SODNS_TYPE_MX, 60, mx,
			       (uint16_t)(2 + sodns_name_length(target)));
	add_address(r, target, 1);
	size_t len = message_encode(&t.q, r, out, 512);
	/* header 12, question 21, MX: pointer 2 + 10 + 2 + "mail" 5 + pointer 2, A: pointer 2 + 10
	 * + 4 */
	assert_int_equal(len, 12 + 21 + 21 + 16);
	ldns_pkt *p = NULL;
	assert_int_equal(ldns_wire2pkt(&p, out, len), LDNS_STATUS_OK);
	char *text = ldns_rr_list2str(ldns_pkt_answer(p));
	assert_string_equal(text, "www.example.org.\t60\tIN\tMX\t10 mail.example.org.\n"
				  "mail.example.org.\t60\tIN\tA\t192.0.2.1\n");
	free(text);
	ldns_pkt_free(p);
	test_query_free(&t);
}

/* A target of SRV is written whole, and its address points there; one that is no name is no target. */
static void whole_names(void **state)
{
	struct test_query t;
	(void)state;
	test_query_make(&t, "_a._tcp.example.org.", SODNS_TYPE_SRV);
	sodns_reply_t *r = sodns_reply(&t.q);
	uint8_t srv[64] = {0, 0, 0, 1, 0, 80};
	const uint8_t *target = name(&t, "web.other.net.");
	size_t target_len = sodns_name_length(target);
	memcpy(srv + 6, target, target_len);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(&t.q), SODNS_TYPE_SRV, 60, srv,
			       (uint16_t)(6 + target_len));
	add_address(r, target, 1);
	add_address(r, name(&t, "www.other.net."), 2);
	size_t len = message_encode(&t.q, r, out, 512);
	/* question 25; SRV: 2 + 10 + 6 + 15; A: pointer 2 + 10 + 4, and "www" 4 + pointer 2 */
	assert_int_equal(len, 12 + 25 + 33 + 16 + 20);
	sodns_reply_t *again = sodns_reply_parse(&t.q, out, len);
	assert_non_null(again);
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(again, SODNS_ANSWER, &count);
	assert_int_equal(count, 3);
	assert_true(sodns_name_equal(sets[1].owner, target));
	r = sodns_reply(&t.q);
	memset(srv + 6, 63, 20);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(&t.q), SODNS_TYPE_SRV, 60, srv,
			       26);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(&t.q), SODNS_TYPE_SRV, 61, srv, 2);
	assert_int_equal(message_encode(&t.q, r, out, 512), 12 + 25 + 12 + 26 + 12 + 2);
	test_query_free(&t);
}

/* Records of random owners: ldns reads what we wrote, and we read it again. */
static void round_trip(void **state)
{
	(void)state;
	static const char *const labels[] = {
		"a", "www", "mail", "example", "org", "a-label-that-is-quite-long", "*"};
	srand(7);
	for (int round = 0; round < 500; round++) {
		struct test_query t;
		test_query_make(&t, round % 2 ? "www.example.org." : "WwW.eXample.org.",
				SODNS_TYPE_A);
		sodns_reply_t *r = sodns_reply(&t.q);
		unsigned count = (unsigned)rand() % 40;
		for (unsigned i = 0; i < count; i++) {
			char text[256] = "";
			for (int k = rand() % 6; k >= 0; k--) {
				strcat(text, labels[rand() % 7]);
				strcat(text, ".");
			}
			const uint8_t *n = name(&t, text);
			if (rand() % 2)
				add_address(r, n, (uint8_t)i);
			else
				sodns_reply_add_record(r, SODNS_ANSWER, n, SODNS_TYPE_CNAME, 5,
						       name(&t, text),
						       (uint16_t)sodns_name_length(n));
		}
		size_t len = message_encode(&t.q, r, out, 65535);
		ldns_pkt *p = NULL;
		assert_int_equal(ldns_wire2pkt(&p, out, len), LDNS_STATUS_OK);
		assert_int_equal(ldns_pkt_ancount(p), count);
		ldns_pkt_free(p);
		sodns_reply_t *again = sodns_reply_parse(&t.q, out, len);
		assert_non_null(again);
		assert_int_equal(sodns_reply_length(again), sodns_reply_length(r));
		test_query_free(&t);
	}
}

static void truncation(void **state)
{
	struct test_query t;
	(void)state;
	test_query_make(&t, "many.example.", SODNS_TYPE_A);
	sodns_reply_t *r = sodns_reply(&t.q);
	for (int i = 0; i < 100; i++)
		add_address(r, sodns_query_name(&t.q), (uint8_t)i);
	size_t len = message_encode(&t.q, r, out, 512);
	assert_true(len <= 512 && len > 512 - 16);
	assert_true(out[2] & 2);
	assert_int_equal(out[7], (len - 12 - 18) / 16);
	len = message_encode(&t.q, r, out, 65535);
	assert_false(out[2] & 2);
	assert_int_equal(out[7], 100);
	test_query_free(&t);
}

/* To an address that may be another's, what does not fit is left out as a whole, also where a plugin
 * says that it does not. */
static void truncation_to_strangers(void **state)
{
	struct test_query t;
	(void)state;
	for (int way = 0; way < 6; way++) {
		test_query_make(&t, "many.example.", SODNS_TYPE_A);
		t.peer = (sodns_address_t){.family = 4, .bytes = {11, 1, 1, 1}};
		sodns_reply_t *r = sodns_reply(&t.q);
		int records = way % 2 ? 100 : 2;
		for (int i = 0; i < records; i++)
			add_address(r, sodns_query_name(&t.q), (uint8_t)i);
		sodns_reply_set_flags(r, way % 2 ? 0 : SODNS_TC, 0);
		sodns_image_t kept;
		if (way / 2 == 1) {
			assert_int_equal(sodns_reply_image(r, &kept), SODNS_OK);
			r = sodns_reply_wire(&t.q, kept.message, kept.length, kept.ttls,
					     kept.ttl_count, 0);
		}
		if (way / 2 == 2)
			sodns_query_trust_peer(&t.q);
		size_t len = message_encode(&t.q, r, out, 512);
		assert_true(out[2] & 2);
		if (way / 2 == 2)
			assert_true(out[7] > 1 && len > 12 + 18);
		else
			assert_true(len == 12 + 18 && !out[7] && !out[9] && !out[11]);
		test_query_free(&t);
	}
}

/* How much room there is for an answer. */
static void room(void **state)
{
	static const uint8_t stranger[4] = {11, 1, 1, 1}, neighbour[4] = {10, 1, 1, 1};
	static const struct {
		const uint8_t *peer;
		uint16_t size, limit, room;
		bool trusted, tcp;
	} cases[] = {
		{neighbour, 0, 0, 512, false, false},
		{neighbour, 100, 0, 512, false, false},
		{neighbour, 4096, 0, 4096, false, false},
		{neighbour, 65535, 0, 65507, false, false},
		{neighbour, 65508, 0, 65507, false, false},
		{neighbour, 4096, 1400, 1400, false, false},
		{stranger, 0, 0, 512, false, false},
		{stranger, 1232, 0, 1232, false, false},
		{stranger, 1233, 0, 1232, false, false},
		{stranger, 65535, 0, 1232, false, false},
		{stranger, 4096, 1400, 1400, false, false},
		{stranger, 1000, 1400, 1000, false, false},
		{stranger, 4096, 700, 700, false, false},
		{stranger, 4096, 0, 4096, true, false},
		{stranger, 65535, 0, 65507, true, false},
		{stranger, 512, 0, 65535, false, true},
	};
	struct test_query t;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		test_query_make(&t, "x.", SODNS_TYPE_A);
		memcpy(t.peer.bytes, cases[i].peer, 4);
		t.q.has_edns = cases[i].size != 0;
		t.q.edns_size = cases[i].size;
		if (cases[i].limit)
			sodns_query_limit_size(&t.q, cases[i].limit);
		if (cases[i].trusted)
			sodns_query_trust_peer(&t.q);
		if (cases[i].tcp)
			t.q.protocol = SODNS_TCP;
		assert_int_equal(sodns_query_room(&t.q), cases[i].room);
		test_query_free(&t);
	}
}

static void errors_stay(void **state)
{
	struct test_query t;
	(void)state;
	test_query_make(&t, "x.example.", SODNS_TYPE_A);
	sodns_reply_t *r = sodns_fail(&t.q, SODNS_SERVFAIL, "why: %d", 7);
	add_address(r, sodns_query_name(&t.q), 1);
	sodns_reply_set_rcode(r, SODNS_NOERROR);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_add_option(r, 3, "x", 1);
	assert_string_equal(sodns_reply_error(r), "why: 7");
	assert_int_equal(message_encode(&t.q, r, out, 512), 12 + 11 + 4);
	assert_int_equal(out[3] & 15, SODNS_SERVFAIL);
	assert_false(out[2] & 4);
	test_query_free(&t);
}

/* A kept message gets the new query's id and flags, and its TTLs are lowered. */
static void wire_image(void **state)
{
	struct test_query t, u;
	(void)state;
	test_query_make(&t, "X.eXample.", SODNS_TYPE_A);
	sodns_reply_t *r = sodns_reply(&t.q);
	add_address(r, sodns_query_name(&t.q), 1);
	add_address(r, name(&t, "Y.Example."), 2);
	sodns_reply_add_option(r, 10, "x", 1);
	sodns_image_t kept;
	assert_int_equal(sodns_reply_image(r, &kept), SODNS_OK);
	/* header 12, question 15, A: pointer 2 + 14, A: "Y" 2 + "Example" 8 + root 1 + 14 */
	assert_int_equal(kept.length, 12 + 15 + 16 + 25);
	assert_int_equal(kept.ttl_count, 2);
	assert_int_equal(kept.ttls[0], 12 + 15 + 6);
	assert_int_equal(kept.ttls[1], 12 + 15 + 16 + 11 + 4);

	uint8_t sent[600];
	test_query_make(&u, "x.example.", SODNS_TYPE_A);
	u.q.id = 0x7777;
	u.q.flags |= SODNS_CD;
	sodns_reply_t *w = sodns_reply_wire(&u.q, kept.message, kept.length, kept.ttls,
					    kept.ttl_count, 20);
	sodns_reply_set_flags(w, SODNS_AA, 0);
	sodns_reply_set_rcode(w, SODNS_NXDOMAIN);
	assert_int_equal(sodns_reply_kind(w), SODNS_WIRE);
	assert_int_equal(message_encode(&u.q, w, sent, 512), kept.length);
	assert_int_equal(sent[0] << 8 | sent[1], 0x7777);
	assert_int_equal(sent[2] << 8 | sent[3],
			 SODNS_QR | SODNS_AA | SODNS_RD | SODNS_CD | SODNS_NXDOMAIN);
	assert_int_equal(sent[kept.ttls[1] + 3], 40);
	sodns_reply_set_ttl(w, 7);
	message_encode(&u.q, w, sent, 512);
	assert_int_equal(sent[kept.ttls[0] + 3], 7);
	test_query_free(&u);

	/* In other letters it is opened: the owner keeps its own. */
	test_query_make(&u, "x.eXample.", SODNS_TYPE_A);
	w = sodns_reply_wire(&u.q, kept.message, kept.length, kept.ttls, kept.ttl_count, 20);
	sodns_reply_set_flags(w, SODNS_AA, 0);
	size_t len = message_encode(&u.q, w, sent, 512);
	assert_true(len > kept.length);
	assert_int_equal(sent[15], 'e');
	assert_int_equal(sent[16], 'X');
	assert_int_equal(sent[12 + 15 + 4], 'x');
	assert_int_equal(sent[2] & 4, 4);
	sodns_reply_cap_ttl(w, 5);
	assert_int_equal(sodns_reply_kind(w), SODNS_RECORDS);
	size_t count;
	assert_int_equal(sodns_reply_sets(w, SODNS_ANSWER, &count)->ttl, 5);
	assert_int_equal(count, 2);
	test_query_free(&t);
	test_query_free(&u);
}

/* What can't be kept as an image; and an image that does not fit is cut off as others are. */
static void image_limits(void **state)
{
	struct test_query t;
	sodns_image_t kept;
	static uint8_t sent[65535];
	(void)state;
	test_query_make(&t, "many.example.", SODNS_TYPE_A);
	assert_int_equal(sodns_reply_image(sodns_fail(&t.q, 2, NULL), &kept), SODNS_EINVAL);
	assert_int_equal(sodns_reply_image(sodns_drop(&t.q), &kept), SODNS_EINVAL);
	sodns_reply_t *r = sodns_reply(&t.q);
	sodns_reply_set_rcode(r, SODNS_BADVERS);
	assert_int_equal(sodns_reply_image(r, &kept), SODNS_ERANGE);
	r = sodns_reply(&t.q);
	for (int i = 0; i < 100; i++)
		add_address(r, sodns_query_name(&t.q), (uint8_t)i);
	assert_int_equal(sodns_reply_image(r, &kept), SODNS_OK);
	assert_int_equal(kept.ttl_count, 100);
	sodns_reply_t *w = sodns_reply_wire(&t.q, kept.message, kept.length, kept.ttls,
					    kept.ttl_count, 0);
	sodns_reply_set_ttl(w, 9);
	size_t len = message_encode(&t.q, w, sent, 512);
	assert_true(len <= 512 && len > 512 - 16);
	assert_true(sent[2] & 2);
	assert_int_equal(sent[kept.ttls[3] + 3], 9);
	for (int i = 0; i < 5000; i++)
		add_address(r, sodns_query_name(&t.q), (uint8_t)i);
	assert_int_equal(sodns_reply_image(r, &kept), SODNS_ERANGE);
	test_query_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compression),  cmocka_unit_test(whole_names),
		cmocka_unit_test(round_trip),   cmocka_unit_test(truncation),
		cmocka_unit_test(errors_stay),  cmocka_unit_test(wire_image),
		cmocka_unit_test(image_limits), cmocka_unit_test(truncation_to_strangers),
		cmocka_unit_test(room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
