/*
 * hosts: look-ups, properties, a file that changes.
 */
#include <sodns/test.h>

#define NEXT "NXDOMAIN rd ra\n"

static void refusals(void)
{
	SODNS_REFUSED("hosts {\n ttl\n}", "ttl needs a time in second");
	SODNS_REFUSED("hosts {\n ttl x\n}", "ttl needs a number of second: 'x'");
	SODNS_REFUSED("hosts {\n ttl 70000\n}",
		      "ttl provided is invalid: 70000 is not in range [1, 65535]");
	SODNS_REFUSED("hosts {\n reload\n}", "reload needs a duration (zero seconds to disable)");
	SODNS_REFUSED("hosts {\n reload never\n}", "invalid duration for reload 'never'");
	SODNS_REFUSED("hosts {\n reload -1s\n}", "invalid negative duration for reload '-1s'");
	SODNS_REFUSED("hosts {\n fallthrough\n 192.0.2.1 a\n}", "unknown property '192.0.2.1'");
	SODNS_REFUSED("hosts {\n fallthrough_unsupported\n}",
		      "fallthrough_unsupported requires fallthrough");
	SODNS_REFUSED("hosts a\nhosts b", "this plugin can only be used once per Server Block");
}

static void lines(void)
{
	sodns_test_file("none", "");
	sodns_test_t *t = SODNS_TEST("hosts none test in-addr.arpa ip6.arpa {\n"
				     " 192.0.2.1 One.test alias.test\n 192.0.2.2 one.test\n"
				     " 2001:db8::1 one.test\n 192.0.2.300 bad.test\n"
				     " ::ffff:192.0.2.5 mapped.test\n 192.0.2.9 *.wild.test\n"
				     " fe80::1%eth0 scoped.test\n ttl 42\n}");
	SODNS_ANSWER(t, "ONE.test. A",
		     "NOERROR aa rd\none.test. 42 IN A 192.0.2.1\none.test. 42 IN A 192.0.2.2\n");
	SODNS_ANSWER(t, "one.test. AAAA", "NOERROR aa rd\none.test. 42 IN AAAA 2001:db8::1\n");
	SODNS_ANSWER(t, "alias.test. AAAA", "NOERROR aa rd\n");
	SODNS_ANSWER(t, "one.test. MX", "NOERROR aa rd\n");
	SODNS_ANSWER(t, "bad.test. A", "SERVFAIL rd\n");
	SODNS_ANSWER(t, "mapped.test. A", "NOERROR aa rd\nmapped.test. 42 IN A 192.0.2.5\n");
	SODNS_ANSWER(t, "scoped.test. AAAA", "NOERROR aa rd\nscoped.test. 42 IN AAAA fe80::1\n");
	SODNS_ANSWER(t, "x.wild.test. A", "NOERROR aa rd\nx.wild.test. 42 IN A 192.0.2.9\n");
	SODNS_ANSWER(t, "y.x.wild.test. A", "SERVFAIL rd\n");
	SODNS_ANSWER(t, "wild.test. A", "SERVFAIL rd\n");
	SODNS_ANSWER(t, "1.2.0.192.in-addr.arpa. PTR",
		     "NOERROR aa rd\n1.2.0.192.in-addr.arpa. 42 IN PTR one.test.\n"
		     "1.2.0.192.in-addr.arpa. 42 IN PTR alias.test.\n");
	sodns_test_next(t, "NXDOMAIN ra");
	SODNS_ANSWER(t, "9.2.0.192.in-addr.arpa. PTR", NEXT);
	SODNS_ANSWER(t, "outside. A", NEXT);
	SODNS_ANSWER(t, "nope.test. A", "SERVFAIL rd\n");
	sodns_test_end(t);
}

static void properties(void)
{
	sodns_test_t *t = SODNS_TEST("hosts none {\n 192.0.2.1 a.test b.other\n"
				     " fallthrough test\n no_reverse\n}");
	sodns_test_next(t, "NXDOMAIN ra");
	SODNS_ANSWER(t, "a.test. A", "NOERROR aa rd\na.test. 3600 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "x.test. A", NEXT);
	SODNS_ANSWER(t, "x.other. A", "SERVFAIL rd\n");
	SODNS_ANSWER(t, "1.2.0.192.in-addr.arpa. PTR", NEXT);
	SODNS_ANSWER(t, "a.test. TXT", "NOERROR aa rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("hosts none {\n 192.0.2.1 a.test\n fallthrough\n"
		       " fallthrough_unsupported\n}");
	sodns_test_next(t, "NXDOMAIN ra");
	SODNS_ANSWER(t, "a.test. TXT", NEXT);
	SODNS_ANSWER(t, "a.test. AAAA", "NOERROR aa rd\n");
	sodns_test_end(t);
}

static void reload(void)
{
	sodns_test_file("names", "192.0.2.1 a.test\n");
	sodns_test_t *t = SODNS_TEST("hosts names {\n 192.0.2.7 a.test inline.test\n reload 2s\n}");
	SODNS_ANSWER(t, "a.test. A",
		     "NOERROR aa rd\na.test. 3600 IN A 192.0.2.1\na.test. 3600 IN A 192.0.2.7\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_hosts_entries{hostsfile=\"names\"} 6\n");
	sodns_test_file("names", "192.0.2.22 b.test # new\n");
	sodns_test_advance(t, 1000);
	SODNS_ANSWER(t, "b.test. A", "SERVFAIL rd\n");
	sodns_test_advance(t, 1500);
	SODNS_ANSWER(t, "b.test. A", "NOERROR aa rd\nb.test. 3600 IN A 192.0.2.22\n");
	SODNS_ANSWER(t, "a.test. A", "NOERROR aa rd\na.test. 3600 IN A 192.0.2.7\n");
	sodns_test_end(t);
	t = SODNS_TEST("hosts missing {\n 192.0.2.7 a.test\n}");
	SODNS_ANSWER(t, "a.test. A", "NOERROR aa rd\na.test. 3600 IN A 192.0.2.7\n");
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	lines();
	properties();
	reload();
	return sodns_test_result();
}
