/*
 * ready: what it takes and refuses. That it answers is tested with whole servers (golden).
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("ready a:1 b", "Wrong argument count or unexpected line ending after 'b'");
	SODNS_REFUSED("ready 8181", "address 8181: missing port in address");
	SODNS_REFUSED("ready {\n x\n}", "unknown property 'x'");
	SODNS_REFUSED("ready {\n monitor\n}",
		      "Wrong argument count or unexpected line ending after 'monitor'");
	SODNS_REFUSED("ready {\n monitor sometimes\n}",
		      "monitor type 'sometimes' not supported (until-ready or continuously)");
	SODNS_REFUSED("ready a:1\nready b:1", "this plugin can only be used once per Server Block");
	sodns_test_t *t = SODNS_TEST("ready 127.0.0.1:0 {\n monitor until-ready\n}");
	sodns_test_end(t);
	return sodns_test_result();
}
