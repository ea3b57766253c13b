/*
 * The metrics, CoreDNS's and two of our own.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>

#include "cache.h"

static const char *const plain[] = {"server", "zones", "view", NULL};
static const char *const by_type[] = {"server", "type", "zones", "view", NULL};

static const sodns_family_t families[] = {
	{.name = "coredns_cache_requests_total",
	 .help = "The count of cache requests.",
	 .labels = plain},
	{.name = "coredns_cache_misses_total",
	 .help = "The count of cache misses. Deprecated, derive misses from cache hits/requests "
		 "counters.",
	 .labels = plain},
	{.name = "coredns_cache_prefetch_total",
	 .help = "The number of times the cache has prefetched a cached item.",
	 .labels = plain},
	{.name = "coredns_cache_drops_total",
	 .help = "The number responses that are not cached, because the reply is malformed.",
	 .labels = plain},
	{.name = "coredns_cache_served_stale_total",
	 .help = "The number of requests served from stale cache entries.",
	 .labels = plain},
	{.name = "sodns_cache_no_room_total",
	 .help = "The number of responses that are not cached for want of memory.",
	 .labels = plain},
	{.name = "sodns_cache_bytes",
	 .help = "The memory that the elements in the cache take.",
	 .kind = SODNS_GAUGE,
	 .labels = plain},
	{.name = "coredns_cache_hits_total", .help = "The count of cache hits.", .labels = by_type},
	{.name = "coredns_cache_entries",
	 .help = "The number of elements in the cache.",
	 .kind = SODNS_GAUGE,
	 .labels = by_type},
	{.name = "coredns_cache_evictions_total",
	 .help = "The count of cache evictions.",
	 .labels = by_type},
};

sodns_metric_t *counter_make(const struct cache *c, struct counters *n, unsigned which)
{
	static const char *const types[KINDS] = {"success", "denial"};
	const char *const labels[] = {n->server, c->zones_text, c->view};
	sodns_metric_t *m;
	if (which < BY_KIND) {
		m = sodns_metric(&families[which], labels);
	} else {
		unsigned kind = (which - BY_KIND) % KINDS;
		const char *const typed[] = {n->server, types[kind], c->zones_text, c->view};
		m = sodns_metric(&families[BY_KIND + (which - BY_KIND) / KINDS], typed);
	}
	atomic_store_explicit(&n->metric[which], m, memory_order_release);
	return m;
}

void counters_prepare(struct cache *c, sodns_prepare_t *p)
{
	size_t count;
	const char *const *servers = sodns_prepare_servers(p, &count);
	c->view = sodns_prepare_view(p);
	c->counters = calloc(count ? count : 1, sizeof(*c->counters));
	if (!c->counters)
		abort();
	c->counters[0].server = "";
	for (size_t i = 0; i < count; i++)
		c->counters[i].server = servers[i];
	c->counter_count = count;
}

struct counters *counters_of(const struct cache *c, const sodns_query_t *q)
{
	if (c->counter_count <= 1)
		return c->counters;
	const char *server = sodns_query_server(q);
	for (size_t i = 0; i < c->counter_count; i++)
		if (c->counters[i].server == server)
			return &c->counters[i];
	return c->counters;
}

static void gauge(const struct cache *c, struct counters *n, unsigned which, size_t value)
{
	sodns_metric_t *m = atomic_load_explicit(&n->metric[which], memory_order_acquire);
	sodns_metric_set(m ? m : counter_make(c, n, which), (double)value);
}

void gauges_set(const struct cache *c, struct counters *n)
{
	for (unsigned k = 0; k < KINDS; k++)
		gauge(c, n, ENTRIES + k, atomic_load(&c->store->count[k]));
	gauge(c, n, BYTES, atomic_load(&c->store->bytes));
}
