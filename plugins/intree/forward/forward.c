/*
 * forward: hands queries to other servers. Identical questions in flight are asked once: the first
 * leads, the others get a copy of what it found. An answer is passed on as the image it came in.
 */
#include "forward.h"

#include <stdlib.h>
#include <string.h>

#define OPTION_SUBNET 8
#define OPTION_EDE 15

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

/* Options are between neighbours (RFC 6891, 6.1.1): what the upstream says stays here, but for why there is
 * no answer (RFC 8914), and what the client may send on. */
static bool stays(void *arg, uint16_t code)
{
	(void)arg;
	return code != OPTION_EDE;
}

static void pass_options(const struct forward *f, sodns_reply_t *r)
{
	sodns_reply_filter_options(r, stays, NULL);
	for (unsigned i = 0; i < f->passed_count; i++) {
		size_t len;
		const uint8_t *bytes = sodns_reply_received_option(r, f->passed[i], &len);
		if (bytes)
			sodns_reply_add_option(r, f->passed[i], bytes, len);
	}
}

/* The answer as this query's: another's has its letters. */
static sodns_reply_t *reply_of(const struct forward *f, sodns_query_t *q, const struct outcome *o)
{
	size_t len;
	sodns_reply_t *r = o->reply;
	if (!r) {
		message_restore_case(q, o->answer, o->len);
		r = sodns_reply_received(q, o->answer, o->len);
	}
	if (!r)
		return sodns_fail(q, SODNS_SERVFAIL, "malformed answer from %s", o->upstream->text);
	/* The clients that it is good for (RFC 7871, 7.3). */
	const uint8_t *subnet = sodns_reply_received_option(r, OPTION_SUBNET, &len);
	if (o->subnet && (!subnet || len < 4 || subnet[3]))
		sodns_query_set_private(q);
	pass_options(f, r);
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
	return reply_of(f, q, o);
}

/* A copy that does not belong to a query: one block of memory. */
static void *outcome_keep(const struct outcome *o)
{
	size_t text = o->error ? strlen(o->error) + 1 : 0;
	struct outcome *copy = malloc(sizeof(*copy) + o->len + text);
	if (!copy)
		return NULL;
	*copy = *o;
	copy->reply = NULL;
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

/* Asks, or waits, as long as it may take, for the query that is asking the same already. */
static struct outcome find_out(struct forward *f, sodns_query_t *q)
{
	size_t len;
	bool leads;
	struct question what;
	question_make(f, q, &what);
	struct outcome o = {.rcode = SODNS_SERVFAIL, .error = "no answer in time"};
	uint8_t *key = question_key(f, q, &what, &len);
	o.subnet = what.subnet;
	sodns_flight_t *flight = sodns_flight_lead(f, key, len, SODNS_FOREVER, &leads);
	if (flight && !leads) {
		o = outcome_copy(q, sodns_flight_result(flight));
		sodns_flight_release(flight);
		return o;
	}
	if (!flight)
		return o;
	ask_upstreams(f, q, &what, &o);
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

/* Other servers know more classes than the Internet's, and answer by the client's network if they are
 * told. */
static const void *ability(void *self, const char *id)
{
	static const int here;
	const struct forward *f = self;
	for (unsigned i = 0; !strcmp(id, SODNS_ABILITY_SUBNET) && i < f->passed_count; i++)
		if (f->passed[i] == OPTION_SUBNET)
			return &here;
	return strcmp(id, SODNS_ABILITY_CLASS) ? NULL : &here;
}

SODNS_PLUGIN(.name = "forward", .version = SODNS_SDK_VERSION, .setup = forward_setup,
	     .options = &forward_options, .serve_dns = serve, .prepare = prepare, .start = start,
	     .teardown = teardown, .ability = ability);
