/*
 * any: ANY is answered, everything else passed on.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("any x", "Wrong argument count or unexpected line ending after 'x'");
	SODNS_REFUSED("any {\n y\n}", "Unexpected token '{', expecting argument");
	sodns_test_t *t = SODNS_TEST("any");
	sodns_test_next(t, "NXDOMAIN aa");
	SODNS_ANSWER(t, "Example.org. ANY",
		     "NOERROR rd\n"
		     "Example.org. 8482 IN HINFO \"ANY obsoleted\" \"See RFC 8482\"\n");
	SODNS_ANSWER(t, "example.org. A", "NXDOMAIN aa rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
