/*
 * Counting a query at its place: an array access for each metric.
 */
#include <stdlib.h>
#include <string.h>

#include "prometheus.h"

#define SIZES                                                                                      \
	{                                                                                          \
		0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16e3, 32e3, 48e3, 64e3         \
	}
static const double sizes[] = SIZES;
/* From 0.25 ms to 8 s, doubling. */
static const double times[] = {0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
			       0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const by_place[] = {"server", "zone", "view", NULL};
static const char *const by_proto[] = {"server", "zone", "view", "proto", NULL};
static const char *const by_type[] = {"server", "zone", "view", "proto", "family", "type", NULL};
static const char *const by_rcode[] = {"server", "zone", "view", "rcode", "plugin", NULL};

static const sodns_family_t requests = {
	.name = "coredns_dns_requests_total",
	.help = "Counter of DNS requests made per zone, protocol and family.",
	.labels = by_type};
static const sodns_family_t duration = {
	.name = "coredns_dns_request_duration_seconds",
	.help = "Histogram of the time (in seconds) each request took per zone.",
	.kind = SODNS_HISTOGRAM,
	.labels = by_place,
	.buckets = times,
	.bucket_count = COUNT(times)};
static const sodns_family_t request_size = {
	.name = "coredns_dns_request_size_bytes",
	.help = "Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.",
	.kind = SODNS_HISTOGRAM,
	.labels = by_proto,
	.buckets = sizes,
	.bucket_count = COUNT(sizes)};
static const sodns_family_t with_do = {.name = "coredns_dns_do_requests_total",
				       .help = "Counter of DNS requests with DO bit set per zone.",
				       .labels = by_place};
static const sodns_family_t response_size = {.name = "coredns_dns_response_size_bytes",
					     .help = "Size of the returned response in bytes.",
					     .kind = SODNS_HISTOGRAM,
					     .labels = by_proto,
					     .buckets = sizes,
					     .bucket_count = COUNT(sizes)};
static const sodns_family_t responses = {.name = "coredns_dns_responses_total",
					 .help = "Counter of response status codes.",
					 .labels = by_rcode};

/* Types that have a label of their own; all others are "other". */
static const uint16_t told_apart[TYPES - 1] = {
	SODNS_TYPE_A,     SODNS_TYPE_AAAA,  SODNS_TYPE_CNAME, SODNS_TYPE_DNSKEY, SODNS_TYPE_DS,
	SODNS_TYPE_MX,    SODNS_TYPE_NSEC3, SODNS_TYPE_NSEC,  SODNS_TYPE_NS,     SODNS_TYPE_PTR,
	SODNS_TYPE_RRSIG, SODNS_TYPE_SOA,   SODNS_TYPE_SRV,   SODNS_TYPE_TXT,    SODNS_TYPE_HTTPS,
	SODNS_TYPE_SVCB,  SODNS_TYPE_IXFR,  SODNS_TYPE_AXFR,  SODNS_TYPE_ANY};

static size_t type_index(uint16_t type)
{
	size_t i = 0;
	while (i < TYPES - 1 && told_apart[i] != type)
		i++;
	return i;
}

/* Directives as small numbers; a name keeps its number for the life of the process. Names are the
 * plugins' own constants or copies that live as long: compared by pointer first. */
static _Atomic(const char *) plugins[PLUGINS_MAX];

static size_t plugin_index(const char *name)
{
	for (size_t i = 0; i < PLUGINS_MAX - 1; i++) {
		const char *known = atomic_load_explicit(&plugins[i], memory_order_acquire);
		if (known == name || (known && !strcmp(known, name)))
			return i;
		if (known)
			continue;
		char *copy = strdup(name);
		if (!copy)
			break;
		if (atomic_compare_exchange_strong(&plugins[i], &known, copy))
			return i;
		free(copy);
		i--;
	}
	return PLUGINS_MAX - 1;
}

/* The metric in a cell, found by its labels at the first time; two threads find the same one. */
static sodns_metric_t *in_cell(_Atomic(sodns_metric_t *) *cell, const sodns_family_t *family,
			       const char *const *values)
{
	sodns_metric_t *m = atomic_load_explicit(cell, memory_order_acquire);
	if (__builtin_expect(!m, 0)) {
		m = sodns_metric(family, values);
		atomic_store_explicit(cell, m, memory_order_release);
	}
	return m;
}

static void count_request(struct place *p, const sodns_query_t *q)
{
	char buf[16];
	bool tcp = sodns_query_proto(q)[0] == 't', six = sodns_query_peer(q)->family == 6;
	size_t type = type_index(sodns_query_type(q));
	const char *const values[] = {
		p->server,
		p->zone,
		p->view,
		tcp ? "tcp" : "udp",
		six ? "2" : "1",
		type < TYPES - 1 ? sodns_type_text(told_apart[type], buf) : "other"};
	sodns_metric_add(in_cell(&p->requests[tcp][six][type], &requests, values), 1);
	sodns_metric_observe(in_cell(&p->request_size[tcp], &request_size, values),
			     (double)sodns_query_length(q));
	if (sodns_query_do(q))
		sodns_metric_add(in_cell(&p->with_do, &with_do, values), 1);
}

static void count_response(struct place *p, const sodns_query_t *q, const struct outcome *o)
{
	char buf[16];
	bool tcp = sodns_query_proto(q)[0] == 't';
	size_t rcode = o->rcode >= 0 && o->rcode < RCODES - 1 ? (size_t)o->rcode : RCODES - 1;
	size_t plugin = plugin_index(o->plugin);
	const char *const sized[] = {p->server, p->zone, p->view, tcp ? "tcp" : "udp"};
	const char *const values[] = {p->server, p->zone, p->view, sodns_rcode_text(o->rcode, buf),
				      o->plugin};
	sodns_metric_observe(in_cell(&p->response_size[tcp], &response_size, sized),
			     (double)o->size);
	_Atomic(sodns_metric_t *) *row = atomic_load(&p->responses[rcode]);
	if (!row) {
		_Atomic(sodns_metric_t *) *made = calloc(PLUGINS_MAX, sizeof(*made));
		if (!made)
			return;
		if (atomic_compare_exchange_strong(&p->responses[rcode], &row, made))
			row = made;
		else
			free((void *)made);
	}
	sodns_metric_add(in_cell(&row[plugin], &responses, values), 1);
}

void place_count(struct place *p, sodns_query_t *q, const struct outcome *o, uint64_t ns)
{
	const char *const values[] = {p->server, p->zone, p->view};
	count_request(p, q);
	count_response(p, q, o);
	sodns_metric_observe(in_cell(&p->duration, &duration, values), (double)ns / 1e9);
}
