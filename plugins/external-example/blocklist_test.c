/*
 * blocklist: what is blocked and how, a list of 100,000 names, a file that changes.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sodns/test.h>

#define PASSED "NOERROR rd\nx. 5 IN A 192.0.2.9\n"
#define NAMES 100000

static void answers(void)
{
	sodns_test_file("list", "# names\nads.example\n*.tracker.example\n"
				"127.0.0.1 localhost\n0.0.0.0 Bad.example worse.example # both\n"
				"no..name\n");
	sodns_test_t *t = SODNS_TEST("blocklist list");
	sodns_test_next(t, "NOERROR\nx. 5 IN A 192.0.2.9");
	SODNS_ANSWER(t, "ads.example. A edns", "NXDOMAIN rd\n;edns 4096 15:000f\n");
	SODNS_ANSWER(t, "x.y.ADS.example. TXT", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "bad.example. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "worse.example. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "x.tracker.example. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "tracker.example. A", PASSED);
	SODNS_ANSWER(t, "goodads.example. A", PASSED);
	SODNS_ANSWER(t, "localhost. A", PASSED);
	SODNS_CONTAINS(sodns_test_metrics(), "blocklist_blocked_total 5\n");
	SODNS_CONTAINS(sodns_test_metrics(), "blocklist_entries 4\n");
	sodns_test_end(t);
	t = SODNS_TEST("blocklist list {\n answer zero\n ttl 7\n}");
	SODNS_ANSWER(t, "ads.example. A", "NOERROR rd\nads.example. 7 IN A 0.0.0.0\n");
	SODNS_ANSWER(t, "ads.example. AAAA", "NOERROR rd\nads.example. 7 IN AAAA ::\n");
	SODNS_ANSWER(t, "ads.example. MX", "NOERROR rd\n");
	sodns_test_end(t);
}

static void many(void)
{
	char *text = malloc(NAMES * 40u), *at = text;
	for (int i = 0; i < NAMES; i++)
		at += sprintf(at, "host%d.ads%d.example\n", i, i % 1000);
	sodns_test_file("many", text);
	free(text);
	sodns_test_t *t = SODNS_TEST("blocklist many");
	sodns_test_next(t, "NOERROR\nx. 5 IN A 192.0.2.9");
	SODNS_CONTAINS(sodns_test_metrics(), "blocklist_entries 100000\n");
	SODNS_ANSWER(t, "host99999.ads999.example. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "host99999.ads998.example. A", PASSED);
	sodns_test_end(t);
}

static void follows(void)
{
	sodns_test_file("list", "one.example\n");
	sodns_test_t *t = SODNS_TEST("blocklist list {\n reload 1s\n}");
	sodns_test_next(t, "NOERROR\nx. 5 IN A 192.0.2.9");
	SODNS_ANSWER(t, "one.example. A", "NXDOMAIN rd\n");
	sodns_test_file("list", "two.example\n");
	sodns_test_advance(t, 1500);
	SODNS_ANSWER(t, "one.example. A", PASSED);
	SODNS_ANSWER(t, "two.example. A", "NXDOMAIN rd\n");
	remove("list");
	sodns_test_advance(t, 1500);
	SODNS_ANSWER(t, "two.example. A", "NXDOMAIN rd\n");
	sodns_test_end(t);
}

int main(void)
{
	SODNS_REFUSED("blocklist list {\n answer maybe\n}",
		      "unknown answer 'maybe' (nxdomain or zero)");
	sodns_test_file("list", "");
	SODNS_REFUSED("blocklist",
		      "Wrong argument count or unexpected line ending after 'blocklist'");
	answers();
	many();
	follows();
	return sodns_test_result();
}
