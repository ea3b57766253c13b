/*
 * bufsize: sizes above the ceiling are lowered, others are not touched.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("bufsize 70000", "Wrong argument count or unexpected line ending after "
				       "'70000': the size must be in range [512, 4096]");
	SODNS_REFUSED("bufsize big", "Wrong argument count or unexpected line ending after 'big': "
				     "the size must be in range [512, 4096]");
	SODNS_REFUSED("bufsize 511", "Wrong argument count or unexpected line ending after '511': "
				     "the size must be in range [512, 4096]");
	SODNS_REFUSED("bufsize 600 700",
		      "Wrong argument count or unexpected line ending after '700'");
	sodns_test_t *t = SODNS_TEST("bufsize");
	sodns_test_next(t, "NOERROR\nx. 5 IN A 192.0.2.1");
	SODNS_ANSWER(t, "x. A size=4096", "NOERROR rd\nx. 5 IN A 192.0.2.1\n;edns 1232\n");
	SODNS_ANSWER(t, "x. A size=600", "NOERROR rd\nx. 5 IN A 192.0.2.1\n;edns 600\n");
	SODNS_ANSWER(t, "x. A tcp", "NOERROR rd\nx. 5 IN A 192.0.2.1\n");
	sodns_test_end(t);
	t = SODNS_TEST("bufsize 512");
	sodns_test_file("big",
			"@ 5 IN SOA ns h 1 2 3 4 5\n@ NS ns\n$GENERATE 1-60 big A 10.0.0.$\n");
	sodns_test_end(t);
	t = SODNS_TEST("example.org {\n bufsize 700\n file big\n}\n");
	SODNS_CONTAINS(sodns_test_ask(t, "big.example.org. A size=4096"), "NOERROR aa tc rd\n");
	SODNS_CONTAINS(sodns_test_ask(t, "big.example.org. A size=4096"), ";edns 700\n");
	SODNS_CONTAINS(sodns_test_ask(t, "big.example.org. A tcp size=4096"), "NOERROR aa rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
