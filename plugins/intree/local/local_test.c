/*
 * local: the four zones, and localhost in disguise.
 */
#include <sodns/test.h>

#define SOA(owner) owner " 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800\n"

int main(void)
{
	SODNS_REFUSED("local x", "Wrong argument count or unexpected line ending after 'x'");
	SODNS_REFUSED("local {\n x\n}", "unknown property 'x'");
	SODNS_REFUSED("local {\n localhost_prefix maybe\n}",
		      "localhost_prefix expects 'on' or 'off', got \"maybe\"");
	sodns_test_t *t = SODNS_TEST("local");
	sodns_test_next(t, "REFUSED");
	SODNS_ANSWER(t, "Localhost. A", "NOERROR rd\nLocalhost. 604800 IN A 127.0.0.1\n");
	SODNS_ANSWER(t, "localhost. AAAA", "NOERROR rd\nlocalhost. 604800 IN AAAA ::1\n");
	SODNS_ANSWER(t, "localhost. MX", "NOERROR rd\n;authority\n" SOA("localhost."));
	SODNS_ANSWER(t, "localhost. NS", "NOERROR rd\nlocalhost. 604800 IN NS localhost.\n");
	SODNS_ANSWER(t, "127.in-addr.arpa. SOA", "NOERROR rd\n" SOA("127.in-addr.arpa."));
	SODNS_ANSWER(t, "127.in-addr.arpa. A", "NOERROR rd\n;authority\n" SOA("127.in-addr.arpa."));
	SODNS_ANSWER(t, "1.0.0.127.in-addr.arpa. PTR",
		     "NOERROR rd\n1.0.0.127.in-addr.arpa. 604800 IN PTR localhost.\n");
	SODNS_ANSWER(t, "2.0.0.127.in-addr.arpa. PTR",
		     "NXDOMAIN rd\n;authority\n" SOA("127.in-addr.arpa."));
	SODNS_ANSWER(t, "a.localhost. A", "NOERROR rd\na.localhost. 604800 IN A 127.0.0.1\n");
	SODNS_ANSWER(t, "localhost.example.org. TXT",
		     "NOERROR rd\n;authority\n" SOA("localhost.example.org."));
	SODNS_ANSWER(t, "example.org. A", "REFUSED rd\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_local_localhost_requests_total 2\n");
	sodns_test_end(t);
	t = SODNS_TEST("local {\n localhost_prefix off\n}");
	sodns_test_next(t, "REFUSED");
	SODNS_ANSWER(t, "localhost.example.org. A", "REFUSED rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
