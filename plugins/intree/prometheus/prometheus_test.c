/*
 * prometheus: what is counted, under which labels. The path itself is tested with whole servers
 * (golden).
 */
#include <sodns/test.h>

#define PLACE "{server=\"dns://:53\",view=\"\",zone=\"a.test.\""

static void refusals(void)
{
	SODNS_REFUSED("prometheus a:1 b",
		      "Wrong argument count or unexpected line ending after 'b'");
	SODNS_REFUSED("prometheus 9153", "address 9153: missing port in address");
	SODNS_REFUSED("prometheus {\n x\n}", "unknown option: x");
	SODNS_REFUSED("prometheus {\n tls web.yml\n}", "tls is not in this release");
	SODNS_REFUSED("prometheus a:1\nprometheus b:1",
		      "this plugin can only be used once per Server Block");
}

int main(void)
{
	refusals();
	sodns_test_t *t = SODNS_TEST("a.test {\n prometheus 127.0.0.1:0\n whoami\n}\n"
				     "b.test {\n prometheus 127.0.0.1:0\n}\n");
	sodns_test_ask(t, "x.a.test. A");
	sodns_test_ask(t, "x.a.test. A do");
	sodns_test_ask(t, "x.a.test. TYPE65400 tcp from=[2001:db8::1]:5");
	sodns_test_ask(t, "x.b.test. A");
	sodns_test_ask(t, "elsewhere. A");
	const char *m = sodns_test_metrics();
	SODNS_CONTAINS(m, "coredns_dns_requests_total{family=\"1\",proto=\"udp\",server=\"dns://"
			  ":53\",type=\"A\",view=\"\",zone=\"a.test.\"} 2\n");
	SODNS_CONTAINS(m, "coredns_dns_requests_total{family=\"2\",proto=\"tcp\",server=\"dns://"
			  ":53\",type=\"other\",view=\"\",zone=\"a.test.\"} 1\n");
	SODNS_CONTAINS(m, "coredns_dns_requests_total{family=\"1\",proto=\"udp\",server=\"dns://"
			  ":53\",type=\"A\",view=\"\",zone=\"dropped\"} 1\n");
	SODNS_CONTAINS(m, "coredns_dns_responses_total{plugin=\"whoami\",rcode=\"NOERROR\","
			  "server=\"dns://:53\",view=\"\",zone=\"a.test.\"} 3\n");
	SODNS_CONTAINS(m, "coredns_dns_responses_total{plugin=\"\",rcode=\"SERVFAIL\","
			  "server=\"dns://:53\",view=\"\",zone=\"b.test.\"} 1\n");
	SODNS_CONTAINS(m, "coredns_dns_responses_total{plugin=\"\",rcode=\"REFUSED\","
			  "server=\"dns://:53\",view=\"\",zone=\"dropped\"} 1\n");
	SODNS_CONTAINS(m, "coredns_dns_do_requests_total" PLACE "} 1\n");
	SODNS_CONTAINS(m, "coredns_dns_request_duration_seconds_count" PLACE "} 3\n");
	SODNS_CONTAINS(m, "coredns_plugin_enabled{name=\"whoami\",server=\"dns://:53\",view=\"\","
			  "zone=\"a.test.\"} 1\n");
	/* What has no labels is there from the start, whatever plugins are used. */
	SODNS_CONTAINS(m, "coredns_panics_total 0\n");
	SODNS_CONTAINS(m, "coredns_reload_failed_total 0\n");
	SODNS_CONTAINS(m, "coredns_forward_healthcheck_broken_total 0\n");
	SODNS_CONTAINS(m, "coredns_forward_max_concurrent_rejects_total 0\n");
	SODNS_CONTAINS(m, "coredns_health_request_failures_total 0\n");
	SODNS_CONTAINS(m, "coredns_health_request_duration_seconds_count 0\n");
	SODNS_CONTAINS(m, "coredns_hosts_reload_timestamp_seconds 0\n");
	SODNS_CONTAINS(m, "coredns_local_localhost_requests_total 0\n");
	SODNS_CONTAINS(m, "sodns_failed_starts_total 0\n");
	SODNS_CONTAINS(m, "sodns_suspects_total 0\n");
	SODNS_CONTAINS(m, "sodns_regex_limit_total 0\n");
	SODNS_CONTAINS(m, "coredns_build_info{goversion=\"");
	sodns_test_end(t);
	SODNS_CONTAINS(sodns_test_metrics(), "coredns_plugin_enabled{name=\"whoami\",server=\"dns:"
					     "//:53\",view=\"\",zone=\"a.test.\"} 0\n");
	return sodns_test_result();
}
