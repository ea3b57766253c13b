/* Answers from a zone that golden cases can't show: a DNAME that makes the name too long. */
#include "test.h"

#include "message/reply.h"
#include "reclaim/epoch.h"
#include "zone/store.h"

static void put(sodns_txn_t *t, const char *owner, uint16_t type, const uint8_t *rdata,
		uint16_t len)
{
	uint8_t name[SODNS_NAME_MAX];
	assert_true(sodns_name_from_text(owner, NULL, name) > 0);
	assert_int_equal(sodns_txn_add(t, name, type, 60, rdata, len), 0);
}

/* RFC 6672, 2.2: YXDOMAIN. */
static void dname_too_long(void **state)
{
	static const uint8_t soa[22] = {0, 0}, origin[] = "\x01z";
	uint8_t target[SODNS_NAME_MAX];
	char text[400] = "", asked[400] = "";
	(void)state;
	for (int i = 0; i < 20; i++) {
		strcat(text, "targettarg.");
		strcat(asked, i < 10 ? "asked." : "");
	}
	strcat(asked, "d.z.");
	int len = sodns_name_from_text(text, NULL, target);
	sodns_zone_t *z = sodns_zone_new(origin);
	sodns_txn_t *t = sodns_zone_begin(z);
	put(t, "z.", SODNS_TYPE_SOA, soa, sizeof(soa));
	put(t, "d.z.", SODNS_TYPE_DNAME, target, (uint16_t)len);
	sodns_txn_commit(t);
	struct test_query q;
	test_query_make(&q, asked, SODNS_TYPE_A);
	enum sodns_zone_result result;
	sodns_reply_t *r = sodns_zone_answer(&q.q, z, &result);
	size_t count;
	sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	assert_int_equal(sodns_reply_rcode(r), SODNS_YXDOMAIN);
	assert_int_equal(count, 1);
	assert_int_equal(sets[0].type, SODNS_TYPE_DNAME);
	test_query_free(&q);
	sodns_zone_free(z);
	while (grace_reclaim())
		;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(dname_too_long)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
