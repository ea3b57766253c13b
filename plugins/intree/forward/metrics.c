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
		const char *const to[] = {"forward", u->text};
		u->healthy = sodns_metric(&healthy, to);
	}
}

/* Found when first needed: most upstreams give few rcodes, and CoreDNS shows no zeros either. */
static sodns_metric_t *first_needed(_Atomic(sodns_metric_t *) *slot, const sodns_family_t *family,
				    const char *const labels[])
{
	sodns_metric_t *m = atomic_load_explicit(slot, memory_order_acquire);
	if (m)
		return m;
	m = sodns_metric(family, labels);
	atomic_store_explicit(slot, m, memory_order_release);
	return m;
}

void metrics_begun(struct upstream *u, const sodns_exchange_t *x)
{
	bool tcp = x->protocol != SODNS_UDP;
	static const char *const over_tcp[] = {"tcp", "tcp-tls", "https"};
	const char *const labels[] = {"forward", u->text, tcp ? over_tcp[u->transport] : "udp"};
	_Atomic(sodns_metric_t *) *slot = x->reused ? &u->hits[tcp] : &u->misses_of[tcp];
	sodns_metric_add(first_needed(slot, x->reused ? &hits : &misses, labels), 1);
}

void metrics_unwanted(const struct upstream *u, const char *reason)
{
	static const char *const by_reason[] = {"to", "reason", NULL};
	static const sodns_family_t family = {
		.name = "sodns_upstream_unwanted_total",
		.help = "Messages from an upstream's address that answered nothing as it was "
			"asked.",
		.labels = by_reason};
	const char *const labels[] = {u->text, reason};
	sodns_metric_count(&family, labels, 1);
}

void metrics_check_failed(struct upstream *u)
{
	const char *const labels[] = {"forward", u->text};
	sodns_metric_add(first_needed(&u->check_failures, &check_failures, labels), 1);
}

void metrics_answered(struct upstream *u, int rcode, uint64_t ns)
{
	char buf[16];
	const char *const labels[] = {"forward", u->text, sodns_rcode_text(rcode, buf)};
	sodns_metric_observe(first_needed(&u->duration[rcode], &duration, labels),
			     (double)ns / 1e9);
}
