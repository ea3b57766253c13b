/* The cache, from the directive to what clients get: what is kept, for how long, in which form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/test.h>

#define WWW "www.example.org. A"
#define ONE(ttl) "www.example.org. " #ttl " IN A 192.0.2.1\n"
#define TWO(ttl) "www.example.org. " #ttl " IN A 192.0.2.2\n"
#define SOA(ttl)                                                                                   \
	";authority\nexample.org. " #ttl " IN SOA ns.example.org. root.example.org. 1 2 3 4 60\n"
#define LABELS "{server=\"dns://:53\",view=\"\",zones=\".\"} "
#define TYPED(type) "{server=\"dns://:53\",type=\"" type "\",view=\"\",zones=\".\"} "

static void refusals(void)
{
	SODNS_REFUSED("cache -5", "cache TTL can not be zero or negative: -5");
	SODNS_REFUSED("cache 0", "cache TTL can not be zero or negative: 0");
	SODNS_REFUSED("cache\ncache", "this plugin can only be used once per Server Block");
	SODNS_REFUSED("cache {\n wrong\n}",
		      "Wrong argument count or unexpected line ending after 'wrong'");
	SODNS_REFUSED("cache {\n success\n}",
		      "Wrong argument count or unexpected line ending after 'success'");
	SODNS_REFUSED("cache {\n success many\n}",
		      "strconv.Atoi: parsing \"many\": invalid syntax");
	SODNS_REFUSED("cache {\n denial 99999999999999999999\n}",
		      "strconv.Atoi: parsing \"99999999999999999999\": value out of range");
	SODNS_REFUSED("cache {\n success 1 0\n}", "cache TTL can not be zero or negative: 0");
	SODNS_REFUSED("cache {\n denial 1 1 -1\n}", "cache min TTL can not be negative: -1");
	SODNS_REFUSED("cache {\n prefetch 1 1m 20\n}",
		      "last character of percentage should be `%`, but is: '0'");
	SODNS_REFUSED("cache {\n prefetch 1 1m 95%\n}",
		      "percentage should fall in range [10, 90]: 95");
	SODNS_REFUSED("cache {\n prefetch 1 5\n}", "time: missing unit in duration \"5\"");
	SODNS_REFUSED("cache {\n serve_stale 5x\n}", "time: unknown unit \"x\" in duration \"5x\"");
	SODNS_REFUSED("cache {\n serve_stale 1h later\n}",
		      "invalid value for serve_stale refresh mode: later (immediate or verify)");
	SODNS_REFUSED("cache {\n serve_stale -1h\n}",
		      "invalid negative duration for serve_stale: -1h");
	SODNS_REFUSED("cache {\n serve_stale 1h immediate 1500ms\n}",
		      "serve_stale response TTL must be a whole number of seconds: 1500ms");
	SODNS_REFUSED("cache {\n serve_stale 1h immediate 1s 1s 1s\n}",
		      "Wrong argument count or unexpected line ending after '1s'");
	SODNS_REFUSED("cache {\n serve_stale 1h verify 1s 1s 6m\n}",
		      "serve_stale failure recheck cannot exceed 5 minutes: 6m");
	SODNS_REFUSED("cache {\n serve_stale 1h verify x\n}",
		      "invalid serve_stale verify timeout: time: invalid duration \"x\"");
	SODNS_REFUSED("cache {\n serve_stale_policy prefer_positive\n}",
		      "serve_stale_policy requires serve_stale");
	SODNS_REFUSED("cache {\n serve_stale\n serve_stale_policy other\n}",
		      "invalid serve_stale_policy: other (prefer_positive)");
	SODNS_REFUSED("cache {\n servfail 6m\n}",
		      "caching SERVFAIL responses over 5 minutes is not permitted: 6m");
	SODNS_REFUSED("cache {\n servfail -1s\n}",
		      "invalid negative ttl for servfail: -1s is not in range [0s, 5m]");
	SODNS_REFUSED("cache {\n disable everything\n}",
		      "cache type for disable must be \"success\" or \"denial\": everything");
	SODNS_REFUSED("cache {\n keepttl 5\n}",
		      "Wrong argument count or unexpected line ending after '5'");
	SODNS_REFUSED("cache {\n bytes 1K\n}", "bytes must be at least 64K, but is: 1K");
	SODNS_REFUSED("cache {\n bytes big\n}", "bytes must be a size such as 64M, but is: big");
}

/* The next plugin is asked once; TTLs go down; the flags are the cache's. */
static void hits(void)
{
	sodns_test_t *t = SODNS_TEST("cache");
	sodns_test_next(t, "NOERROR ra ad\n" ONE(300));
	SODNS_ANSWER(t, WWW, "NOERROR rd ra\n" ONE(300));
	sodns_test_next(t, "NOERROR\n" TWO(300));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd ra\n" ONE(300));
	sodns_test_advance(t, 2500);
	SODNS_ANSWER(t, WWW " nord", "NOERROR aa ra\n" ONE(298));
	SODNS_ANSWER(t, WWW " ad", "NOERROR aa rd ra ad\n" ONE(298));
	SODNS_ANSWER(t, WWW " tcp edns option=65001:aa",
		     "NOERROR aa rd ra\n" ONE(298) ";edns 4096\n");
	SODNS_ANSWER(t, "wWw.example.ORG. A", "NOERROR aa rd ra\n" ONE(298));
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_requests_total" LABELS "6\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_misses_total" LABELS "1\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_hits_total" TYPED("success") "5\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_entries" TYPED("success") "1\n");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_entries" TYPED("denial") "0\n");
	/* Other questions: DO, CD, type, class. */
	SODNS_ANSWER(t, WWW " do", "NOERROR rd\n" TWO(300) ";edns 4096 do\n");
	SODNS_ANSWER(t, WWW " cd", "NOERROR rd cd\n" TWO(300));
	SODNS_ANSWER(t, WWW " cd do", "NOERROR rd cd\n" TWO(300) ";edns 4096 do\n");
	sodns_test_advance(t, 297400);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd ra\n" ONE(1));
	sodns_test_advance(t, 1000);
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" TWO(300));
	sodns_test_end(t);
}

