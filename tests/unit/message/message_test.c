/* Messages built and read without a query: there and back, no room, bytes of all kinds. */
#include "test.h"

#include <sodns/message.h>

static void is_name(const uint8_t *name, const char *text)
{
	char got[SODNS_NAME_TEXT_MAX];
	sodns_name_to_text(name, got);
	assert_string_equal(got, text);
}

/* An answer with something in each section, and two options. */
static int build(void *room, size_t size)
{
	static const uint8_t options[] = {0, 10, 0, 2, 'a', 'b'};
	uint8_t mx[64] = {0, 10}, address[] = {0, 4, 192, 0, 2, 1, 0, 4, 192, 0, 2, 2};
	const uint8_t *mail = test_wire("mail.example.org.");
	memcpy(mx + 2, mail, sodns_name_length(mail));
	const sodns_rrset_t set = {.owner = mail,
				   .data = address,
				   .data_len = sizeof(address),
				   .ttl = 7,
				   .type = SODNS_TYPE_A,
				   .rclass = SODNS_CLASS_IN,
				   .count = 2};
	sodns_message_t m;
	sodns_message_begin(&m, room, size, 4711, SODNS_QR | SODNS_AA | SODNS_NXDOMAIN);
	sodns_message_add_question(&m, test_wire("www.Example.org."), SODNS_TYPE_MX,
				   SODNS_CLASS_IN);
	sodns_message_add_record(&m, SODNS_ANSWER, test_wire("www.Example.org."), SODNS_TYPE_MX,
				 SODNS_CLASS_IN, 0x12345678, mx,
				 (uint16_t)(2 + sodns_name_length(mail)));
	sodns_message_add_record(&m, SODNS_AUTHORITY, test_wire("Example.org."), SODNS_TYPE_NS,
				 SODNS_CLASS_IN, 60, test_wire("a."), 3);
	sodns_message_add_set(&m, SODNS_ADDITIONAL, &set);
	sodns_message_add_edns(&m, 1232, true);
	sodns_message_add_option(&m, 3, NULL, 0);
	sodns_message_add_options(&m, options, sizeof(options));
	return sodns_message_end(&m);
}

static void round_trip(void **state)
{
	(void)state;
	uint8_t room[512];
	sodns_message_reader_t r;
	sodns_message_record_t rr;
	size_t n;
	int len = build(room, sizeof(room));
	/* Header, question, MX behind a pointer, NS behind one, two A with a name, OPT with options. */
	assert_int_equal(len, 12 + 21 + (2 + 10 + 20) + (2 + 10 + 3) + 2 * (18 + 14) + 11 + 10);
	assert_int_equal(sodns_message_read(&r, room, (size_t)len), 0);
	assert_int_equal(r.id, 4711);
	assert_int_equal(r.flags, SODNS_QR | SODNS_AA | SODNS_NXDOMAIN);
	is_name(r.name, "www.Example.org.");
	assert_int_equal(r.type, SODNS_TYPE_MX);
	assert_int_equal(r.rclass, SODNS_CLASS_IN);
	assert_int_equal(sodns_message_next(&r, &rr), 1);
	assert_int_equal(rr.section, SODNS_ANSWER);
	assert_int_equal(rr.ttl, 0x12345678);
	is_name(rr.owner, "www.Example.org.");
	is_name(rr.rdata + 2, "mail.example.org.");
	assert_int_equal(rr.rdata_len, 20);
	assert_int_equal(sodns_message_next(&r, &rr), 1);
	assert_int_equal(rr.section, SODNS_AUTHORITY);
	is_name(rr.owner, "Example.org.");
	for (uint8_t i = 1; i <= 2; i++) {
		assert_int_equal(sodns_message_next(&r, &rr), 1);
		assert_int_equal(rr.section, SODNS_ADDITIONAL);
		assert_int_equal(rr.rdata[3], i);
	}
	assert_int_equal(sodns_message_next(&r, &rr), 1);
	assert_int_equal(rr.type, SODNS_TYPE_OPT);
	assert_int_equal(rr.rclass, 1232);
	assert_int_equal(rr.ttl, 0x8000);
	const uint8_t *option = sodns_edns_find(rr.rdata, rr.rdata_len, 10, &n);
	assert_non_null(option);
	assert_int_equal(n, 2);
	assert_memory_equal(option, "ab", 2);
	assert_non_null(sodns_edns_find(rr.rdata, rr.rdata_len, 3, &n));
	assert_null(sodns_edns_find(rr.rdata, rr.rdata_len, 4, &n));
	assert_null(sodns_edns_find(rr.rdata, rr.rdata_len - 1u, 10, &n));
	assert_int_equal(sodns_message_next(&r, &rr), 0);
	assert_int_equal(sodns_message_next(&r, &rr), 0);
}

