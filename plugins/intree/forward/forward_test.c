/*
 * forward: the directive, which upstreams it asks in which order, and what is made of the answers.
 */
#include <stdio.h>

#include <sodns/test.h>

#define A "192.0.2.1:53"
#define B "192.0.2.2:53"
#define FROM_A "NOERROR ra rd\nwww.test. 60 IN A 10.0.0.1\n"
#define FROM_B "NOERROR ra rd\nwww.test. 60 IN A 10.0.0.2\n"
#define GOT_A "NOERROR rd ra\nwww.test. 60 IN A 10.0.0.1\n"
#define GOT_B "NOERROR rd ra\nwww.test. 60 IN A 10.0.0.2\n"
#define TWO(properties) "forward . 192.0.2.1 192.0.2.2 {\n policy sequential\n" properties "\n}"
#define ONE(properties) "forward . 192.0.2.1 {\n" properties "\n}"

static void expect_asked(sodns_test_t *t, const char *address, unsigned times)
{
	char want[64], got[64];
	unsigned n = sodns_test_upstream_asked(t, address);
	snprintf(want, sizeof(want), "%s asked %u times", address, times);
	snprintf(got, sizeof(got), "%s asked %u times", address, n);
	SODNS_CONTAINS(got, want);
}

static void test_refused(void)
{
	SODNS_REFUSED("forward", "Wrong argument count or unexpected line ending after 'forward'");
	SODNS_REFUSED("forward .", "Wrong argument count or unexpected line ending after '.'");
	SODNS_REFUSED(ONE("max_fails x"), "strconv.ParseUint: parsing \"x\": invalid syntax");
	SODNS_REFUSED(
		ONE("max_fails 99999999999"),
		"strconv.ParseUint: parsing \"99999999999\": value out of range [0, 4294967295]");
	SODNS_REFUSED(ONE("max_concurrent -1"), "max_concurrent can't be negative: -1");
	SODNS_REFUSED(ONE("max_idle_conns -1"), "max_idle_conns can't be negative: -1");
	SODNS_REFUSED(ONE("expire -1s"), "expire can't be negative: -1s");
	SODNS_REFUSED(ONE("expire 5"), "time: missing unit in duration \"5\"");
	SODNS_REFUSED(ONE("max_age 1s"), "max_age (1s) must not be less than expire (10s)");
	SODNS_REFUSED(ONE("read_timeout 0s"), "read_timeout must be positive: 0s");
	SODNS_REFUSED(ONE("health_check 1s now"), "health_check: unknown option now");
	SODNS_REFUSED(ONE("health_check 1s domain a..b"), "health_check: invalid domain name a..b");
	SODNS_REFUSED(ONE("policy best"),
		      "unknown policy 'best' (random, round_robin or sequential)");
	SODNS_REFUSED(ONE("next X"), "X is not a valid rcode");
	SODNS_REFUSED(ONE("failover NOERROR"), "NoError cannot be used in failover");
	SODNS_REFUSED(ONE("doh_method PUT"), "doh_method must be either POST or GET");
	SODNS_REFUSED(ONE("source_address x"), "invalid IP address: x");
	SODNS_REFUSED(ONE("resolver a.b"), "resolver must be an IP address or IP:port: \"a.b\"");
	SODNS_REFUSED(ONE("maxfails 1"), "unknown property 'maxfails' (did you mean 'max_fails'?)");
	SODNS_REFUSED("forward . grpc://127.0.0.1",
		      "'grpc' is not supported as a destination protocol in forward: "
		      "grpc://127.0.0.1:443");
	SODNS_REFUSED("forward . quic://[::1]",
		      "'quic' is not supported as a destination protocol in forward: "
		      "quic://[::1]:853");
	SODNS_REFUSED("forward . quic://127.0.0.1:8853",
		      "'quic' is not supported as a destination protocol in forward: "
		      "quic://127.0.0.1:8853");
	SODNS_REFUSED("forward . unix:///run/dns",
		      "'unix' is not supported as a destination protocol in forward: "
		      "unix:///run/dns");
	SODNS_REFUSED("forward . https://127.0.0.1/dns-query",
		      "paths are not allowed in HTTPS upstream addresses (the /dns-query path is "
		      "used by default): https://127.0.0.1/dns-query");
	SODNS_REFUSED("forward . tls://192.0.2.1%a.b {\n tls_servername x\n}",
		      "both forward ('x') and proxy level ('a.b') TLS servernames are set for "
		      "upstream proxy 'tls://192.0.2.1'");
	SODNS_REFUSED("forward . no..such",
		      "not an IP address, file, or valid domain: \"no..such\"");
	SODNS_REFUSED("forward . dns://", "invalid address: \"dns://\"");
	SODNS_REFUSED("forward . [fe80::1%nosuch0]:53",
		      "no network interface has the name or number \"nosuch0\": "
		      "\"[fe80::1%nosuch0]:53\"");
	SODNS_REFUSED(ONE("random_case maybe"), "random_case must be on or off: \"maybe\"");
	SODNS_REFUSED(ONE("cookies maybe"), "cookies must be on or off: \"maybe\"");
	SODNS_REFUSED(ONE("cookies on off"),
		      "Wrong argument count or unexpected line ending after 'off'");
	SODNS_REFUSED(ONE("pass_options"),
		      "Wrong argument count or unexpected line ending after 'pass_options'");
	SODNS_REFUSED(ONE("pass_options nsid cookie"),
		      "not an EDNS option that can be passed on: \"cookie\" (nsid, dau, dhu, n3u, "
		      "ecs, expire, padding or a number from 1 to 65534 but 10 and 11)");
	SODNS_REFUSED(ONE("pass_options 10"),
		      "not an EDNS option that can be passed on: \"10\" (nsid, dau, dhu, n3u, "
		      "ecs, expire, padding or a number from 1 to 65534 but 10 and 11)");
	sodns_test_file("empty.conf", "# nothing\nsearch x\n");
	SODNS_REFUSED("forward . empty.conf", "no valid upstream addresses found");
}