/* TTLs are one for all records: the lowest, within the bounds of its kind. */
static void limits(void)
{
	sodns_test_t *t = SODNS_TEST("cache {\n success 1024 30 10\n denial 1024 15 4\n}");
	sodns_test_next(t, "NOERROR\n" ONE(300) "www.example.org. 20 IN A 192.0.2.2\n");
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(20) TWO(20));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(20) TWO(20));
	sodns_test_next(t, "NOERROR\n" ONE(0));
	SODNS_ANSWER(t, WWW " cd", "NOERROR rd cd\n" ONE(10));
	sodns_test_next(t, "NXDOMAIN\n" SOA(3600));
	SODNS_ANSWER(t, "no.example.org. A", "NXDOMAIN rd\n" SOA(15));
	SODNS_ANSWER(t, "no.example.org. A", "NXDOMAIN aa rd\n" SOA(15));
	/* What is not kept has its TTLs changed all the same. */
	sodns_test_next(t, "REFUSED\n" ONE(300));
	SODNS_ANSWER(t, "refused.example.org. A", "REFUSED rd\n" ONE(10));
	sodns_test_next(t, "NOERROR\n" ONE(300));
	SODNS_ANSWER(t, "refused.example.org. A", "NOERROR rd\n" ONE(30));
	sodns_test_end(t);
	t = SODNS_TEST("cache 7");
	sodns_test_next(t, "NOERROR\n" ONE(300));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(7));
	sodns_test_next(t, "NXDOMAIN\n" SOA(300));
	SODNS_ANSWER(t, "no.example.org. A", "NXDOMAIN rd\n" SOA(7));
	sodns_test_end(t);
}

