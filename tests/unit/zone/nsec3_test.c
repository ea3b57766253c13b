/*
 * NSEC3: the zone of RFC 5155, appendix A, and its answers of appendix B; chains that change while
 * queries read them.
 */
#include "test.h"

#include <unistd.h>

#include <sodns/zone.h>

#include "message/reply.h"
#include "reclaim/epoch.h"
#include "zone/nsec3.h"

#include <sodns/digest.h>

#define ROUNDS 3000
#define HASHES 40
#define READERS 5

/* Its signatures are left out. */
static const char rfc5155[] =
	"$ORIGIN example.\n"
	"$TTL 3600\n"
	"@ SOA ns1 bugs.x.w 1 3600 300 3600000 3600\n"
	"@ NS ns1\n@ NS ns2\n@ MX 1 xx\n"
	"@ NSEC3PARAM 1 0 12 aabbccdd\n"
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr "
	"MX DNSKEY NS SOA NSEC3PARAM RRSIG\n"
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127\n"
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s "
	"A RRSIG\n"
	"2vptu5timamqttgl4luu9kg21e0aor3s NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl "
	"MX RRSIG\n"
	"35mthgpgcu1qg68fab165klnsnk3dpvl NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 "
	"NS DS RRSIG\n"
	"a NS ns1.a\na NS ns2.a\na DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C\n"
	"ns1.a A 192.0.2.5\nns2.a A 192.0.2.6\n"
	"ai A 192.0.2.9\nai AAAA 2001:db8::f00:baa9\n"
	"b4um86eghhds6nea196smvmlo4ors995 NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi "
	"MX RRSIG\n"
	"c NS ns1.c\nc NS ns2.c\nns1.c A 192.0.2.7\nns2.c A 192.0.2.8\n"
	"gjeqe526plbf1g8mklp59enfd789njgi NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc "
	"HINFO A AAAA RRSIG\n"
	"ji6neoaepv8b5o6k4ev33abha8ht9fgc NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h\n"
	"k8udemvp1j2f7eg6jebps17vp3n8i58h NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi\n"
	"kohar7mbb8dc2ce8a9qvl8hon4k53uhi NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r "
	"A RRSIG\n"
	"ns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
	"q04jkcevqvmu85r014c7dkba38o0ji5r NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en "
	"A RRSIG\n"
	"r53bq7cc2uvmubfu5ocmm6pers9tk9en NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv "
	"MX RRSIG\n"
	"t644ebqk9bibcna874givr6joj62mlhv NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom "
	"HINFO A AAAA RRSIG\n"
	"*.w MX 1 ai\nx.w MX 1 xx\nx.y.w MX 1 xx\n"
	"xx A 192.0.2.10\nxx AAAA 2001:db8::f00:baaa\n";

static sodns_zone_t *load(const char *text, const char *more)
{
	char path[] = "/tmp/nsec3-test-XXXXXX", err[512] = "";
	static const uint8_t origin[] = "\x07"
					"example";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	dprintf(fd, "%s%s", text, more);
	close(fd);
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	assert_int_equal(sodns_txn_load_file(t, path, NULL, err, sizeof(err)), 0);
	sodns_txn_commit(t);
	unlink(path);
	return z;
}

static void unload(sodns_zone_t *z)
{
	sodns_zone_free(z);
	while (grace_reclaim())
		;
}

