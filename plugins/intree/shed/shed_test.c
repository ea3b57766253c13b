/*
 * shed: what it takes and refuses. That it drops is tested with a whole server (shed_test.py).
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("shed x", "Wrong argument count or unexpected line ending after 'x'");
	SODNS_REFUSED("shed {\n depth 5\n}", "shed takes no options");
	SODNS_REFUSED("shed\nshed", "this plugin can only be used once per Server Block");
	SODNS_REFUSED("tls://. {\n shed\n}\n",
		      "only plain DNS server blocks are supported; \"tls://.\" uses transport "
		      "\"tls\"");
	sodns_test_end(SODNS_TEST("shed"));
	return sodns_test_result();
}
