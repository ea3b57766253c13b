/*
 * timeouts: what it takes and refuses. That connections keep them is tested in timeouts_test.py.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("timeouts", "timeouts block with no timeouts specified");
	SODNS_REFUSED("timeouts {\n}", "timeouts block with no timeouts specified");
	SODNS_REFUSED("timeouts 1s", "Wrong argument count or unexpected line ending after '1s'");
	SODNS_REFUSED("timeouts {\n read\n}",
		      "Wrong argument count or unexpected line ending after 'read'");
	SODNS_REFUSED("timeouts {\n read soon\n}", "failed to parse duration 'soon'");
	SODNS_REFUSED("timeouts {\n read 100ms\n}",
		      "timeout provided '100ms' needs to be between 1 second and 24 hours");
	SODNS_REFUSED("timeouts {\n idle 25h\n}",
		      "timeout provided '25h0m0s' needs to be between 1 second and 24 hours");
	SODNS_REFUSED("timeouts {\n linger 1s\n}", "unknown option: 'linger'");
	SODNS_REFUSED(
		"timeouts {\n maxtcpqueries 0\n}",
		"maxtcpqueries provided '0' needs to be -1 (unlimited) or a positive integer");
	SODNS_REFUSED("timeouts {\n maxtcpqueries x\n}",
		      "invalid value for maxtcpqueries 'x': strconv.Atoi: parsing \"x\": invalid "
		      "syntax");
	sodns_test_t *t = SODNS_TEST("timeouts {\n read 10\n write 20s\n idle 1m\n"
				     " maxtcpqueries -1\n}");
	sodns_test_end(t);
	return sodns_test_result();
}
