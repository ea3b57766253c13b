/*
 * health: what it takes and refuses. That it answers is tested with whole servers (golden).
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("health a:1 b", "Wrong argument count or unexpected line ending after 'b'");
	SODNS_REFUSED("health 8080", "address 8080: missing port in address");
	SODNS_REFUSED("health {\n x\n}", "unknown property 'x'");
	SODNS_REFUSED("health {\n lameduck\n}",
		      "Wrong argument count or unexpected line ending after 'lameduck'");
	SODNS_REFUSED("health {\n lameduck long\n}",
		      "unable to parse lameduck duration value: 'long' : time: invalid duration "
		      "\"long\"");
	SODNS_REFUSED("health 192.0.2.77:1", "listen tcp 192.0.2.77:1: bind: cannot assign "
					     "requested address");
	sodns_test_t *t = SODNS_TEST("health 127.0.0.1:0");
	sodns_test_advance(t, 1100);
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_health_request_duration_seconds_count 1\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_health_request_failures_total 0\n");
	sodns_test_end(t);
	return sodns_test_result();
}
