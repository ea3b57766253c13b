/*
 * loop: what counts as coming back.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("loop now", "Wrong argument count or unexpected line ending after 'now'");
	SODNS_REFUSED("loop\nloop", "this plugin can only be used once per Server Block");

	sodns_test_t *t = SODNS_TEST("example.org {\n loop\n}");
	sodns_test_upstream(t, "127.0.0.1:53", "NXDOMAIN", 0);
	sodns_test_next(t, "NXDOMAIN aa");
	sodns_test_advance(t, 2000);
	if (sodns_test_upstream_asked(t, "127.0.0.1:53") != 1)
		SODNS_ANSWER(t, "asked.once. HINFO", "once\n");
	for (int i = 0; i < 4; i++)
		SODNS_ANSWER(t, "a.example.org. HINFO", "NXDOMAIN aa rd\n");
	SODNS_ANSWER(t, "a.example.org. A", "NXDOMAIN aa rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