static void test_where(void)
{
	sodns_test_file("resolv.conf", "search x\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n");
	sodns_test_t *t = SODNS_TEST("forward test resolv.conf {\n policy sequential\n except "
				     "no.test\n}");
	sodns_test_upstream(t, A, FROM_A, 0);
	sodns_test_next(t, "NXDOMAIN");
	SODNS_ANSWER(t, "www.test. A", GOT_A);
	SODNS_ANSWER(t, "test. A", "NOERROR rd ra\nwww.test. 60 IN A 10.0.0.1\n");
	SODNS_ANSWER(t, "a.no.test. A", "NXDOMAIN rd\n");
	SODNS_ANSWER(t, "other. A", "NXDOMAIN rd\n");
	expect_asked(t, A, 2);
	SODNS_CONTAINS(sodns_test_metrics(),
		       "coredns_proxy_request_duration_seconds_count{proxy_name=\"forward\","
		       "rcode=\"NOERROR\",to=\"192.0.2.1:53\"} 2");
	sodns_test_end(t);
}

/* An address of a link has its interface; the same one on another link is another server. */
static void test_zones(void)
{
	static const char *const to[] = {"[fe80::1%lo]:53", "fe80::1%1", "dns://[fe80::1%lo]",
					 "dns://fe80::1%1"};
	char corefile[64];
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		snprintf(corefile, sizeof(corefile), "forward . %s", to[i]);
		sodns_test_t *t = SODNS_TEST(corefile);
		sodns_test_upstream(t, "[fe80::1%lo]:53", FROM_A, 0);
		SODNS_ANSWER(t, "www.test. A", GOT_A);
		SODNS_CONTAINS(sodns_test_metrics(), "to=\"[fe80::1%lo]:53\"");
		sodns_test_end(t);
	}
}

/* The client's flags come back as the upstream has them; its OPT record is the client's own. */
static void test_passed_on(void)
{
	sodns_test_t *t = SODNS_TEST(ONE(""));
	sodns_test_upstream(
		t, A, "NXDOMAIN aa\n;authority\ntest. 5 IN SOA ns.test. root.test. 1 2 3 4 5\n", 0);
	SODNS_ANSWER(t, "x.test. A cd do size=1232",
		     "NXDOMAIN aa rd\n;authority\n"
		     "test. 5 IN SOA ns.test. root.test. 1 2 3 4 5\n;edns 1232 do\n");
	SODNS_ANSWER(t, "x.test. A nord",
		     "NXDOMAIN aa\n;authority\ntest. 5 IN SOA ns.test. root.test. 1 2 3 4 5\n");
	sodns_test_end(t);
}

static void test_order(void)
{
	sodns_test_t *t = SODNS_TEST("forward . 192.0.2.1 192.0.2.2 {\n policy round_robin\n}");
	sodns_test_upstream(t, A, FROM_A, 0);
	sodns_test_upstream(t, B, FROM_B, 0);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	SODNS_ANSWER(t, "www.test. A", GOT_A);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	sodns_test_end(t);

	/* Nothing listens at the first one: the second is asked at once. */
	t = SODNS_TEST(TWO(""));
	sodns_test_upstream(t, B, FROM_B, 0);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	expect_asked(t, B, 1);
	sodns_test_end(t);
}

/* A silent one has 500 ms, then the next is asked beside it; a late answer still counts. */
static void test_early_retry(void)
{
	sodns_test_t *t = SODNS_TEST(TWO("max_fails 0"));
	sodns_test_upstream(t, A, NULL, 0);
	sodns_test_upstream(t, B, FROM_B, 10);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	expect_asked(t, A, 1);
	expect_asked(t, B, 1);
	sodns_test_upstream(t, A, FROM_A, 700);
	sodns_test_upstream(t, B, FROM_B, 900);
	SODNS_ANSWER(t, "www.test. A", GOT_A);
	expect_asked(t, B, 2);
	sodns_test_end(t);
}

