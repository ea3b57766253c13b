/*
 * whoami, asked from several places.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("whoami x", "Wrong argument count or unexpected line ending after 'x'");
	sodns_test_t *t = SODNS_TEST("whoami");
	SODNS_ANSWER(t, "a.example. A from=192.0.2.7:1234",
		     "NOERROR aa rd\n"
		     ";additional\n"
		     "a.example. 0 IN A 192.0.2.7\n"
		     "_udp.a.example. 0 IN SRV 0 0 1234 .\n");
	SODNS_ANSWER(t, "a.example. MX tcp do from=[2001:db8::1]:53",
		     "NOERROR aa rd\n"
		     ";additional\n"
		     "a.example. 0 IN AAAA 2001:db8::1\n"
		     "_tcp.a.example. 0 IN SRV 0 0 53 .\n"
		     ";edns 4096 do\n");
	/* In the letters in which it was asked. */
	SODNS_ANSWER(t, "A.Example. TXT from=192.0.2.7:1234",
		     "NOERROR aa rd\n"
		     ";additional\n"
		     "A.Example. 0 IN A 192.0.2.7\n"
		     "_udp.A.Example. 0 IN SRV 0 0 1234 .\n");
	sodns_test_end(t);
	return sodns_test_result();
}
