/*
 * What is counted: CoreDNS's names and labels.
 */
#include "forward.h"

static const char *const by_to[] = {"proxy_name", "to", NULL};
static const char *const by_rcode[] = {"proxy_name", "to", "rcode", NULL};
static const char *const by_proto[] = {"proxy_name", "to", "proto", NULL};
static const double times[] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
			       0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};

static const sodns_family_t duration = {.name = "coredns_proxy_request_duration_seconds",
					.help = "Histogram of the time each request took.",
					.kind = SODNS_HISTOGRAM,
					.labels = by_rcode,
					.buckets = times,
					.bucket_count = sizeof(times) / sizeof(times[0])};
static const sodns_family_t check_failures = {
	.name = "coredns_proxy_healthcheck_failures_total",
	.help = "Counter of the number of failed healthchecks.",
	.labels = by_to};
static const sodns_family_t hits = {
	.name = "coredns_proxy_conn_cache_hits_total",
	.help = "Counter of connection cache hits per upstream and protocol.",
	.labels = by_proto};
static const sodns_family_t misses = {
	.name = "coredns_proxy_conn_cache_misses_total",
	.help = "Counter of connection cache misses per upstream and protocol.",
	.labels = by_proto};
static const sodns_family_t broken = {
	.name = "coredns_forward_healthcheck_broken_total",
	.help = "Counter of the number of complete failures of the healthchecks."};
static const sodns_family_t rejects = {
	.name = "coredns_forward_max_concurrent_rejects_total",
	.help = "Counter of the number of queries rejected because the concurrent queries were at "
		"maximum."};
static const sodns_family_t healthy = {
	.name = "sodns_forward_upstream_healthy",
	.help = "Whether an upstream passes for healthy (1) or is down (0).",
	.kind = SODNS_GAUGE,
	.labels = by_to};

void metrics_prepare(struct forward *f)
{
	f->broken = sodns_metric(&broken, NULL);
	f->rejects = sodns_metric(&rejects, NULL);
	for (unsigned i = 0; i < f->count; i++) {
		struct upstream *u = &f->upstreams[i];
		static const char *const names[] = {"tcp", "tcp-tls", "https"};
		const char *tcp = names[u->transport];
		const char *const to[] = {"forward", u->text};
		const char *const over_udp[] = {"forward", u->text, "udp"};
		const char *const over_tcp[] = {"forward", u->text, tcp};
		u->check_failures = sodns_metric(&check_failures, to);
		u->healthy = sodns_metric(&healthy, to);
		sodns_metric_set(u->healthy, 1);
		u->hits[0] = sodns_metric(&hits, over_udp);
		u->hits[1] = sodns_metric(&hits, over_tcp);
		u->misses_of[0] = sodns_metric(&misses, over_udp);
		u->misses_of[1] = sodns_metric(&misses, over_tcp);
	}
}

void metrics_begun(struct upstream *u, const sodns_exchange_t *x)
{
	bool tcp = x->protocol != SODNS_UDP;
	sodns_metric_add(x->reused ? u->hits[tcp] : u->misses_of[tcp], 1);
}

/* Found when first needed: most upstreams give few rcodes. */
static sodns_metric_t *duration_of(struct upstream *u, int rcode)
{
	char buf[16];
	const char *const labels[] = {"forward", u->text, sodns_rcode_text(rcode, buf)};
	sodns_metric_t *m = atomic_load_explicit(&u->duration[rcode], memory_order_acquire);
	if (m)
		return m;
	m = sodns_metric(&duration, labels);
	atomic_store_explicit(&u->duration[rcode], m, memory_order_release);
	return m;
}

void metrics_answered(struct upstream *u, int rcode, uint64_t ns)
{
	sodns_metric_observe(duration_of(u, rcode), (double)ns / 1e9);
}
