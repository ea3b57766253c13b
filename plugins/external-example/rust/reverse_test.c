/*
 * The plugin in Rust, tested as any other.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("reverse x", "Wrong argument count or unexpected line ending after 'x'");
	sodns_test_t *t = SODNS_TEST("reverse");
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "abc.example. TXT", "NOERROR aa rd\nabc.example. 60 IN TXT \"cba\"\n");
	SODNS_ANSWER(t, "abc.example. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, ". TXT", "NXDOMAIN rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