/* RFC 2308, 5: a denial is good for the SOA record's TTL or its MINIMUM, whichever is lower. */
static void denials(void)
{
	static const struct {
		unsigned ttl, minimum, other, good;
	} cases[] = {
		{3600, 20, 3600, 20},     {20, 3600, 3600, 20},
		{1800, 1800, 3600, 1800}, {86400, 3600, 90000, 1800},
		{300, 0, 3600, 5},        {0, 300, 3600, 5},
		{300, 200, 100, 100},     {300, 4294967295, 3600, 300},
	};
	static const char *const forms[] = {
		"NXDOMAIN%s\n;authority\nx. %u IN SOA ns.x. h.x. 1 2 3 4 %u\n",
		"NOERROR%s\n;authority\nx. %u IN SOA ns.x. h.x. 1 2 3 4 %u\n",
		"NXDOMAIN%s\nn.x. %u IN CNAME m.x.\n;authority\nx. %u IN SOA ns.x. h.x. 1 2 3 4 "
		"%u\n",
		"NOERROR%s\nn.x. %u IN CNAME m.x.\n;authority\nx. %u IN SOA ns.x. h.x. 1 2 3 4 "
		"%u\n",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases) * 4; i++) {
		const char *form = forms[i % 4];
		unsigned ttl = cases[i / 4].ttl, minimum = cases[i / 4].minimum;
		unsigned good = cases[i / 4].good;
		char given[256], expected[256], again[256];
		bool alias = i % 4 > 1;
		if (!alias && cases[i / 4].other < cases[i / 4].ttl)
			continue;
		if (alias) {
			snprintf(given, sizeof(given), form, "", cases[i / 4].other, ttl, minimum);
			snprintf(expected, sizeof(expected), form, " rd", good, good, minimum);
			snprintf(again, sizeof(again), form, " aa rd", good - 3, good - 3, minimum);
		} else {
			snprintf(given, sizeof(given), form, "", ttl, minimum);
			snprintf(expected, sizeof(expected), form, " rd", good, minimum);
			snprintf(again, sizeof(again), form, " aa rd", good - 3, minimum);
		}
		sodns_test_t *t = SODNS_TEST("cache");
		sodns_test_next(t, given);
		SODNS_ANSWER(t, "n.x. A", expected);
		sodns_test_next(t, "REFUSED\n");
		sodns_test_advance(t, 3000);
		SODNS_ANSWER(t, "n.x. A", again);
		sodns_test_advance(t, (good - 3) * 1000);
		SODNS_ANSWER(t, "n.x. A", "REFUSED rd\n");
		sodns_test_end(t);
	}
}

/* Asks twice; whether the second answer came from the cache. */
static bool is_kept(sodns_test_t *t, const char *question, const char *reply)
{
	char first[2048];
	sodns_test_next(t, reply);
	snprintf(first, sizeof(first), "%s", sodns_test_ask(t, question));
	sodns_test_next(t, "YXDOMAIN\n");
	return !strstr(sodns_test_ask(t, question), "YXDOMAIN");
}

#define CNAME(from, to) from ".example.org. 60 IN CNAME " to ".example.org.\n"
#define KEPT(t, question, reply)                                                                   \
	SODNS_CONTAINS(is_kept((t), (question), (reply)) ? "kept" : "not kept: " reply, "kept")
#define NOT_KEPT(t, question, reply)                                                               \
	SODNS_CONTAINS(is_kept((t), (question), (reply)) ? "kept: " reply : "passed", "passed")