static void hashes(void **state)
{
	static const char *const vectors[][2] = {
		{"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
		{"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
		{"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},
		{"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
		{"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
		{"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
		{"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
		{"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"},
	};
	const zone_denial_t d = {.iterations = 12, .salt_len = 4, .salt = {0xaa, 0xbb, 0xcc, 0xdd}};
	char err[512] = "";
	(void)state;
	if (sodns_digest_open(err, sizeof(err)))
		fail_msg("%s", err);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t name[SODNS_NAME_MAX], label[HASH_LABEL];
		assert_true(sodns_name_from_text(vectors[i][0], NULL, name) > 0);
		nsec3_label(&d, name, label);
		assert_int_equal(label[0], 32);
		assert_memory_equal(label + 1, vectors[i][1], 32);
	}
}

/* The first four letters of each NSEC3 record in the authority section, in order of the letters. */
static void proofs_of(sodns_reply_t *r, char out[256])
{
	const char *found[16];
	size_t count, n = 0;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_AUTHORITY, &count);
	for (size_t i = 0; i < count; i++) {
		if (sets[i].type != SODNS_TYPE_NSEC3)
			continue;
		size_t at = n++;
		const char *label = (const char *)sets[i].owner + 1;
		for (; at && memcmp(found[at - 1], label, 4) > 0; at--)
			found[at] = found[at - 1];
		found[at] = label;
	}
	*out = 0;
	for (size_t i = 0; i < n; i++)
		snprintf(out + 5 * i, 6, "%.4s ", found[i]);
}

static void expect(const sodns_zone_t *z, const char *name, uint16_t type, int rcode,
		   const char *proofs)
{
	struct test_query q;
	enum sodns_zone_result result;
	char got[256];
	test_query_make(&q, name, type);
	q.q.has_edns = true;
	q.q.edns_flags = 0x8000;
	sodns_reply_t *r = sodns_zone_answer(&q.q, z, &result);
	proofs_of(r, got);
	if (strcmp(got, proofs) || sodns_reply_rcode(r) != rcode)
		fail_msg("%s: %d %s, not %d %s", name, sodns_reply_rcode(r), got, rcode, proofs);
	test_query_free(&q);
}

static void answers(void **state)
{
	(void)state;
	sodns_zone_t *z = load(rfc5155, "");
	expect(z, "a.c.x.w.example.", SODNS_TYPE_A, SODNS_NXDOMAIN, "0p9m 35mt b4um ");
	expect(z, "ns1.example.", SODNS_TYPE_MX, 0, "2t7b ");
	expect(z, "y.w.example.", SODNS_TYPE_A, 0, "ji6n ");
	expect(z, "mc.c.example.", SODNS_TYPE_MX, 0, "0p9m 35mt ");
	expect(z, "c.example.", SODNS_TYPE_DS, 0, "0p9m 35mt ");
	expect(z, "mc.a.example.", SODNS_TYPE_MX, 0, "");
	expect(z, "a.z.w.example.", SODNS_TYPE_MX, 0, "q04j ");
	expect(z, "a.z.w.example.", SODNS_TYPE_AAAA, 0, "k8ud q04j r53b ");
	expect(z, "example.", SODNS_TYPE_DS, 0, "0p9m ");
	/* Hashes are no names: this one has an address of its own, the other one nothing (7.2.8). */
	expect(z, "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", SODNS_TYPE_NSEC3, 0, "koha ");
	expect(z, "35mthgpgcu1qg68fab165klnsnk3dpvl.example.", SODNS_TYPE_NSEC3, SODNS_NXDOMAIN,
	       "0p9m gjeq ");
	unload(z);
}

/* Records of another salt, before and between; their parameters come first, but there is none for
 * the apex. */
static void other_chain(void **state)
{
	static const char more[] =
		"$ORIGIN example.\n@ NSEC3PARAM 1 0 0 00\n"
		"00000000000000000000000000000000 NSEC3 1 0 0 00 b4um86eghhds6nea196smvmlo4ors996\n"
		"b4um86eghhds6nea196smvmlo4ors996 NSEC3 1 0 0 00 vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\n"
		"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv NSEC3 1 0 0 00 "
		"00000000000000000000000000000000\n";
	(void)state;
	sodns_zone_t *z = load(rfc5155, more);
	expect(z, "a.c.x.w.example.", SODNS_TYPE_A, SODNS_NXDOMAIN, "0p9m 35mt b4um ");
	expect(z, "a.z.w.example.", SODNS_TYPE_AAAA, 0, "k8ud q04j r53b ");
	unload(z);
}

static void too_many_iterations(void **state)
{
	static const char zone[] = "@ 60 SOA ns h 1 1 1 1 1\n@ 60 NSEC3PARAM 1 0 501 -\n"
				   "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 501 - "
				   "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom\n";
	(void)state;
	sodns_zone_t *z = load(zone, "");
	assert_int_equal(denial_refused(z), 501);
	expect(z, "nope.example.", SODNS_TYPE_A, SODNS_NXDOMAIN, "");
	unload(z);
}

/* Which of the hashes the zone has. */
struct model {
	bool at[HASHES];
};

/* Labels in the order of their numbers. */
static void label_of(unsigned i, uint8_t label[HASH_LABEL])
{
	memset(label, '0', HASH_LABEL);
	label[0] = 32;
	label[1] = (uint8_t)('a' + i / 10);
	label[2] = (uint8_t)('0' + i % 10);
}

static void owner_of(unsigned i, uint8_t owner[SODNS_NAME_MAX])
{
	static const uint8_t example[] = "\x07"
					 "example";
	label_of(i, owner);
	memcpy(owner + HASH_LABEL, example, sizeof(example));
}

static void change(sodns_txn_t *t, struct model *m)
{
	static const uint8_t rdata[] = {1, 0, 0, 0, 0, 1, 0}, v4[] = {192, 0, 2, 1};
	uint8_t owner[SODNS_NAME_MAX];
	for (int k = rand() % 6; k >= 0; k--) {
		unsigned i = (unsigned)rand() % HASHES;
		owner_of(i, owner);
		switch (rand() % 4) {
		case 0:
		case 1:
			sodns_txn_add(t, owner, SODNS_TYPE_NSEC3, 60, rdata, sizeof(rdata));
			m->at[i] = true;
			break;
		case 2:
			sodns_txn_remove(t, owner, SODNS_TYPE_NSEC3, rdata, sizeof(rdata));
			m->at[i] = false;
			break;
		default: /* a name that looks like one */
			if (sodns_txn_remove(t, owner, SODNS_TYPE_A, v4, 4))
				sodns_txn_add(t, owner, SODNS_TYPE_A, 60, v4, 4);
		}
	}
}

struct reader {
	struct test_query t;
	struct model model;
	const sodns_zone_view_t *view;
};

static void compare(const struct reader *r, const sodns_zone_t *z)
{
	const sodns_node_t *at[HASHES] = {NULL}, *last = NULL;
	uint8_t label[HASH_LABEL];
	for (unsigned i = 0; i < HASHES; i++) {
		label_of(i, label);
		at[i] = nsec3_match(z, r->view->version, label);
		assert_int_equal(at[i] != NULL, r->model.at[i]);
		last = at[i] ? at[i] : last;
	}
	for (unsigned i = 0; i < HASHES; i++) {
		label_of(i, label);
		assert_ptr_equal(nsec3_cover(z, r->view->version, label), last);
		last = at[i] ? at[i] : last;
	}
}

static void reader_end(struct reader *r, const sodns_zone_t *z)
{
	compare(r, z);
	test_query_unpin(&r->t);
	test_query_free(&r->t);
	r->view = NULL;
}

static void reader_begin(struct reader *r, const sodns_zone_t *z, const struct model *m)
{
	test_query_make(&r->t, "a.example.", SODNS_TYPE_A);
	r->model = *m;
	r->view = sodns_zone_view(&r->t.q, z);
	test_query_pin(&r->t);
}

/* Random transactions, committed and aborted; each reader sees the chain of its own version. */
static void random_changes(void **state)
{
	static struct reader readers[READERS];
	static const uint8_t origin[] = "\x07"
					"example";
	(void)state;
	struct model m = {0};
	srand(1);
	sodns_zone_t *z = sodns_zone_new(origin);
	for (int round = 0; round < ROUNDS; round++) {
		struct model next = m;
		sodns_txn_t *t = sodns_zone_begin(z);
		change(t, &next);
		if (rand() % 4) {
			sodns_txn_commit(t);
			m = next;
		} else {
			sodns_txn_abort(t);
		}
		struct reader *r = &readers[rand() % READERS];
		if (r->view)
			reader_end(r, z);
		else
			reader_begin(r, z, &m);
		if (!(rand() % 8))
			grace_reclaim();
	}
	for (unsigned i = 0; i < READERS; i++)
		if (readers[i].view)
			reader_end(&readers[i], z);
	unload(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),         cmocka_unit_test(answers),
		cmocka_unit_test(other_chain),    cmocka_unit_test(too_many_iterations),
		cmocka_unit_test(random_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
