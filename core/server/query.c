/*
 * The way of a query, all of it: arrive, serve, finish. Transports put packets into slots and
 * batches; workers run batches on tasks; plugins make replies. What lies between is here.
 */
#include <sodns/plugin.h>

#include "message/encode.h"
#include "message/reply.h"
#include "report/limits.h"
#include "task/watchdog.h"
#include "server/server.h"
#include "system/seam.h"

#define DEADLINE_NS 4000000000u
#define ASK_DEPTH_MAX 8

/* Before anything is parsed, whatever the transport. */
static enum parse_verdict admit(slot_t *s)
{
	if (s->q.protocol != SODNS_UDP)
		return PARSE_OK;
	if (!s->peer.port) {
		drop_count(DROP_PORT);
		return PARSE_DROP;
	}
	const server_t *server = s->q.server;
	enum sodns_verdict v = server->prefaces ? prefaces_read(server, s) : SODNS_PASS;
	if (v == SODNS_PASS)
		return PARSE_OK;
	drop_count(v == SODNS_REJECT ? DROP_REFUSED : DROP_ADMIT);
	/* An answer to something that is no query would be answered in turn. */
	bool query = s->packet_len >= 12 && !(s->packet[2] & 0x80);
	return v == SODNS_REJECT && query ? PARSE_REFUSED : PARSE_DROP;
}

/* Reads the packet; what is no query is dropped and counted. */
static enum parse_verdict parse(slot_t *s)
{
	enum parse_verdict v = query_parse(&s->q, s->packet, s->packet_len);
	if (v == PARSE_DROP)
		drop_count(s->packet_len < 12 ? DROP_SHORT : DROP_RESPONSE);
	return v;
}

/* Every packet of the batch comes through here first, then through prefetch, then serve. */
static void arrive(slot_t *s)
{
	worker_t *w = s->worker;
	sodns_query_t *q = &s->q;
	q->server = ((listener_worker_t *)s->listener)->server;
	s->shared.received = w->now;
	s->shared.deadline = w->now + DEADLINE_NS;
	s->shared.in_flight = w->in_flight;
	s->verdict = admit(s);
	if (s->verdict == PARSE_OK)
		s->verdict = parse(s);
	if (s->verdict == PARSE_OK && q->server->plain)
		q->unrouted = !route_plain(q);
}

static void prefetch(slot_t *s, unsigned stage)
{
	const block_t *b = s->q.block;
	const instance_t *p = NULL;
	if (s->verdict == PARSE_OK && b)
		p = __atomic_load_n(&b->prefetcher, __ATOMIC_ACQUIRE);
	if (p)
		p->prefetch->touch(p->self, &s->q, stage);
}

/* Hands the query to a link of the chain. */
static sodns_reply_t *enter(const struct handler *h, sodns_query_t *q)
{
	const struct handler *outer = q->hand;
	q->hand = h;
	atomic_store_explicit(q->shared->in_hand, h, memory_order_relaxed);
	sodns_reply_t *r = h->serve(&h->pub, q);
	if (__builtin_expect(!r, 0))
		r = sodns_fail(q, SODNS_SERVFAIL, "plugin/%s returned no reply", h->pub.name);
	q->hand = outer;
	atomic_store_explicit(q->shared->in_hand, outer, memory_order_relaxed);
	return r;
}

sodns_reply_t *sodns_next(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct handler *next = ((const struct handler *)(const void *)h)->next;
	if (!next && seam.chain_end)
		return seam.chain_end(q);
	if (!next)
		return sodns_fail(q, SODNS_SERVFAIL, "plugin/%s: no next plugin found", h->name);
	return enter(next, q);
}

bool sodns_has_next(const sodns_handler_t *h)
{
	return ((const struct handler *)(const void *)h)->next || seam.chain_end;
}

/* What the server itself refuses, and then the block's chain. */
static sodns_reply_t *answer(sodns_query_t *q)
{
	if (q->rclass != SODNS_CLASS_IN && !q->server->opens_classes) {
		q->block = NULL;
		return sodns_fail(q, SODNS_REFUSED, NULL);
	}
	if (q->has_edns && q->edns_version) {
		q->block = NULL;
		return sodns_fail(q, SODNS_BADVERS, NULL);
	}
	if (!q->block && (q->unrouted || !route_query(q)))
		return sodns_fail(q, SODNS_REFUSED, NULL);
	if (__builtin_expect(suspect_count != 0, 0) && suspects_include(q))
		return sodns_fail(q, SODNS_SERVFAIL, "its question crashed the process before");
	if (!q->chain)
		return seam.chain_end ? seam.chain_end(q) : sodns_fail(q, SODNS_REFUSED, NULL);
	return enter(q->chain, q);
}

static void observe(sodns_query_t *q, const sodns_reply_t *r, const uint8_t *packet, size_t len)
{
	const instance_t *unrouted = q->block ? NULL : q->server->unrouted;
	if (!q->shared->observers && !unrouted)
		return;
	sodns_done_t done = {.packet = packet,
			     .length = len,
			     .reply = r,
			     .rcode = r->rcode,
			     .duration = sodns_now() - q->shared->received};
	for (struct query_hook *h = q->shared->observers; h; h = h->next)
		h->call.observe(h->arg, q, &done);
	if (unrouted)
		unrouted->unrouted->done(unrouted->self, q, &done);
}