static void kinds(void)
{
	sodns_test_t *t = SODNS_TEST("cache");
	NOT_KEPT(t, "a.example.org. A", "NXDOMAIN\n");
	NOT_KEPT(t, "a.example.org. A", "REFUSED\n");
	NOT_KEPT(t, "a.example.org. A", "FORMERR\n");
	NOT_KEPT(t, "a.example.org. A", "ERROR not written\n");
	NOT_KEPT(t, "a.example.org. A", "NOERROR tc\na.example.org. 60 IN A 192.0.2.1\n");
	NOT_KEPT(t, "a.example.org. A", "NXDOMAIN\n" CNAME("a", "b"));
	NOT_KEPT(t, "a.example.org. A", "NXDOMAIN\n" CNAME("a", "b") CNAME("b", "a") SOA(60));
	NOT_KEPT(t, "a.example.org. A", "NXDOMAIN\n" CNAME("a", "b") CNAME("a", "c") SOA(60));
	NOT_KEPT(t, "a.example.org. A",
		 "NXDOMAIN\n" CNAME("a", "b") "b.example.org. 60 IN A 192.0.2.1\n" SOA(60));
	NOT_KEPT(t, "a.example.org. CNAME", "NXDOMAIN\n" CNAME("a", "b") SOA(60));
	NOT_KEPT(t, "a.example.org. A", "NOERROR\n" CNAME("a", "b"));
	NOT_KEPT(t, "a.example.org. A", "NOERROR\n" CNAME("a", "b") CNAME("b", "a"));
	NOT_KEPT(t, "a.example.org. A",
		 "NOERROR\n" CNAME("a", "b") CNAME("a", "c") "c.example.org. 60 IN A 192.0.2.1\n");
	NOT_KEPT(t, "a.example.org. A", "NOERROR\nother.example.org. 60 IN A 192.0.2.1\n");
	NOT_KEPT(t, "a.example.org. AXFR tcp", "NOERROR\n" SOA(60));
	NOT_KEPT(t, "a.example.org. A notify", "NOERROR\n" SOA(60));
	KEPT(t, "b.example.org. A",
	     "NOERROR\n" CNAME("c", "d") CNAME("b", "c") "D.example.org. 60 IN A 192.0.2.1\n");
	KEPT(t, "c.example.org. A", "NOERROR\n" CNAME("c", "d") SOA(60));
	/* NXDOMAIN of the last name is kept for the question, and for no other. */
	KEPT(t, "nx.example.org. A", "NXDOMAIN\n" CNAME("nx", "d") CNAME("d", "e") SOA(60));
	KEPT(t, "nx.example.org. AAAA", "NXDOMAIN\n" CNAME("nx", "d") SOA(60));
	sodns_test_next(t, "NOERROR\n" CNAME("nx", "d"));
	SODNS_ANSWER(t, "nx.example.org. CNAME", "NOERROR rd\n" CNAME("nx", "d"));
	sodns_test_next(t, "NOERROR\nd.example.org. 60 IN A 192.0.2.1\n");
	SODNS_ANSWER(t, "d.example.org. A", "NOERROR rd\nd.example.org. 60 IN A 192.0.2.1\n");
	KEPT(t, "c.example.org. CNAME", "NOERROR\n" CNAME("c", "d"));
	KEPT(t, "c.example.org. ANY", "NOERROR\nc.example.org. 60 IN TXT x\n");
	KEPT(t, "d.example.org. A", "NOERROR\n;additional\nd.example.org. 60 IN A 192.0.2.1\n");
	KEPT(t, "e.example.org. A", "NOERROR\n");
	KEPT(t, "f.example.org. A", "NOERROR\n;authority\nexample.org. 60 IN NS ns.example.org.\n");
	KEPT(t, "g.example.org. A", "SERVFAIL\n");
	KEPT(t, "h.example.org. A", "NOTIMP\n");
	sodns_test_end(t);
	t = SODNS_TEST("cache {\n servfail 0\n}");
	NOT_KEPT(t, "g.example.org. A", "SERVFAIL\n");
	sodns_test_end(t);
	t = SODNS_TEST("cache {\n servfail 2m\n}");
	KEPT(t, "g.example.org. A", "SERVFAIL\n");
	sodns_test_advance(t, 119000);
	SODNS_ANSWER(t, "g.example.org. A", "SERVFAIL aa rd\n");
	sodns_test_end(t);
}

/* Zones that are not cached, or not wholly. */
static void zones(void)
{
	sodns_test_t *t = SODNS_TEST("cache 60 a.test b.test c.test {\n disable success b.test\n "
				     "disable denial c.test\n}");
	KEPT(t, "w.a.test. A", "NOERROR\nw.a.test. 60 IN A 192.0.2.1\n");
	KEPT(t, "n.a.test. A", "NXDOMAIN\n" SOA(60));
	NOT_KEPT(t, "w.b.test. A", "NOERROR\nw.b.test. 60 IN A 192.0.2.1\n");
	KEPT(t, "n.b.test. A", "NXDOMAIN\n" SOA(60));
	KEPT(t, "w.c.test. A", "NOERROR\nw.c.test. 60 IN A 192.0.2.1\n");
	NOT_KEPT(t, "n.c.test. A", "NXDOMAIN\n" SOA(60));
	NOT_KEPT(t, "w.d.test. A", "NOERROR\nw.d.test. 60 IN A 192.0.2.1\n");
	sodns_test_end(t);
	t = SODNS_TEST("cache {\n keepttl\n disable success\n}");
	NOT_KEPT(t, "w.a.test. A", "NOERROR\nw.a.test. 60 IN A 192.0.2.1\n");
	sodns_test_next(t, "NXDOMAIN\n" SOA(60));
	SODNS_ANSWER(t, "n.a.test. A", "NXDOMAIN rd\n" SOA(60));
	sodns_test_advance(t, 30000);
	SODNS_ANSWER(t, "n.a.test. A", "NXDOMAIN aa rd\n" SOA(60));
	sodns_test_advance(t, 30000);
	SODNS_ANSWER(t, "n.a.test. A", "NXDOMAIN rd\n" SOA(60));
	sodns_test_end(t);
}

