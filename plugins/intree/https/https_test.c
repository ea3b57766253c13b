/*
 * https: what the directive takes. How it serves is https_test.py's.
 */
#include <sodns/test.h>

int main(void)
{
	SODNS_REFUSED("https 5", "Wrong argument count or unexpected line ending after '5'");
	SODNS_REFUSED("https {\n max_connections\n}",
		      "Wrong argument count or unexpected line ending after 'max_connections'");
	SODNS_REFUSED(
		"https {\n max_connections x\n}",
		"invalid max_connections value 'x': strconv.Atoi: parsing \"x\": invalid syntax");
	SODNS_REFUSED("https {\n max_connections -1\n}",
		      "max_connections must be a non-negative integer: -1");
	SODNS_REFUSED("https {\n max_connections 1\n max_connections 2\n}",
		      "max_connections already defined for this server block");
	SODNS_REFUSED("https {\n max_streams 1\n}", "unknown property 'max_streams'");
	sodns_test_t *t = SODNS_TEST("https {\n max_connections 0\n}");
	SODNS_ANSWER(t, "x. A", "REFUSED rd\n");
	sodns_test_end(t);
	return sodns_test_result();
}