static void test_failover(void)
{
	sodns_test_t *t = SODNS_TEST(TWO("failover SERVFAIL REFUSED"));
	sodns_test_upstream(t, A, "SERVFAIL ra", 0);
	sodns_test_upstream(t, B, FROM_B, 0);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	sodns_test_upstream(t, B, "REFUSED ra", 0);
	SODNS_ANSWER(t, "www.test. A", "REFUSED rd ra\n");
	/* The first is not asked again while the last takes its time. */
	sodns_test_upstream(t, B, "REFUSED ra", 900);
	SODNS_ANSWER(t, "www.test. A", "REFUSED rd ra\n");
	expect_asked(t, A, 3);
	/* Nothing listens at the last: there is an answer from the first. */
	sodns_test_upstream(t, B, NULL, 0);
	SODNS_ANSWER(t, "www.test. A", "SERVFAIL rd ra\n");
	sodns_test_upstream(t, A, "NXDOMAIN ra", 0);
	SODNS_ANSWER(t, "www.test. A", "NXDOMAIN rd ra\n");
	sodns_test_end(t);
}

static void test_next(void)
{
	sodns_test_t *t = SODNS_TEST("forward . 192.0.2.1 {\n next NXDOMAIN\n next_on_nodata\n}\n"
				     "forward . 192.0.2.2 {\n next NXDOMAIN\n}");
	sodns_test_upstream(t, A, "NXDOMAIN ra", 0);
	sodns_test_upstream(t, B, FROM_B, 0);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	sodns_test_upstream(t, A, "NOERROR ra", 0);
	SODNS_ANSWER(t, "www.test. A", GOT_B);
	/* What comes behind the last forward is no forward. */
	sodns_test_upstream(t, B, "NXDOMAIN ra", 0);
	sodns_test_next(t, "REFUSED");
	SODNS_ANSWER(t, "www.test. A", "NXDOMAIN rd ra\n");
	sodns_test_end(t);
}

static void test_truncated(void)
{
	sodns_test_t *t = SODNS_TEST(ONE(""));
	sodns_test_upstream(t, A, "NOERROR tc ra", 0);
	SODNS_ANSWER(t, "www.test. A", "NOERROR tc rd ra\n");
	expect_asked(t, A, 1);
	sodns_test_end(t);
	/* Without checks of its health, which ask it as well, soon after it has failed. */
	t = SODNS_TEST(ONE("prefer_udp\n max_fails 0"));
	sodns_test_upstream(t, A, "NOERROR tc ra", 0);
	/* Over TCP it makes no sense. */
	SODNS_ANSWER(t, "www.test. A", "SERVFAIL rd\n");
	expect_asked(t, A, 3);
	sodns_test_end(t);
}

/* All silent: an answer before the client's five seconds, and no more attempts than allowed. */
static void test_silence(void)
{
	sodns_test_t *t = SODNS_TEST(ONE("max_fails 0"));
	sodns_test_upstream(t, A, NULL, 0);
	SODNS_ANSWER(t, "www.test. A", "SERVFAIL rd\n");
	expect_asked(t, A, 2);
	sodns_test_end(t);
	t = SODNS_TEST(ONE("max_fails 0\n max_connect_attempts 1\n read_timeout 300ms"));
	sodns_test_upstream(t, A, NULL, 0);
	SODNS_ANSWER(t, "www.test. A", "SERVFAIL rd\n");
	expect_asked(t, A, 1);
	sodns_test_end(t);
}

/* Checked after the first silence, down after max_fails + 1 failed checks, up after two good ones. */
static void test_health(void)
{
	sodns_test_t *t = SODNS_TEST(ONE("max_fails 1\n failfast_all_unhealthy_upstreams"));
	sodns_test_upstream(t, A, NULL, 0);
	SODNS_ANSWER(t, "www.test. A", "SERVFAIL rd\n");
	for (int i = 0; i < 10; i++)
		sodns_test_advance(t, 1000);
	unsigned asked = sodns_test_upstream_asked(t, A);
	SODNS_ANSWER(t, "www.test. A", "SERVFAIL rd\n");
	expect_asked(t, A, asked);
	SODNS_CONTAINS(
		sodns_test_metrics(),
		"sodns_forward_upstream_healthy{proxy_name=\"forward\",to=\"192.0.2.1:53\"} 0");
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_forward_healthcheck_broken_total 1\n");
	sodns_test_upstream(t, A, FROM_A, 0);
	for (int i = 0; i < 10; i++)
		sodns_test_advance(t, 1000);
	SODNS_ANSWER(t, "www.test. A", GOT_A);
	sodns_test_end(t);
}

int main(void)
{
	test_refused();
	test_where();
	test_zones();
	test_passed_on();
	test_order();
	test_early_retry();
	test_failover();
	test_next();
	test_truncated();
	test_silence();
	test_health();
	return sodns_test_result();
}
