/*
 * fallback, with a server that the test plays: no port is opened, and the waits take no time.
 */
#include <string.h>

#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("fallback",
		      "Wrong argument count or unexpected line ending after 'fallback'");
	SODNS_REFUSED("fallback localhost",
		      "ADDRESS must be an IP address or IP:port: \"localhost\"");
	sodns_test_t *t = SODNS_TEST("fallback 192.0.2.53");
	sodns_test_upstream(t, "192.0.2.53:53", "NOERROR ra\nwww.example. 60 IN A 192.0.2.1", 200);

	/* The chain has an answer: no server is asked. */
	sodns_test_next(t, "NOERROR aa\nwww.example. 5 IN A 192.0.2.9");
	SODNS_ANSWER(t, "www.example. A", "NOERROR aa rd\nwww.example. 5 IN A 192.0.2.9\n");
	if (sodns_test_upstream_asked(t, "192.0.2.53:53") != 0)
		return 1;

	/* It has none. */
	sodns_test_next(t, "NXDOMAIN aa");
	SODNS_ANSWER(t, "www.example. A", "NOERROR rd ra\nwww.example. 60 IN A 192.0.2.1\n");

	/* The other server is silent. */
	sodns_test_upstream(t, "192.0.2.53:53", NULL, 0);
	SODNS_ANSWER(t, "www.example. A", "NXDOMAIN aa rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
