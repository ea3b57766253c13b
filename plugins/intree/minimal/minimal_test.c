/*
 * minimal: what is cut, and what is not.
 */
#include <sodns/test.h>

#define SOA ";authority\nx. 5 IN SOA ns.x. h.x. 1 2 3 4 5\n"
#define NS ";authority\nx. 5 IN NS ns.x.\n"
#define EXTRA ";additional\nns.x. 5 IN A 192.0.2.2\n"

int main(void)
{
	SODNS_REFUSED("minimal all", "Wrong argument count or unexpected line ending after 'all'");
	sodns_test_t *t = SODNS_TEST("minimal");
	sodns_test_next(t, "NOERROR aa\nx. 5 IN A 192.0.2.1\n" NS EXTRA);
	SODNS_ANSWER(t, "x. A", "NOERROR aa rd\nx. 5 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "x. A edns", "NOERROR aa rd\nx. 5 IN A 192.0.2.1\n;edns 4096\n");
	sodns_test_next(t, "NOERROR\n" NS EXTRA);
	SODNS_ANSWER(t, "x. A", "NOERROR rd\n" NS EXTRA);
	sodns_test_next(t, "NOERROR\n" SOA);
	SODNS_ANSWER(t, "x. A", "NOERROR rd\n" SOA);
	sodns_test_next(t, "NXDOMAIN\n" SOA);
	SODNS_ANSWER(t, "x. A", "NXDOMAIN rd\n" SOA);
	sodns_test_next(t, "SERVFAIL\n" EXTRA);
	SODNS_ANSWER(t, "x. A", "SERVFAIL rd\n" EXTRA);
	sodns_test_next(t, "NOERROR\n" EXTRA);
	SODNS_ANSWER(t, "x. A", "NOERROR rd\n");
	sodns_test_next(t, "DROP");
	SODNS_ANSWER(t, "x. A", "DROP\n");
	sodns_test_end(t);
	return sodns_test_result();
}
