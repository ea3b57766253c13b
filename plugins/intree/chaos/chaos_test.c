/*
 * chaos: who, which version, where.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("chaos v {\n x\n}", "unknown property 'x'");
	sodns_test_t *t = SODNS_TEST("chaos Test-1.0 me me");
	sodns_test_next(t, "REFUSED");
	SODNS_ANSWER(t, "Version.bind. TXT class=CH",
		     "NOERROR rd\nVersion.bind. 0 CH TXT \"Test-1.0\"\n");
	SODNS_ANSWER(t, "version.server. TXT class=CH",
		     "NOERROR rd\nversion.server. 0 CH TXT \"Test-1.0\"\n");
	SODNS_ANSWER(t, "authors.bind. TXT class=CH",
		     "NOERROR rd\nauthors.bind. 0 CH TXT \"me\"\n");
	SODNS_CONTAINS(sodns_test_ask(t, "hostname.bind. TXT class=CH"), "CH TXT \"");
	SODNS_ANSWER(t, "version.bind. A class=CH", "REFUSED rd\n");
	SODNS_ANSWER(t, "version.bind. TXT", "REFUSED rd\n");
	SODNS_ANSWER(t, "other.bind. TXT class=CH", "REFUSED rd\n");
	sodns_test_end(t);
	t = SODNS_TEST("chaos");
	SODNS_CONTAINS(sodns_test_ask(t, "version.bind. TXT class=CH"),
		       "\"sodns-" SODNS_SDK_VERSION "\"");
	sodns_test_end(t);
	return sodns_test_result();
}