/* In rooms of every size nothing is written behind, and what is there is a message. */
static void no_room(void **state)
{
	(void)state;
	uint8_t whole[512];
	int len = build(whole, sizeof(whole));
	for (size_t size = 0; size < (size_t)len; size++) {
		uint8_t *room = malloc(size + 1);
		sodns_message_reader_t r;
		sodns_message_record_t rr;
		memset(room, 0xee, size + 1);
		assert_int_equal(build(room, size), SODNS_ERANGE);
		assert_int_equal(room[size], 0xee);
		if (size >= 12) {
			assert_int_equal(sodns_message_read(&r, room, size), 0);
			while (sodns_message_next(&r, &rr) > 0)
				assert_true(rr.rdata_len < 64);
			assert_int_equal(sodns_message_next(&r, &rr), 0);
		}
		free(room);
	}
}

static void order(void **state)
{
	(void)state;
	uint8_t room[512];
	sodns_message_t m;
	sodns_message_begin(&m, room, sizeof(room), 1, 0);
	sodns_message_add_record(&m, SODNS_AUTHORITY, test_wire("a."), SODNS_TYPE_NS, 1, 1,
				 test_wire("a."), 3);
	sodns_message_add_record(&m, SODNS_ANSWER, test_wire("a."), SODNS_TYPE_NS, 1, 1,
				 test_wire("a."), 3);
	assert_int_equal(sodns_message_end(&m), SODNS_EINVAL);
	sodns_message_begin(&m, room, sizeof(room), 1, 0);
	sodns_message_add_option(&m, 3, NULL, 0);
	assert_int_equal(sodns_message_end(&m), SODNS_EINVAL);
	sodns_message_begin(&m, room, sizeof(room), 1, 0);
	sodns_message_add_edns(&m, 512, false);
	sodns_message_add_edns(&m, 512, false);
	assert_int_equal(sodns_message_end(&m), SODNS_EINVAL);
	sodns_message_begin(&m, room, sizeof(room), 1, 0);
	sodns_message_add_edns(&m, 512, false);
	sodns_message_add_record(&m, SODNS_ADDITIONAL, test_wire("a."), SODNS_TYPE_A, 1, 1, "abcd",
				 4);
	sodns_message_add_option(&m, 3, NULL, 0);
	assert_int_equal(sodns_message_end(&m), SODNS_EINVAL);
	/* Without a question there is nothing to point to. */
	sodns_message_begin(&m, room, sizeof(room), 1, 0);
	sodns_message_add_record(&m, SODNS_ANSWER, test_wire("a."), SODNS_TYPE_A, 1, 1, "abcd", 4);
	assert_int_equal(sodns_message_end(&m), 12 + 3 + 10 + 4);
	static uint8_t big[70000];
	sodns_message_begin(&m, big, sizeof(big), 1, 0);
	sodns_message_add_edns(&m, 512, false);
	sodns_message_add_option(&m, 3, big, 65535);
	assert_int_equal(sodns_message_end(&m), SODNS_ERANGE);
}

static void query(void **state)
{
	(void)state;
	uint8_t out[SODNS_MESSAGE_QUERY_MAX];
	char longest[300] = "";
	for (int i = 0; i < 127; i++)
		strcat(longest, "a.");
	assert_int_equal(sodns_message_query(out, SODNS_RD, test_wire(longest), 1, 1), sizeof(out));
	sodns_message_reader_t r;
	assert_int_equal(sodns_message_read(&r, out, sizeof(out)), 0);
	assert_int_equal(r.flags, SODNS_RD);
	is_name(r.name, longest);
}

/* Cut short, counts that promise more, pointers in circles: an end is always found. */
static void hostile(void **state)
{
	(void)state;
	uint8_t whole[512], copy[512];
	size_t len = (size_t)build(whole, sizeof(whole));
	sodns_message_reader_t r;
	sodns_message_record_t rr;
	int rc;
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n + !n);
		memcpy(exact, whole, n);
		rc = sodns_message_read(&r, exact, n);
		while (!rc && (rc = sodns_message_next(&r, &rr)) > 0)
			rc = 0;
		assert_int_equal(rc, SODNS_EINVAL);
		free(exact);
	}
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(copy, whole, len);
		for (unsigned k = 0; k < 4; k++)
			copy[(unsigned)rand() % len] = (uint8_t)rand();
		rc = sodns_message_read(&r, copy, len);
		for (unsigned records = 0; !rc && (rc = sodns_message_next(&r, &rr)) > 0; rc = 0)
			assert_true(++records <= 65535u * 3);
		assert_true(rc <= 0);
	}
	static const uint8_t circle[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1};
	assert_int_equal(sodns_message_read(&r, circle, sizeof(circle)), SODNS_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(no_room), cmocka_unit_test(order),
		cmocka_unit_test(query),      cmocka_unit_test(hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
