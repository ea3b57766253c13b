/*
 * flatten: the addresses at the end of the aliases, whatever else there is at the name, failures.
 */
#include <sodns/test.h>

#define NS ";authority\nexample.org. 3600 IN NS ns.example.org.\n"
#define ZONE "@ 3600 IN SOA ns h 1 2 3 4 5\n@ 3600 NS ns\n@ 3600 MX 10 mail\nns 3600 A 192.0.2.1\n"

static const char corefile[] = "example.org {\n flatten example.org lb.example.net\n"
			       " flatten gone.example.org gone.example.net\n"
			       " flatten far.example.org far.example.com\n file org\n}\n"
			       "example.net {\n file net\n}\n";

int main(void)
{
	sodns_test_file("org", ZONE);
	sodns_test_file("net", ZONE "lb 60 CNAME pool\npool 30 A 192.0.2.7\npool 30 A 192.0.2.8\n");
	SODNS_REFUSED("flatten a. A.", "a name can't be its own target");
	SODNS_REFUSED("flatten a.", "Wrong argument count or unexpected line ending after 'a.'");
	sodns_test_t *t = SODNS_TEST(corefile);
	SODNS_ANSWER(t, "Example.org. A",
		     "NOERROR aa rd\nexample.org. 30 IN A 192.0.2.7\n"
		     "example.org. 30 IN A 192.0.2.8\n");
	/* No such addresses: the zone says so. */
	SODNS_ANSWER(t, "example.org. AAAA",
		     "NOERROR aa rd\n;authority\n"
		     "example.org. 5 IN SOA ns.example.org. h.example.org. 1 2 3 4 5\n");
	/* What else there is. */
	SODNS_ANSWER(t, "example.org. MX",
		     "NOERROR aa rd\nexample.org. 3600 IN MX 10 mail.example.org.\n" NS);
	SODNS_ANSWER(t, "ns.example.org. A",
		     "NOERROR aa rd\nns.example.org. 3600 IN A 192.0.2.1\n" NS);
	/* A target that is not there, and one that nobody serves. */
	SODNS_ANSWER(t, "gone.example.org. A",
		     "NXDOMAIN aa rd\n;authority\n"
		     "example.org. 5 IN SOA ns.example.org. h.example.org. 1 2 3 4 5\n");
	SODNS_ANSWER(t, "far.example.org. A", "SERVFAIL rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
