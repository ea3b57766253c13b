/*
 * nsid: only a client that asks is told; errors are left alone.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("nsid a\nnsid b", "this plugin can only be used once per Server Block");
	sodns_test_t *t = SODNS_TEST("nsid use this");
	sodns_test_next(t, "NOERROR aa\nx. 5 IN A 192.0.2.1");
	SODNS_ANSWER(t, "x. A option=3:",
		     "NOERROR aa rd\nx. 5 IN A 192.0.2.1\n;edns 4096 3:7573652074686973\n");
	SODNS_ANSWER(t, "x. A do option=3:",
		     "NOERROR aa rd\nx. 5 IN A 192.0.2.1\n;edns 4096 do 3:7573652074686973\n");
	SODNS_ANSWER(t, "x. A edns", "NOERROR aa rd\nx. 5 IN A 192.0.2.1\n;edns 4096\n");
	SODNS_ANSWER(t, "x. A", "NOERROR aa rd\nx. 5 IN A 192.0.2.1\n");
	sodns_test_next(t, "ERROR no");
	SODNS_ANSWER(t, "x. A option=3:", "SERVFAIL rd\n;edns 4096\n");
	sodns_test_end(t);
	return sodns_test_result();
}
