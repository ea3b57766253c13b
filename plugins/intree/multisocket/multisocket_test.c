/*
 * multisocket: which numbers it takes.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("multisocket 1025", "num sockets exceeds maximum (1024): 1025");
	SODNS_REFUSED("multisocket 0", "num sockets can not be zero or negative: 0");
	SODNS_REFUSED("multisocket many",
		      "invalid num sockets: strconv.Atoi: parsing \"many\": invalid syntax");
	SODNS_REFUSED("multisocket 1 2",
		      "Wrong argument count or unexpected line ending after '2'");
	SODNS_REFUSED("multisocket\nmultisocket",
		      "Wrong argument count or unexpected line ending after 'multisocket'");
	sodns_test_end(SODNS_TEST("multisocket"));
	sodns_test_end(SODNS_TEST("multisocket 5"));
	return sodns_test_result();
}
