/* Waits in prepare: whatever may wait does, within its time and that of the configuration. */
#include <sodns/test.h>

int main(void)
{
	sodns_test_plugin("waits", WAITS);
	sodns_test_upstream(NULL, "192.0.2.53:53", "NOERROR\na. 5 IN A 192.0.2.1", 300);
	sodns_test_t *t = sodns_test_begin(__FILE__, __LINE__, "waits sleep 3000 10000");
	sodns_test_end(t);
	SODNS_REFUSED("waits sleep 3000 2000", "stdin:2 - -5 after 2000 ms");
	SODNS_REFUSED("waits ask 1000 1000", "stdin:2 - 35 after 300 ms");
	SODNS_REFUSED("waits ask 200 1000", "stdin:2 - -5 after 200 ms");
	SODNS_REFUSED("waits exchange 1000 1000", "stdin:2 - 35 after 300 ms");
	SODNS_REFUSED("waits exchange 1000 200", "stdin:2 - -102 after 200 ms");
	SODNS_REFUSED("waits pool 0 1000", "stdin:2 - 4711 after 0 ms");
	/* All of a configuration together. */
	SODNS_REFUSED(". {\n waits sleep 20000 60000\n}\nb {\n waits sleep 20000 60000\n}",
		      "stdin:5 - -5 after 10000 ms");
	SODNS_REFUSED(". {\n waits sleep 31000 60000\n}", "stdin:2 - -5 after 30000 ms");
	return sodns_test_result();
}
