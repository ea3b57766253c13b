/*
 * loadbalance: which orders come out.
 */
#include <string.h>

#include <sodns/test.h>

static void refusals(void)
{
	SODNS_REFUSED("loadbalance random", "unknown policy: random");
	SODNS_REFUSED("loadbalance round_robin x", "unknown property for round_robin");
	SODNS_REFUSED("loadbalance weighted", "missing weight file argument");
	SODNS_REFUSED("loadbalance weighted a b", "unexpected argument(s)");
	SODNS_REFUSED("loadbalance {\n reload 5s\n}", "unknown property 'reload'");
	SODNS_REFUSED("loadbalance weighted w {\n reload\n}", "reload duration value is missing");
	SODNS_REFUSED("loadbalance weighted w {\n reload x\n}", "invalid reload duration 'x'");
	SODNS_REFUSED("loadbalance {\n prefer 10.0.0.1\n}",
		      "invalid CIDR \"10.0.0.1\": invalid CIDR address: 10.0.0.1");
	SODNS_REFUSED("loadbalance weighted none {\n reload 0s\n}", "weight file open error: none");
	sodns_test_file("bad", "192.0.2.1 5\n");
	SODNS_REFUSED("loadbalance weighted bad", "missing domain name in weight file bad");
	sodns_test_file("bad", "a.test\n192.0.2.1 256\n");
	SODNS_REFUSED("loadbalance weighted bad", "wrong weight value:\"256\" in weight file bad");
	sodns_test_file("bad", "a.test\n192.0.2.x 25\n");
	SODNS_REFUSED("loadbalance weighted bad",
		      "wrong IP address:\"192.0.2.x\" in weight file bad");
	sodns_test_file("bad", "a.test b c\n");
	SODNS_REFUSED("loadbalance weighted bad",
		      "could not parse weight line:\"a.test b c\" in weight file bad");
}

#define ONE "a. 5 IN A 192.0.2.1\n"
#define TWO "a. 5 IN A 192.0.2.2\n"
#define THREE "a. 5 IN A 192.0.2.3\n"
#define ALIAS "x. 5 IN CNAME a.\n"

/* How often each of three addresses comes first. */
static void count_first(sodns_test_t *t, unsigned rounds, unsigned first[4])
{
	memset(first, 0, 4 * sizeof(*first));
	for (unsigned i = 0; i < rounds; i++) {
		const char *a = strstr(sodns_test_ask(t, "x. A"), "192.0.2.");
		first[a ? a[8] & 3 : 0]++;
	}
}

static void round_robin(void)
{
	unsigned first[4];
	sodns_test_t *t = SODNS_TEST("loadbalance");
	sodns_test_next(t, "NOERROR aa\n" ONE TWO ALIAS THREE);
	count_first(t, 3000, first);
	for (int i = 1; i < 4; i++)
		SODNS_CONTAINS(first[i] > 800 && first[i] < 1200 ? "even" : "uneven", "even");
	SODNS_CONTAINS(sodns_test_ask(t, "x. A"), "NOERROR aa rd\n" ALIAS);
	sodns_test_next(t, "NXDOMAIN\n" ONE TWO);
	SODNS_ANSWER(t, "x. A", "NXDOMAIN rd\n" ONE TWO);
	sodns_test_next(t, "ERROR no");
	SODNS_ANSWER(t, "x. A", "SERVFAIL rd\n");
	sodns_test_end(t);
}

static void weighted(void)
{
	unsigned first[4];
	sodns_test_file("weights", "# comment\na\n 192.0.2.2 3\n 192.0.2.1 1\nother.test\n"
				   "192.0.2.1 200\n");
	sodns_test_t *t = SODNS_TEST("loadbalance weighted weights {\n reload 1s\n}");
	sodns_test_next(t, "NOERROR\n" ALIAS ONE TWO);
	count_first(t, 4000, first);
	SODNS_CONTAINS(first[2] > 2700 && first[2] < 3300 ? "3:1" : "not 3:1", "3:1");
	SODNS_ANSWER(t, "x. TXT", "NOERROR rd\n" ALIAS ONE TWO);
	sodns_test_file("weights", "a\n192.0.2.1 255\n");
	sodns_test_advance(t, 1100);
	count_first(t, 1000, first);
	SODNS_CONTAINS(first[1] > 950 ? "reloaded" : "not", "reloaded");
	sodns_test_end(t);
}

static void prefer(void)
{
	sodns_test_t *t = SODNS_TEST("loadbalance {\n prefer 192.0.2.3/32 192.0.2.2/32\n}");
	sodns_test_next(t, "NOERROR\n" ONE TWO THREE ALIAS);
	for (int i = 0; i < 20; i++)
		SODNS_ANSWER(t, "x. A", "NOERROR rd\n" ALIAS THREE TWO ONE);
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	round_robin();
	weighted();
	prefer();
	return sodns_test_result();
}
