/*
 * prometheus: counts every query that passes, and those that no server block serves.
 */
#include "prometheus.h"

#include <stdlib.h>
#include <string.h>

/* A reply that a plugin made; of an error the server makes the message, and nothing is known of its
 * size here. */
static struct outcome outcome_of(sodns_reply_t *r)
{
	enum sodns_reply_kind kind = sodns_reply_kind(r);
	struct outcome o = {.rcode = sodns_reply_rcode(r), .plugin = ""};
	if (kind == SODNS_DROP)
		o.rcode = SODNS_NOERROR;
	if (kind == SODNS_RECORDS || kind == SODNS_WIRE) {
		o.size = sodns_reply_length(r);
		o.plugin = sodns_reply_plugin(r);
	}
	return o;
}

static struct place *place_of(const struct prometheus *p, const sodns_query_t *q)
{
	const char *server = sodns_query_server(q);
	size_t s = 0;
	while (s < p->server_count - 1 && p->servers[s] != server)
		s++;
	int zone = sodns_query_match(q, p->zones, p->zone_count);
	return &p->places[s * (p->zone_count + 1) + (zone < 0 ? p->zone_count : (size_t)zone)];
}

sodns_reply_t *prometheus_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct prometheus *p = h->self;
	/* By what was asked: plugins further down may ask something else. */
	struct place *place = place_of(p, q);
	sodns_reply_t *r = sodns_next(h, q);
	struct outcome o = outcome_of(r);
	place_count(place, q, &o, sodns_now() - sodns_query_received(q));
	return r;
}

static struct place *place_new(const char *server)
{
	struct place *p = calloc(1, sizeof(*p));
	if (p)
		*p = (struct place){.server = server, .zone = "dropped", .view = ""};
	return p;
}

void prometheus_unrouted(void *self, sodns_query_t *q, const sodns_done_t *done)
{
	struct prometheus *p = self;
	const char *server = sodns_query_server(q);
	if (done->rcode == SODNS_BADVERS)
		return;
	for (size_t i = 0; i < sizeof(p->unrouted) / sizeof(p->unrouted[0]); i++) {
		struct place *at = atomic_load(&p->unrouted[i]), *made;
		if (!at && (made = place_new(server))) {
			if (atomic_compare_exchange_strong(&p->unrouted[i], &at, made))
				at = made;
			else
				free(made);
		}
		if (!at || at->server != server)
			continue;
		const struct outcome o = {done->rcode, done->length, ""};
		place_count(at, q, &o, done->duration);
		return;
	}
}