/* Fits and encodes the reply and lets the finishers at it; the packet is in the worker's buffer. */
static size_t pack(slot_t *s, sodns_reply_t *r)
{
	sodns_query_t *q = &s->q;
	uint8_t *out = s->worker->out;
	size_t size = sodns_query_room(q), reserved = s->shared.reserved;
	if (r->kind == SODNS_DROP)
		return 0;
	size_t len = message_encode(q, r, out, size > reserved ? size - reserved : 0);
	for (struct query_hook *h = s->shared.finishers; h; h = h->next)
		len = h->call.finish(h->arg, q, out, len, size);
	return len;
}

/* Sends the reply and shows it to the observers. */
static void finish(slot_t *s, sodns_reply_t *r)
{
	size_t len = pack(s, r);
	s->send(s, s->worker->out, len);
	observe(&s->q, r, len ? s->worker->out : NULL, len);
}

int sodns_send(sodns_query_t *q, sodns_reply_t *r)
{
	slot_t *s = (slot_t *)(void *)((char *)q->shared - offsetof(slot_t, shared));
	if (!s->send_more || q->depth)
		return SODNS_EINVAL;
	int rc = s->send_more(s, s->worker->out, pack(s, r));
	query_extend(q, sodns_now() + DEADLINE_NS);
	return rc;
}

/* A packet that is no query: at most a header goes back. */
static void reject(slot_t *s)
{
	size_t len = 0;
	if (s->verdict != PARSE_DROP) {
		int rcode = s->verdict == PARSE_NOTIMP    ? SODNS_NOTIMP
			    : s->verdict == PARSE_REFUSED ? SODNS_REFUSED
							  : SODNS_FORMERR;
		size_t question = s->verdict == PARSE_FORMERR ? s->q.question_end : 0;
		len = message_encode_rejection(s->packet, question, rcode, s->worker->out);
		if (rcode != SODNS_REFUSED)
			drop_count(rcode == SODNS_NOTIMP ? DROP_OPCODE : DROP_MALFORMED);
	}
	s->send(s, s->worker->out, len);
}

/* What begins when the chain has ended, in the hands of the plugin that made it. No plugin on the stack has
 * reached anything then, so that the epoch need not be held. */
static sodns_reply_t *stream(sodns_query_t *q, const sodns_reply_t *begun)
{
	const struct handler *outer = q->hand;
	generation_t *g = q->block->generation;
	q->hand = begun->maker;
	atomic_store_explicit(q->shared->in_hand, q->hand, memory_order_relaxed);
	atomic_fetch_add(&g->streams, 1);
	task_begin_stream();
	sodns_reply_t *r = begun->stream(q, begun->stream_arg);
	if (!r || r->kind == SODNS_STREAM)
		r = sodns_fail(q, SODNS_SERVFAIL, "a stream that ends without a reply");
	atomic_fetch_sub(&g->streams, 1);
	q->hand = outer;
	atomic_store_explicit(q->shared->in_hand, outer, memory_order_relaxed);
	return r;
}

static void serve(slot_t *s)
{
	if (s->verdict != PARSE_OK) {
		reject(s);
		return;
	}
	sodns_reply_t *r = answer(&s->q);
	if (__builtin_expect(r->kind == SODNS_STREAM, 0))
		r = stream(&s->q, r);
	finish(s, r);
	if (__builtin_expect(atomic_load_explicit(&s->worker->loop.slow, memory_order_relaxed), 0))
		watchdog_report(&s->worker->loop);
}

static ptrdiff_t preface(void *listener, sodns_packet_t *p)
{
	listener_worker_t *at = listener;
	return prefaces_read_stream(worker_of(loop_current()), at->server, p);
}

const worker_server_t query_server = {
	.arrive = arrive,
	.prefetch = prefetch,
	.serve = serve,
	.batch_done = tcp_flush,
	.preface = preface,
};

/* The sub-query has hooks and metadata of its own; arena, deadline and views are the client
 * query's. */
sodns_reply_t *sodns_ask(sodns_query_t *q, const uint8_t *name, uint16_t type)
{
	query_shared_t *shared = q->shared;
	sodns_query_t *sub = sodns_query_derive(q);
	sub->derived = sub->collects = sub->unrouted = false;
	sub->type = type;
	sub->block = NULL;
	sub->hand = NULL;
	sub->depth++;
	query_set_name(sub, name);
	if (sub->depth > ASK_DEPTH_MAX) {
		limit_reached(LIMIT_DEPTH, 1);
		return sodns_fail(sub, SODNS_SERVFAIL, "more than %d questions inside each other",
				  ASK_DEPTH_MAX);
	}
	query_shared_t saved = *shared;
	shared->finishers = shared->observers = NULL;
	shared->metadata = NULL;
	sodns_reply_t *r = answer(sub);
	if (r->kind == SODNS_STREAM)
		r = sodns_fail(sub, SODNS_SERVFAIL, "a stream is no answer to another question");
	observe(sub, r, NULL, 0);
	shared->finishers = saved.finishers;
	shared->observers = saved.observers;
	shared->metadata = saved.metadata;
	shared->reserved = saved.reserved;
	return r;
}

const char *sodns_query_server(const sodns_query_t *q)
{
	return q->server->text;
}

const char *sodns_query_zone(const sodns_query_t *q)
{
	return q->block ? q->zone : "dropped";
}

const char *sodns_query_view(const sodns_query_t *q)
{
	return q->block && q->view ? q->view : "";
}
