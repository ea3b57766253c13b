/*
 * transfer: who gets which zone, in which messages, and whom it tells of changes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/test.h>

#define SOA "z.test. 60 IN SOA ns.z.test. root.z.test. 7 1 1 1 1\n"
#define WHOLE                                                                                      \
	"NOERROR aa rd\n" SOA "z.test. 60 IN NS ns.z.test.\n"                                      \
	"a.b.z.test. 60 IN A 192.0.2.2\nns.z.test. 60 IN A 192.0.2.1\n" SOA
static const char zone[] =
	"$TTL 60\n@ SOA ns root 7 1 1 1 1\n@ NS ns\nns A 192.0.2.1\na.b A 192.0.2.2\n";

static void refusals(void)
{
	SODNS_REFUSED("transfer", "'to' is required");
	SODNS_REFUSED("transfer {\n to\n}",
		      "Wrong argument count or unexpected line ending after 'to'");
	SODNS_REFUSED("transfer {\n to a.test:53\n}", "must specify an IP address: `a.test'");
	SODNS_REFUSED("transfer {\n to *\n source a\n}", "invalid source address \"a\"");
	SODNS_REFUSED("transfer {\n to *\n source ::1\n source ::1\n}", "source already specified");
	SODNS_REFUSED("transfer {\n to *\n source\n}",
		      "Wrong argument count or unexpected line ending after 'source'");
	SODNS_REFUSED("transfer {\n to *\n from x\n}", "unknown property \"from\"");
}

static void who(void)
{
	sodns_test_file("zone", zone);
	sodns_test_t *t = SODNS_TEST(
		"z.test {\n transfer {\n to 192.0.2.100:5300 ::1\n }\n file zone\n}");
	SODNS_ANSWER(t, "z.test. AXFR tcp", WHOLE);
	SODNS_ANSWER(t, "Z.test. AXFR tcp from=::1", WHOLE);
	SODNS_ANSWER(t, "z.test. AXFR tcp from=192.0.2.101", "REFUSED rd\n");
	SODNS_ANSWER(t, "z.test. AXFR", "REFUSED rd\n");
	SODNS_ANSWER(t, "z.test. IXFR ixfr=7", "REFUSED rd\n");
	SODNS_ANSWER(t, "a.z.test. AXFR tcp", "NOTAUTH rd\n");
	SODNS_ANSWER(t, "ns.z.test. A",
		     "NOERROR aa rd\nns.z.test. 60 IN A 192.0.2.1\n;authority\n"
		     "z.test. 60 IN NS ns.z.test.\n");
	sodns_test_end(t);
	t = SODNS_TEST(". {\n transfer z.test {\n to 192.0.2.1\n }\n"
		       " transfer {\n to *\n }\n file zone z.test\n}");
	SODNS_ANSWER(t, "z.test. AXFR tcp", "REFUSED rd\n");
	sodns_test_end(t);
}

static void ixfr(void)
{
	sodns_test_t *t = SODNS_TEST("z.test {\n transfer {\n to *\n }\n file zone\n}");
	SODNS_ANSWER(t, "z.test. IXFR tcp ixfr=7", "NOERROR rd\n" SOA);
	SODNS_ANSWER(t, "z.test. IXFR tcp ixfr=6", WHOLE);
	SODNS_ANSWER(t, "z.test. IXFR tcp ixfr=8", WHOLE);
	SODNS_ANSWER(t, "z.test. IXFR tcp ixfr=0", WHOLE);
	SODNS_ANSWER(t, "z.test. IXFR tcp", "SERVFAIL rd\n");
	sodns_test_end(t);
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;
	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* More than fits a message; one RRset that does not fit one either. */
static void many(void)
{
	FILE *f = fopen("big", "we");
	fputs(zone, f);
	for (int i = 0; i < 5000; i++)
		fprintf(f, "host%d TXT \"%050d\"\n", i, i);
	for (int i = 0; i < 6000; i++)
		fprintf(f, "wide A 10.0.%d.%d\n", i / 250, i % 250);
	fclose(f);
	sodns_test_t *t = SODNS_TEST("z.test {\n transfer {\n to *\n }\n file big\n}");
	const char *all = sodns_test_ask(t, "z.test. AXFR tcp");
	if (count(all, "IN TXT") != 5000 || count(all, "IN A") != 6002 || count(all, SOA) != 2 ||
	    count(all, ";next") < 8 || strcmp(all + strlen(all) - strlen(SOA), SOA))
		SODNS_CONTAINS("another number of records", all);
	sodns_test_end(t);
}

/* What rewriters and shufflers do to answers must not reach the last message. */
static void others(void)
{
	sodns_test_t *t = SODNS_TEST(
		"z.test {\n loadbalance\n minimal\n rewrite ttl regex .* 5\n"
		" header {\n response set ra\n }\n transfer {\n to *\n }\n file zone\n}");
	SODNS_ANSWER(t, "z.test. AXFR tcp", WHOLE);
	sodns_test_end(t);
}

static void check_asked(sodns_test_t *t, const char *address, unsigned expected)
{
	char got[64], want[64];
	snprintf(got, sizeof(got), "%s: %u", address, sodns_test_upstream_asked(t, address));
	snprintf(want, sizeof(want), "%s: %u", address, expected);
	SODNS_CONTAINS(got, want);
}

static void notify(void)
{
	sodns_test_file("zone", zone);
	sodns_test_t *t = SODNS_TEST(
		"z.test {\n transfer {\n to * 192.0.2.7 192.0.2.8:5300 192.0.2.9\n }\n"
		" file zone {\n reload 10s\n }\n}");
	/* The first try, at the start, had no answer. */
	sodns_test_upstream(t, "192.0.2.7", "NOERROR aa", 0);
	sodns_test_upstream(t, "192.0.2.8:5300", "REFUSED", 0);
	sodns_test_upstream(t, "192.0.2.9", NULL, 0);
	for (int i = 0; i < 8; i++)
		sodns_test_advance(t, 1001);
	check_asked(t, "192.0.2.7", 1);
	check_asked(t, "192.0.2.8:5300", 2);
	check_asked(t, "192.0.2.9", 2);
	/* A change: told again; a target that was silent is told but once. */
	sodns_test_file("zone", "$TTL 60\n@ SOA ns root 8 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n");
	for (int i = 0; i < 12; i++)
		sodns_test_advance(t, 1001);
	check_asked(t, "192.0.2.7", 2);
	check_asked(t, "192.0.2.8:5300", 5);
	check_asked(t, "192.0.2.9", 3);
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	who();
	ixfr();
	many();
	others();
	notify();
	return sodns_test_result();
}
