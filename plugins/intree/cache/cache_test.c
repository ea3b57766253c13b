/* The cache, from the directive to what clients get: what is kept, for how long, in which form. */
#include <stdio.h>
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
		      "invalid value for serve_stale refresh mode: later");
	SODNS_REFUSED("cache {\n serve_stale -1h\n}", "invalid negative duration for serve_stale");
	SODNS_REFUSED("cache {\n serve_stale 1h immediate 1500ms\n}",
		      "serve_stale response TTL must be a whole number of seconds");
	SODNS_REFUSED("cache {\n serve_stale 1h immediate 1s 1s 1s\n}",
		      "Wrong argument count or unexpected line ending after '1s'");
	SODNS_REFUSED("cache {\n serve_stale 1h verify 1s 1s 6m\n}",
		      "serve_stale failure recheck cannot exceed 5 minutes");
	SODNS_REFUSED("cache {\n serve_stale 1h verify x\n}",
		      "invalid serve_stale verify timeout: time: invalid duration \"x\"");
	SODNS_REFUSED("cache {\n serve_stale_policy prefer_positive\n}",
		      "serve_stale_policy requires serve_stale");
	SODNS_REFUSED("cache {\n serve_stale\n serve_stale_policy other\n}",
		      "invalid serve_stale_policy: other");
	SODNS_REFUSED("cache {\n servfail 6m\n}",
		      "caching SERVFAIL responses over 5 minutes is not permitted");
	SODNS_REFUSED("cache {\n servfail -1s\n}", "invalid negative ttl for servfail");
	SODNS_REFUSED("cache {\n disable everything\n}",
		      "cache type for disable must be \"success\" or \"denial\"");
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

int main(void)
{
	refusals();
	hits();
	return sodns_test_result();
}
