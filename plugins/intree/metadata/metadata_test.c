/*
 * metadata: what it takes and refuses. That values arrive is tested where they are used (log).
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("metadata {\n x\n}",
		      "Wrong argument count or unexpected line ending after 'x'");
	SODNS_REFUSED("metadata\nmetadata",
		      "Wrong argument count or unexpected line ending after 'metadata'");
	sodns_test_t *t = SODNS_TEST("prometheus 127.0.0.1:0\nmetadata example.org\nwhoami");
	SODNS_CONTAINS(sodns_test_ask(t, "x.example.org. A"), "NOERROR aa rd");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_plugin_enabled{name=\"metadata\",server="
					     "\"dns://:53\",view=\"\",zone=\".\"} 1\n");
	sodns_test_end(t);
	t = SODNS_TEST("metadata");
	SODNS_ANSWER(t, "x.example.org. A", "SERVFAIL rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