/* Big answers are cut for those who have no room, in whatever letters they ask. */
static void sizes(void)
{
	char big[8192];
	size_t n = (size_t)sprintf(big, "NOERROR\n");
	for (unsigned i = 0; i < 60; i++)
		n += (size_t)sprintf(big + n, "www.example.org. 60 IN A 192.0.2.%u\n", i);
	sodns_test_t *t = SODNS_TEST("cache");
	sodns_test_next(t, big);
	SODNS_CONTAINS(sodns_test_ask(t, WWW " tcp"), "NOERROR rd\n");
	sodns_test_next(t, "YXDOMAIN\n");
	SODNS_CONTAINS(sodns_test_ask(t, WWW), "NOERROR aa tc rd\n");
	SODNS_CONTAINS(sodns_test_ask(t, "WWW.example.org. A"), "NOERROR aa tc rd\n");
	SODNS_CONTAINS(sodns_test_ask(t, WWW " edns"), "192.0.2.59\n");
	SODNS_CONTAINS(sodns_test_ask(t, "WWW.example.org. A tcp"), "192.0.2.59\n");
	sodns_test_end(t);
}

static void prefetch(void)
{
	sodns_test_t *t = SODNS_TEST("cache {\n prefetch 2 1m 50%\n}");
	sodns_test_next(t, "NOERROR\n" ONE(60));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(60));
	sodns_test_next(t, "NOERROR\n" TWO(60));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(60));
	sodns_test_advance(t, 29000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(31));
	sodns_test_advance(t, 1000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(30));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(30));
	sodns_test_advance(t, 0);
	sodns_test_advance(t, 1000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(59));
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_prefetch_total" LABELS "1\n");
	/* It is as popular as the one before. */
	sodns_test_next(t, "NOERROR\n" ONE(60));
	sodns_test_advance(t, 30000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(29));
	sodns_test_advance(t, 0);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(60));
	/* A gap, and it is popular no more. */
	sodns_test_next(t, "NOERROR\n" TWO(600));
	sodns_test_advance(t, 59000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(1));
	sodns_test_advance(t, 0);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(600));
	sodns_test_advance(t, 590000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(10));
	sodns_test_advance(t, 0);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(10));
	sodns_test_end(t);
}

static void stale(void)
{
	sodns_test_t *t = SODNS_TEST("cache {\n success 1024 3600 1\n serve_stale\n}");
	sodns_test_next(t, "NOERROR\n" ONE(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(10));
	sodns_test_next(t, "SERVFAIL\n");
	sodns_test_advance(t, 20000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	sodns_test_advance(t, 0);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	sodns_test_advance(t, 0);
	sodns_test_next(t, "NOERROR\n" TWO(10));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	sodns_test_advance(t, 0);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(10));
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_served_stale_total" LABELS "3\n");
	sodns_test_advance(t, 3609000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(0));
	sodns_test_end(t);
	/* After an hour nothing is left; a name that has gone is an answer, too. */
	t = SODNS_TEST("cache {\n serve_stale 1h immediate 30s 30s\n}");
	sodns_test_next(t, "NOERROR\n" ONE(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(10));
	sodns_test_next(t, "ERROR dead");
	sodns_test_advance(t, 3609000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(30));
	sodns_test_advance(t, 0);
	/* Not asked again before 30 s have passed. */
	sodns_test_next(t, "NOERROR\n" TWO(10));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(30));
	sodns_test_advance(t, 1000);
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" TWO(10));
	sodns_test_advance(t, 60000);
	sodns_test_next(t, "NXDOMAIN\n" SOA(60));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(30));
	sodns_test_advance(t, 0);
	SODNS_ANSWER(t, WWW, "NXDOMAIN aa rd\n" SOA(60));
	sodns_test_end(t);
}

static double metric(const char *name)
{
	const char *at = strstr(sodns_test_metrics(), name);
	return at ? atof(at + strlen(name)) : 0;
}

