/*
 * clock: its directive, the answer's form, and what it leaves to others.
 */
#include <string.h>

#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("clock {\n ttl never\n}",
		      "ttl must be a number of seconds in range [0, 3600], got 'never'");
	SODNS_REFUSED("clock {\n zone berlin\n}", "unknown property 'zone'");
	sodns_test_t *t = SODNS_TEST("clock time.example {\n ttl 30\n}");
	sodns_test_next(t, "NXDOMAIN");
	const char *answer = sodns_test_ask(t, "now.time.example. TXT");
	SODNS_CONTAINS(answer, "NOERROR aa rd\nnow.time.example. 30 IN TXT \"20");
	SODNS_CONTAINS(answer, "Z\"\n");
	SODNS_CONTAINS(sodns_test_metrics(), "clock_told_total 1\n");
	SODNS_ANSWER(t, "now.time.example. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "elsewhere. TXT", "NXDOMAIN rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
