/*
 * acl: actions, types, networks, zones, their order.
 */
#include <sodns/test.h>

#define PASS "NOERROR aa rd\n"
#define BLOCKED "REFUSED rd\n"
#define FILTERED "NOERROR rd\n"

static void refusals(void)
{
	SODNS_REFUSED("acl {\n block types A\n}",
		      "unexpected token \"types\"; expect 'type | net'");
	SODNS_REFUSED("acl {\n block type NOTATYPE\n}",
		      "unexpected token \"NOTATYPE\"; expect legal QTYPE");
	SODNS_REFUSED("acl {\n block type a\n}", "unexpected token \"a\"; expect legal QTYPE");
	SODNS_REFUSED("acl {\n block net 300.1.1.1/8\n}", "illegal CIDR notation \"300.1.1.1/8\"");
	SODNS_REFUSED("acl {\n block type net *\n}", "no token specified in \"type\" section");
	SODNS_REFUSED("acl {\n deny net *\n}",
		      "unexpected token \"deny\"; expect 'allow', 'block', 'filter' or 'drop'");
}

static void actions(void)
{
	sodns_test_t *t = SODNS_TEST("acl a.test {\n allow net 192.0.2.1\n drop net 192.0.2.0/29\n"
				     " filter type TXT MX net 192.0.2.0/24 2001:db8::/32\n"
				     " block\n}\n"
				     "acl {\n block type ANY\n}\n");
	sodns_test_next(t, "NOERROR aa");
	SODNS_ANSWER(t, "x.a.test. A from=192.0.2.1", PASS);
	SODNS_ANSWER(t, "x.a.test. ANY from=192.0.2.1", PASS);
	SODNS_ANSWER(t, "x.a.test. A from=192.0.2.7", "DROP\n");
	SODNS_ANSWER(t, "x.a.test. TXT from=192.0.2.8", FILTERED);
	SODNS_ANSWER(t, "x.a.test. A from=192.0.2.8", BLOCKED);
	SODNS_ANSWER(t, "x.a.test. MX from=2001:db8:ffff::1", FILTERED);
	SODNS_ANSWER(t, "x.a.test. MX from=2001:db9::1", BLOCKED);
	SODNS_ANSWER(t, "x.b.test. A from=192.0.2.7", PASS);
	SODNS_ANSWER(t, "x.b.test. ANY", BLOCKED);
	SODNS_ANSWER(t, "x.b.test. ANY edns", BLOCKED ";edns 4096 15:000f\n");
	SODNS_ANSWER(t, "x.b.test. ANY do", BLOCKED ";edns 4096 do 15:000f\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_acl_blocked_requests_total{server=\"dns://"
					     ":53\",view=\"\",zone=\"a.test.\"} 2\n");
	SODNS_CONTAINS(sodns_test_metrics(),
		       "coredns_acl_allowed_requests_total{server=\"dns://:53\",view=\"\"} 3\n");
	sodns_test_end(t);
}

/* Networks inside each other and side by side. */
static void networks(void)
{
	sodns_test_t *t = SODNS_TEST("acl {\n block net 10.0.0.0/8 10.1.0.0/16 11.0.0.0/32 "
				     "9.255.255.255 0.0.0.0/32 255.255.255.255\n}\n");
	sodns_test_next(t, "NOERROR aa");
	SODNS_ANSWER(t, "x. A from=10.2.0.0", BLOCKED);
	SODNS_ANSWER(t, "x. A from=10.255.255.255", BLOCKED);
	SODNS_ANSWER(t, "x. A from=11.0.0.0", BLOCKED);
	SODNS_ANSWER(t, "x. A from=11.0.0.1", PASS);
	SODNS_ANSWER(t, "x. A from=9.255.255.255", BLOCKED);
	SODNS_ANSWER(t, "x. A from=9.255.255.254", PASS);
	SODNS_ANSWER(t, "x. A from=255.255.255.255", BLOCKED);
	SODNS_ANSWER(t, "x. A from=2001:db8::1", PASS);
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	actions();
	networks();
	return sodns_test_result();
}