static void verified(void)
{
	double stales = metric("coredns_cache_served_stale_total" LABELS);
	sodns_test_t *t = SODNS_TEST("cache {\n serve_stale 1h verify\n}");
	sodns_test_next(t, "NOERROR\n" ONE(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(10));
	sodns_test_next(t, "SERVFAIL\n");
	sodns_test_advance(t, 20000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	sodns_test_next(t, "NOERROR ra\n" TWO(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd ra\n" TWO(10));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd ra\n" TWO(10));
	sodns_test_end(t);
	/* The next plugin takes 300 ms for each answer, the client's patience is 100. */
	t = SODNS_TEST(". {\n cache {\n serve_stale 1h verify 100ms 7s\n}\n erratic {\n drop 0\n "
		       "delay 1 300ms\n}\n}");
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\nwww.example.org. 5 IN A 192.0.2.53\n");
	sodns_test_advance(t, 6000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\nwww.example.org. 7 IN A 192.0.2.53\n");
	sodns_test_advance(t, 250);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\nwww.example.org. 5 IN A 192.0.2.53\n");
	sodns_test_end(t);
	t = SODNS_TEST(". {\n cache {\n serve_stale 1h verify 400ms 7s 10s\n}\n erratic {\n drop "
		       "0\n delay 1 300ms\n}\n}");
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\nwww.example.org. 5 IN A 192.0.2.53\n");
	sodns_test_advance(t, 6000);
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\nwww.example.org. 5 IN A 192.0.2.53\n");
	stales = metric("coredns_cache_served_stale_total" LABELS) - stales;
	SODNS_CONTAINS(stales == 2 ? "two" : "other than two", "two");
	sodns_test_end(t);
}

/* The last good answer stands before everything that came later. */
static void preferred(void)
{
	sodns_test_t *t = SODNS_TEST(
		"cache {\n serve_stale 1h verify\n serve_stale_policy prefer_positive\n}");
	sodns_test_next(t, "NOERROR\n" ONE(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(10));
	sodns_test_advance(t, 20000);
	sodns_test_next(t, "NXDOMAIN\n" SOA(60));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	/* A referral takes the place of the answer, but does not destroy it. */
	sodns_test_next(t, "NOERROR\n;authority\nexample.org. 60 IN NS ns.example.org.\n");
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" ONE(0));
	sodns_test_next(t, "NOERROR\n" TWO(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" TWO(10));
	SODNS_ANSWER(t, WWW, "NOERROR aa rd\n" TWO(10));
	sodns_test_end(t);
	/* Without the policy the denial holds. */
	t = SODNS_TEST("cache {\n serve_stale 1h verify\n}");
	sodns_test_next(t, "NOERROR\n" ONE(10));
	SODNS_ANSWER(t, WWW, "NOERROR rd\n" ONE(10));
	sodns_test_advance(t, 20000);
	sodns_test_next(t, "NXDOMAIN\n" SOA(60));
	SODNS_ANSWER(t, WWW, "NXDOMAIN rd\n" SOA(60));
	SODNS_ANSWER(t, WWW, "NXDOMAIN aa rd\n" SOA(60));
	sodns_test_end(t);
}

static void fill(sodns_test_t *t, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char question[64];
		snprintf(question, sizeof(question), "n%u.example.org. TXT", i);
		sodns_test_ask(t, question);
	}
}

static void eviction(void)
{
	sodns_test_t *t = SODNS_TEST("cache {\n success 1024\n}");
	char text[64];
	sodns_test_next(t, "NOERROR\n");
	double evicted = metric("coredns_cache_evictions_total" TYPED("success"));
	/* Popular ones, then a scan of ten times the capacity. */
	fill(t, 0, 500);
	fill(t, 0, 500);
	fill(t, 1000, 11000);
	double hits = metric("coredns_cache_hits_total" TYPED("success"));
	fill(t, 0, 500);
	hits = metric("coredns_cache_hits_total" TYPED("success")) - hits;
	snprintf(text, sizeof(text), "%g popular names survived", hits);
	SODNS_CONTAINS(hits >= 490 ? "enough" : text, "enough");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_cache_entries" TYPED("success") "1024\n");
	evicted = metric("coredns_cache_evictions_total" TYPED("success")) - evicted;
	SODNS_CONTAINS(evicted >= 9476 && evicted <= 9576 ? "as many as came" : "another number",
		       "as many as came");
	sodns_test_end(t);
	/* Bytes count, too. */
	t = SODNS_TEST("cache {\n bytes 128K\n}");
	sodns_test_next(t, "NOERROR\n");
	fill(t, 0, 3000);
	double bytes = metric("sodns_cache_bytes" LABELS);
	snprintf(text, sizeof(text), "%g bytes", bytes);
	SODNS_CONTAINS(bytes > 64e3 && bytes <= 131072 ? "within" : text, "within");
	sodns_test_end(t);
}

int main(void)
{
	refusals();
	hits();
	limits();
	denials();
	kinds();
	zones();
	sizes();
	prefetch();
	stale();
	verified();
	preferred();
	eviction();
	return sodns_test_result();
}
