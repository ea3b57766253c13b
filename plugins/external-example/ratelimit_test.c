/*
 * ratelimit: a network's burst and rate, others and TCP go free, the next configuration goes on.
 */
#include <stdio.h>
#include <string.h>

#include <sodns/test.h>

#define PASSED "NOERROR rd\nx. 5 IN A 192.0.2.9\n"
#define CUT "NOERROR tc rd\n"

/* So many of the network's queries pass, and the next one does not. */
static void passes(sodns_test_t *t, const char *from, unsigned count)
{
	char question[80];
	snprintf(question, sizeof(question), "x. A from=%s", from);
	for (unsigned i = 0; i < count; i++)
		SODNS_ANSWER(t, question, PASSED);
	SODNS_ANSWER(t, question, CUT);
}

int main(void)
{
	SODNS_REFUSED("ratelimit 0", "RATE must be in range [1, 1000000]: 0");
	SODNS_REFUSED("ratelimit 10 {\n ipv4 33\n}", "ipv4 must be in range [1, 32]: 33");
	sodns_test_t *t = SODNS_TEST("ratelimit 10 {\n burst 4\n slip 1\n}");
	sodns_test_next(t, "NOERROR\nx. 5 IN A 192.0.2.9");
	passes(t, "203.0.113.1", 4);
	/* The same network, others, and who has proven where it is. */
	SODNS_ANSWER(t, "x. A from=203.0.113.99", CUT);
	SODNS_ANSWER(t, "x. A from=203.0.113.1 tcp", PASSED);
	passes(t, "198.51.100.1", 4);
	passes(t, "2001:db8:1:ff::1", 4);
	SODNS_ANSWER(t, "x. A from=2001:db8:1:fe::2", CUT);
	SODNS_ANSWER(t, "x. A from=2001:db8:1:100::", PASSED);
	/* Time pays: a query each tenth of a second, up to the burst. */
	sodns_test_advance(t, 200);
	passes(t, "203.0.113.1", 2);
	sodns_test_advance(t, 60000);
	passes(t, "203.0.113.1", 4);
	/* A reload forgets nothing. */
	SODNS_RELOADED(t, "ratelimit 10 {\n burst 4\n slip 0\n}");
	SODNS_ANSWER(t, "x. A from=203.0.113.1", "DROP\n");
	sodns_test_advance(t, 100);
	SODNS_ANSWER(t, "x. A from=203.0.113.1", PASSED);
	SODNS_ANSWER(t, "x. A from=203.0.113.1", "DROP\n");
	SODNS_CONTAINS(sodns_test_metrics(), "ratelimit_limited_total{action=\"drop\"} 2\n");
	sodns_test_end(t);
	return sodns_test_result();
}
