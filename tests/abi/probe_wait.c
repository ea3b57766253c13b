/*
 * Probes of what waits, of other servers, and of what is shared between queries.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/wait.h>

#include "probe.h"

const char *probe_sleep(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r)
{
	(void)h;
	(void)r;
	uint64_t before = sodns_now();
	int rc = sodns_sleep(1500 * SODNS_MS);
	return sodns_printf(q, "%d %u %d", rc, (unsigned)((sodns_now() - before) / 1000000),
			    __atomic_load_n(&p->runs, __ATOMIC_RELAXED) > 0);
}

static size_t question(uint8_t *out)
{
	static const uint8_t bytes[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0";
	memcpy(out, bytes, sizeof(bytes));
	out[sizeof(bytes) - 1] = 1;
	return sizeof(bytes);
}

const char *probe_exchange(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r)
{
	sodns_address_t server;
	uint8_t query[64], *answer = sodns_alloc(q, 4096);
	(void)p;
	(void)h;
	sodns_endpoint_from_text("192.0.2.7:53", 53, &server);
	size_t len = question(query);
	int udp = sodns_exchange_udp(&server, query, len, answer, 4096, 500 * SODNS_MS);
	int tcp = sodns_exchange_tcp(&server, query, len, answer, 4096, 500 * SODNS_MS);
	if (udp != tcp || udp < 0)
		return sodns_printf(q, "udp %d, tcp %d", udp, tcp);
	*r = sodns_reply_parse(q, answer, (size_t)tcp);
	return "malformed";
}

const char *probe_upstream(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r)
{
	uint8_t query[64];
	(void)h;
	(void)r;
	sodns_exchange_t x = {.upstream = p->upstream,
			      .protocol = SODNS_UDP,
			      .query = query,
			      .len = question(query)};
	sodns_exchange_begin(&x);
	bool first = sodns_exchange_wait(&x, 1, 500 * SODNS_MS) == &x;
	const char *text = sodns_printf(q, "%d %d %d %d %d", first, x.result, x.reused,
					x.mismatched,
					sodns_upstream_patience(p->upstream) >= 200 * SODNS_MS);
	sodns_exchange_end(&x);
	return text;
}

struct work {
	int in, out;
};

static void square(void *work)
{
	struct work *w = work;
	w->out = w->in * w->in;
}

static void *fly(void *arg)
{
	struct work *w = malloc(sizeof(*w));
	*w = *(struct work *)arg;
	sodns_sleep(10 * SODNS_MS);
	square(w);
	return w;
}

static void detached(sodns_query_t *q, void *arg)
{
	struct work *w = arg;
	sodns_sleep(10 * SODNS_MS);
	w->out = (int)sodns_query_type(q) + w->in;
}

const char *probe_elsewhere(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			    sodns_reply_t **r)
{
	struct work pool = {.in = 7}, joined = {.in = 8}, apart = {.in = 9};
	bool leads = false;
	(void)h;
	(void)r;
	int a = sodns_blocking(square, &pool, sizeof(pool), NULL);
	sodns_flight_t *f = sodns_join("key", 3, fly, &joined, sizeof(joined), free, SODNS_SECOND);
	int b = f ? ((struct work *)sodns_flight_result(f))->out : -1;
	if (f)
		sodns_flight_release(f);
	f = sodns_flight_lead(p, "key", 3, 100 * SODNS_MS, &leads);
	if (f)
		sodns_flight_land(f, NULL, NULL);
	int c = sodns_detach_wait(q, detached, &apart, sizeof(apart), SODNS_SECOND, 500 * SODNS_MS);
	return sodns_printf(q, "%d %d %d %d %d %d", a, pool.out, b, leads, c, apart.out);
}

const char *probe_shared(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			 sodns_reply_t **r)
{
	(void)h;
	(void)r;
	int worker = sodns_worker();
	return sodns_printf(q, "%s %d %u", (const char *)sodns_reach(&p->shared),
			    worker >= 0 && (unsigned)worker < sodns_workers(), ++*p->inherited);
}
