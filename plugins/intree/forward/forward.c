/*
 * forward: hands queries to other servers. Identical questions in flight are asked once: the first
 * leads, the others get a copy of what it found. An answer is passed on as the image it came in.
 */
#include "forward.h"

#include <stdlib.h>
#include <string.h>

static bool takes(const struct forward *f, const sodns_query_t *q)
{
	const uint8_t *name = sodns_query_name(q);
	if (!sodns_name_is_below(name, f->from))
		return false;
	/* FROM itself is forwarded even where it is excepted. */
	return sodns_query_match(q, f->except, f->except_count) < 0 ||
	       sodns_name_equal(name, f->from);
}

static const char *upstream_text(void *arg, sodns_query_t *q)
{
	(void)q;
	return ((const struct upstream *)arg)->text;
}

static bool is_nodata(const struct outcome *o)
{
	return !(o->answer[3] & 15) && !(o->answer[6] | o->answer[7]);
}

/* Whether the next forward is to have a try. */
static bool goes_on(const struct forward *f, const struct outcome *o)
{
	return f->next_is_forward &&
	       ((f->next >> (o->answer[3] & 15) & 1) || (f->next_on_nodata && is_nodata(o)));
}

/* What can't be read, over UDP, is taken for cut off: the client comes again over TCP. */
static sodns_reply_t *unreadable(sodns_query_t *q, const struct outcome *o)
{
	if (!o->udp)
		return sodns_fail(q, SODNS_SERVFAIL, "malformed answer from %s", o->upstream->text);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_TC, 0);
	sodns_reply_set_rcode(r, o->answer[3] & 15);
	return r;
}

static sodns_reply_t *deliver(const sodns_handler_t *h, sodns_query_t *q, const struct outcome *o)
{
	const struct forward *f = h->self;
	if (o->upstream)
		sodns_metadata_set(q, "forward/upstream", upstream_text,
				   (void *)(uintptr_t)o->upstream);
	if (!o->len && o->rcode == SODNS_FORMERR) {
		sodns_reply_t *r = sodns_reply(q);
		sodns_reply_set_rcode(r, SODNS_FORMERR);
		return r;
	}
	if (!o->len)
		return sodns_fail(q, o->rcode, "%s", o->error);
	if (goes_on(f, o))
		return sodns_next(h, q);
	sodns_reply_t *r = sodns_reply_received(q, o->answer, o->len);
	return r ? r : unreadable(q, o);
}

/* A copy that does not belong to a query: one block of memory. */
static void *outcome_keep(const struct outcome *o)
{
	size_t text = o->error ? strlen(o->error) + 1 : 0;
	struct outcome *copy = malloc(sizeof(*copy) + o->len + text);
	if (!copy)
		return NULL;
	*copy = *o;
	copy->answer = (uint8_t *)(copy + 1);
	if (o->len)
		memcpy(copy->answer, o->answer, o->len);
	if (text)
		copy->error = memcpy(copy->answer + o->len, o->error, text);
	return copy;
}

static struct outcome outcome_copy(sodns_query_t *q, const struct outcome *o)
{
	struct outcome copy = *o;
	copy.answer = sodns_alloc(q, o->len);
	if (o->len)
		memcpy(copy.answer, o->answer, o->len);
	copy.error = o->error ? sodns_printf(q, "%s", o->error) : NULL;
	return copy;
}

static uint32_t time_left(const sodns_query_t *q)
{
	uint64_t now = sodns_now(), deadline = sodns_query_deadline(q);
	return deadline > now ? (uint32_t)((deadline - now) / MS) : 0;
}

/* Asks, or waits for who is asking the same already: same bytes but for the id, over the same
 * transport. */
static struct outcome find_out(struct forward *f, sodns_query_t *q)
{
	size_t len;
	bool leads;
	struct outcome o = {.rcode = SODNS_SERVFAIL, .error = "no answer in time"};
	uint8_t *query = message_build(q, &len);
	query[0] = sodns_query_proto(q)[0] == 't';
	query[1] = 0;
	sodns_flight_t *flight = sodns_flight_lead(f, query, len, time_left(q), &leads);
	if (flight && !leads) {
		o = outcome_copy(q, sodns_flight_result(flight));
		sodns_flight_release(flight);
		return o;
	}
	if (!flight)
		return o;
	ask_upstreams(f, q, query, len, &o);
	sodns_flight_land(flight, sodns_flight_followers(flight) ? outcome_keep(&o) : NULL, free);
	return o;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct forward *f = h->self;
	if (!takes(f, q))
		return sodns_next(h, q);
	if (!f->max_concurrent) {
		struct outcome o = find_out(f, q);
		return deliver(h, q, &o);
	}
	if (atomic_fetch_add(&f->concurrent, 1) >= f->max_concurrent) {
		atomic_fetch_sub(&f->concurrent, 1);
		sodns_metric_add(f->rejects, 1);
		return sodns_fail(q, SODNS_REFUSED, "concurrent queries exceeded maximum %s",
				  f->max_concurrent_text);
	}
	struct outcome o = find_out(f, q);
	atomic_fetch_sub(&f->concurrent, 1);
	return deliver(h, q, &o);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct forward *f = self;
	int rc = upstreams_make(f, p);
	if (rc)
		return rc;
	metrics_prepare(f);
	return health_prepare(f, p) ? sodns_prepare_error(p, "no memory") : SODNS_OK;
}

static void start(void *self)
{
	health_start(self);
}

static void teardown(void *self)
{
	struct forward *f = self;
	health_stop(f);
	for (unsigned i = 0; i < f->count; i++)
		sodns_upstream_free(f->upstreams[i].up);
	free(f->upstreams);
	sodns_tls_release(f->tls);
}

/* Other servers know more classes than the Internet's. */
static const void *ability(void *self, const char *id)
{
	static const int here;
	(void)self;
	return strcmp(id, SODNS_ABILITY_CLASS) ? NULL : &here;
}

SODNS_PLUGIN(.name = "forward", .version = SODNS_SDK_VERSION, .setup = forward_setup,
	     .serve_dns = serve, .prepare = prepare, .start = start, .teardown = teardown,
	     .ability = ability);
