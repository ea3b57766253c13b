/*
 * cancel: a plugin that waits longer is cut short.
 */
#include <sodns/test.h>

int main(void)
{
	sodns_test_plugin(SODNS_TEST_PLUGINS);
	sodns_test_plugin("park", PARK);
	SODNS_REFUSED("cancel -1s", "invalid negative duration: \"-1s\" (it must be more than 0s)");
	SODNS_REFUSED("cancel soon", "invalid duration: \"soon\"");
	SODNS_REFUSED("cancel 1s 2s", "Wrong argument count or unexpected line ending after '2s'");
	sodns_test_t *t = SODNS_TEST("cancel 100ms\npark");
	SODNS_ANSWER(t, "s50. TXT", "NOERROR aa rd\ns50. 5 IN TXT \"ok\"\n");
	SODNS_ANSWER(t, "s3000. TXT", "NOERROR aa rd\ns3000. 5 IN TXT \"timeout\"\n");
	sodns_test_end(t);
	return sodns_test_result();
}
