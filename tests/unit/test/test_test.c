/*
 * The test library itself: time, upstreams, scripted replies, blocking work, failures that are seen.
 */
#include <sodns/test.h>

#include <stdio.h>
#include <string.h>

static int check(bool ok, const char *what)
{
	if (!ok)
		fprintf(stderr, "wrong: %s\n", what);
	return !ok;
}

int main(void)
{
	int bad = 0;
	sodns_test_plugin("park", PARK);
	sodns_test_t *t = sodns_test_begin(__FILE__, __LINE__, "park");
	SODNS_ANSWER(t, "now. TXT", "NOERROR aa rd\nnow. 5 IN TXT \"ok\"\n");
	SODNS_ANSWER(t, "s3000. TXT", "NOERROR aa rd\ns3000. 5 IN TXT \"ok\"\n");
	SODNS_ANSWER(t, "over. TXT", "NOERROR aa rd\nover. 5 IN TXT \"timeout\"\n");
	SODNS_ANSWER(t, "pool20. TXT", "NOERROR aa rd\npool20. 5 IN TXT \"ok\"\n");
	sodns_test_upstream(t, "127.0.0.1:5300", "NOERROR\nnow.park. 5 IN TXT \"x\"", 100);
	bad += check(!strncmp(sodns_test_ask(t, "udp5300. TXT"), "NOERROR", 7), "upstream");
	bad += check(sodns_test_upstream_asked(t, "127.0.0.1:5300") == 1, "asked once");
	sodns_test_upstream(t, "127.0.0.1:5300", NULL, 0);
	bad += check(strstr(sodns_test_ask(t, "udp5300. TXT"), "\"timeout\"") != NULL, "silent");
	sodns_test_end(t);

	sodns_test_file("zone", "@ 60 IN SOA ns h 1 2 3 4 5\n@ NS ns\nwww A 192.0.2.9\n");
	t = sodns_test_begin(__FILE__, __LINE__,
			     "example.org {\n file zone {\n  fallthrough\n }\n}\n");
	sodns_test_next(t, "NXDOMAIN ra\n;authority\nx. 60 IN NS y.\n");
	SODNS_ANSWER(t, "www.example.org. A",
		     "NOERROR aa rd\nwww.example.org. 60 IN A 192.0.2.9\n;authority\n"
		     "example.org. 60 IN NS ns.example.org.\n");
	SODNS_ANSWER(t, "no.example.org. A", "NXDOMAIN rd ra\n;authority\nx. 60 IN NS y.\n");
	SODNS_ANSWER(t, "elsewhere. A", "REFUSED rd\n");
	/* Another configuration in its place. */
	sodns_test_file("other", "@ 60 IN SOA ns h 1 2 3 4 5\n@ NS ns\nwww A 192.0.2.7\n");
	bad += check(SODNS_RELOADED(t, "example.org {\n file other\n}\n"), "reloaded");
	SODNS_ANSWER(t, "www.example.org. A",
		     "NOERROR aa rd\nwww.example.org. 60 IN A 192.0.2.7\n;authority\n"
		     "example.org. 60 IN NS ns.example.org.\n");
	sodns_test_end(t);

	/* A block in which nobody answers. */
	t = sodns_test_begin(__FILE__, __LINE__, "root .");
	SODNS_ANSWER(t, "a. A", "REFUSED rd\n");
	sodns_test_next(t, "NOERROR\na. 5 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "a. A", "NOERROR rd\na. 5 IN A 192.0.2.1\n");
	sodns_test_end(t);
	bad += sodns_test_result();

	/* Failures are failures. */
	bad += check(!sodns_test_refuse("(meant)", 0, "whoami", "never"), "accepted");
	bad += check(!sodns_test_refuse("(meant)", 0, "whoami x", "other text"), "other text");
	bad += check(!sodns_test_begin("(meant)", 0, ". {\n nosuch\n}"), "no such directive");
	t = sodns_test_begin(__FILE__, __LINE__, "park");
	bad += check(!sodns_test_reload("(meant)", 0, t, "whoami x"), "reload refused");
	SODNS_ANSWER(t, "now. TXT", "NOERROR aa rd\nnow. 5 IN TXT \"ok\"\n");
	sodns_test_end(t);
	bad += check(sodns_test_result() == 1, "result");
	return bad != 0;
}
