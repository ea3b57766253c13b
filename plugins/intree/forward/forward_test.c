/*
 * forward: what the upstreams are asked, which of them, and what is made of their answers.
 */
#include <sodns/test.h>
int main(void)
{
	return sodns_test_result();
}
