/*
 * dns64: whose queries are translated, what becomes of the records, and prefixes of all lengths.
 */
#include <stdio.h>

#include <sodns/test.h>

#define A(name) name " 100 IN A 192.0.2.33\n"
#define SOA ";authority\nx. 7 IN SOA ns.x. h.x. 1 2 3 4 5\n"

static void refusals(void)
{
	SODNS_REFUSED("dns64 64:ff9b::", "invalid CIDR address: 64:ff9b::");
	SODNS_REFUSED("dns64 64:ff9b::1/97", "invalid prefix length \"64:ff9b::/97\": it is not "
					     "32, 40, 48, 56, 64, 72, 80, 88 or 96");
	SODNS_REFUSED("dns64 {\n prefix 64::/33\n}", "invalid prefix length \"64::/33\": it is not "
						     "32, 40, 48, 56, 64, 72, 80, 88 or 96");
	SODNS_REFUSED("dns64 64::/24", "invalid prefix length \"64::/24\": it is not 32, 40, 48, "
				       "56, 64, 72, 80, 88 or 96");
	SODNS_REFUSED("dns64 192.0.2.1/24", "invalid netmask 32 IPv6 address: \"192.0.2.0/24\"");
	SODNS_REFUSED("dns64 64::/96 65::/96",
		      "Wrong argument count or unexpected line ending after '65::/96'");
	SODNS_REFUSED("dns64 {\n prefix\n}",
		      "Wrong argument count or unexpected line ending after 'prefix'");
	SODNS_REFUSED("dns64 {\n translate_all yes\n}", "unknown property 'yes'");
	SODNS_REFUSED("dns64 64::/96 {\n translate_all x y\n}",
		      "Wrong argument count or unexpected line ending after 'y'");
}

/* Both questions, AAAA and A, get the reply that is scripted: it has A records only, or both. */
static void translation(void)
{
	sodns_test_t *t = SODNS_TEST("dns64");
	sodns_test_next(t, "NOERROR aa ra\n" A("x.") SOA);
	SODNS_ANSWER(t, "x. AAAA from=2001:db8::1",
		     "NOERROR rd\nx. 7 IN AAAA 64:ff9b::c000:221\n" SOA);
	SODNS_ANSWER(t, "x. AAAA from=192.0.2.1", "NOERROR aa rd ra\n" A("x.") SOA);
	SODNS_ANSWER(t, "x. A from=2001:db8::1", "NOERROR aa rd ra\n" A("x.") SOA);
	sodns_test_next(t, "NOERROR\nx. 1 IN CNAME y.\ny. 700 IN A 192.0.2.33\n");
	SODNS_ANSWER(t, "x. AAAA from=2001:db8::1",
		     "NOERROR rd\nx. 1 IN CNAME y.\ny. 600 IN AAAA 64:ff9b::c000:221\n");
	sodns_test_next(t, "NOERROR\nx. 5 IN AAAA 2001:db8::5\n" A("x."));
	SODNS_ANSWER(t, "x. AAAA from=2001:db8::1",
		     "NOERROR rd\nx. 5 IN AAAA 2001:db8::5\n" A("x."));
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_dns64_requests_translated_total{server=");
	sodns_test_end(t);
}

static void failures(void)
{
	sodns_test_t *t = SODNS_TEST("dns64 {\n allow_ipv4\n}");
	sodns_test_next(t, "NXDOMAIN\n" SOA);
	SODNS_ANSWER(t, "x. AAAA", "NXDOMAIN rd\n" SOA);
	/* RFC 6147, 5.1.2, also at the end of a chain. */
	sodns_test_next(t, "NXDOMAIN\nx. 5 IN CNAME y.\n" SOA);
	SODNS_ANSWER(t, "x. AAAA", "NXDOMAIN rd\nx. 5 IN CNAME y.\n" SOA);
	sodns_test_next(t, "NXDOMAIN\nx. 5 IN CNAME y.\ny. 5 IN CNAME z.\n" A("z.") SOA);
	SODNS_ANSWER(t, "x. AAAA", "NXDOMAIN rd\nx. 5 IN CNAME y.\ny. 5 IN CNAME z.\n" A("z.") SOA);
	/* No failure of the A query is a denial. */
	sodns_test_next(t, "SERVFAIL\n" A("x."));
	SODNS_ANSWER(t, "x. AAAA", "SERVFAIL rd\n" A("x."));
	sodns_test_next(t, "REFUSED\n");
	SODNS_ANSWER(t, "x. AAAA", "REFUSED rd\n");
	sodns_test_next(t, "NOERROR tc\n" A("x."));
	SODNS_ANSWER(t, "x. AAAA tcp", "NOERROR tc rd\nx. 100 IN AAAA 64:ff9b::c000:221\n");
	sodns_test_next(t, "ERROR no luck");
	SODNS_ANSWER(t, "x. AAAA", "SERVFAIL rd\n");
	sodns_test_next(t, "DROP");
	SODNS_ANSWER(t, "x. AAAA", "DROP\n");
	sodns_test_end(t);
}

static void all(void)
{
	sodns_test_t *t = SODNS_TEST("dns64 {\n translate_all\n allow_ipv4\n}");
	sodns_test_next(t, "NOERROR\nx. 5 IN TXT \"t\"\n" A("x."));
	SODNS_ANSWER(t, "x. AAAA",
		     "NOERROR rd\nx. 5 IN TXT \"t\"\nx. 100 IN AAAA 64:ff9b::c000:221\n");
	sodns_test_end(t);
}

/* RFC 6052, 2.4. */
static void prefixes(void)
{
	static const char *const cases[][2] = {
		{"2001:db8::/32", "2001:db8:c000:221::"},
		{"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
		{"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
		{"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
		{"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0"},
		{"2001:db8:122:344::/72", "2001:db8:122:344:c0:2:2100:0"},
		{"2001:db8:122:344::/96", "2001:db8:122:344::c000:221"},
	};
	char corefile[100], answer[200];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(corefile, sizeof(corefile), "dns64 {\n allow_ipv4\n prefix %s\n}",
			 cases[i][0]);
		snprintf(answer, sizeof(answer), "NOERROR rd\nx. 100 IN AAAA %s\n", cases[i][1]);
		sodns_test_t *t = SODNS_TEST(corefile);
		sodns_test_next(t, "NOERROR\n" A("x."));
		SODNS_ANSWER(t, "x. AAAA", answer);
		sodns_test_end(t);
	}
	/* A block behind a prefix. */
	sodns_test_t *t = SODNS_TEST("dns64 64:1::/96 {\n prefix 64:2::/96\n allow_ipv4\n}");
	sodns_test_next(t, "NOERROR\n" A("x."));
	SODNS_ANSWER(t, "x. AAAA", "NOERROR rd\n" A("x."));
	SODNS_ANSWER(t, "x. AAAA from=2001:db8::1", "NOERROR rd\nx. 100 IN AAAA 64:2::c000:221\n");
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	translation();
	failures();
	all();
	prefixes();
	return sodns_test_result();
}
