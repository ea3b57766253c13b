/*
 * erratic: which queries suffer, and how.
 */
#include <sodns/test.h>

#define FINE "NOERROR aa rd\nx. 0 IN A 192.0.2.53\n"
#define CUT "NOERROR aa tc rd\nx. 0 IN A 192.0.2.53\n"

int main(void)
{
	SODNS_REFUSED("erratic {\n x\n}", "unknown property 'x'");
	SODNS_REFUSED("erratic {\n delay 1 fast\n}", "time: invalid duration \"fast\"");
	SODNS_REFUSED("erratic {\n drop -1\n}",
		      "illegal amount value given \"-1\": it is not in range [0, 2147483647]");
	SODNS_REFUSED("erratic {\n drop a\n}", "strconv.ParseInt: parsing \"a\": invalid syntax");
	SODNS_REFUSED("erratic {\n drop 1 2\n}",
		      "Wrong argument count or unexpected line ending after '2'");
	sodns_test_t *t = SODNS_TEST("erratic");
	SODNS_ANSWER(t, "x. A", "DROP\n");
	SODNS_ANSWER(t, "x. A", FINE);
	SODNS_ANSWER(t, "x. A", "DROP\n");
	sodns_test_end(t);
	t = SODNS_TEST("erratic {\n truncate 2\n}");
	SODNS_ANSWER(t, "x. A", CUT);
	SODNS_ANSWER(t, "x. A", CUT);
	SODNS_ANSWER(t, "x. A", FINE);
	SODNS_ANSWER(t, "x. TXT", "SERVFAIL rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("erratic {\n delay 1 2s\n large\n}");
	SODNS_CONTAINS(sodns_test_ask(t, "x. A"), "NOERROR aa rd\nx. 0 IN A");
	SODNS_CONTAINS(sodns_test_ask(t, "X. AAAA"), "X. 0 IN AAAA 2001:db8::53");
	SODNS_ANSWER(t, "z. AXFR tcp",
		     "NOERROR aa rd\n"
		     "z. 0 IN SOA sns.dns.icann.org. noc.dns.icann.org. 2018050825 7200 3600 "
		     "1209600 3600\n"
		     "z. 0 IN NS b.z.\nz. 0 IN NS a.z.\n"
		     "a.z. 0 IN AAAA 2001:bd8::53\nb.z. 0 IN AAAA 2001:500::54\n"
		     "z. 0 IN SOA sns.dns.icann.org. noc.dns.icann.org. 2018050825 7200 3600 "
		     "1209600 3600\n");
	sodns_test_end(t);
	return sodns_test_result();
}
