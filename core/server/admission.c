/*
 * What plugins say of a query before the chain, at two moments. What stands in front of a message is
 * read for the listener, before anything is parsed ("sodns.preface/1"). Whether the query is let in
 * is its server block's own affair, when that is known ("sodns.admit/1"): a link in front of the
 * block's chain asks, so that blocks without such plugins pay nothing.
 */
#include <stdio.h>
#include <string.h>

#include "message/reply.h"
#include "server/server.h"

/* A plugin that reads what stands in front of the messages of a listener. */
struct preface {
	struct preface *next;
	struct handler hand; /* to be blamed; no query runs through it */
	const instance_t *instance;
	const sodns_preface_ability_t *ability;
};

/* A link in front of a chain. */
struct admitter {
	struct handler handler; /* first: the chain's pointer is this struct's */
	const sodns_admit_ability_t *ability;
};

static int refuse(const server_t *s, const instance_t *i, const instance_t *before, char *err,
		  size_t err_size)
{
	snprintf(err, err_size,
		 "plugin/%s: %s:%d - not the same as at %s:%d: server blocks that share a listener "
		 "(%s) share it as well",
		 i->plugin->name, i->file, i->line, before->file, before->line, s->text);
	return SODNS_EINVAL;
}

/* Whether the server asks the instance, or one for it. Negative: it contradicts one. */
static int is_there(const server_t *s, const instance_t *i, char *err, size_t err_size)
{
	const instance_t *other = NULL;
	for (const struct preface *p = s->prefaces; p; p = p->next) {
		if (p->instance == i)
			return 1;
		if (p->instance->plugin != i->plugin || p->instance->block == i->block)
			continue;
		if (i->preface->agrees && i->preface->agrees(i->self, p->instance->self))
			return 1;
		other = p->instance;
	}
	return other ? refuse(s, i, other, err, err_size) : 0;
}

static void add(generation_t *g, server_t *s, const instance_t *i)
{
	struct preface *p = memory_alloc(g, sizeof(*p)), **at = &s->prefaces;
	while (*at && (*at)->instance->position < i->position)
		at = &(*at)->next;
	*p = (struct preface){.next = *at,
			      .hand.pub = {.self = i->self, .name = i->plugin->name},
			      .instance = i,
			      .ability = i->preface};
	*at = p;
}

int prefaces_add(generation_t *g, server_t *s, const block_t *b, char *err, size_t err_size)
{
	for (const instance_t *i = b->instances; i; i = i->next) {
		int there = i->preface ? is_there(s, i, err, err_size) : 1;
		if (there < 0)
			return there;
		if (!there)
			add(g, s, i);
	}
	return SODNS_OK;
}

/* For the obituary: no query is in the worker's hands now. */
static void put_in_hand(worker_t *w, const struct handler *h)
{
	atomic_store_explicit(&w->in_hand, h, memory_order_relaxed);
}

enum sodns_verdict prefaces_read(const server_t *server, slot_t *s)
{
	sodns_packet_t p = {.bytes = s->packet,
			    .len = s->packet_len,
			    .peer = s->peer,
			    .local = s->local,
			    .protocol = (enum sodns_protocol)s->q.protocol};
	enum sodns_verdict v = SODNS_PASS;
	for (const struct preface *f = server->prefaces; f && v == SODNS_PASS; f = f->next) {
		put_in_hand(s->worker, &f->hand);
		v = f->ability->datagram ? f->ability->datagram(f->instance->self, &p) : SODNS_PASS;
	}
	put_in_hand(s->worker, NULL);
	s->peer = p.peer;
	s->local = p.local;
	if (p.bytes != s->packet)
		memmove(s->packet, p.bytes, p.len);
	s->packet_len = (uint32_t)p.len;
	return v;
}

ptrdiff_t prefaces_read_stream(worker_t *w, const server_t *server, sodns_packet_t *p)
{
	sodns_packet_t rest = *p;
	ptrdiff_t n = 0;
	for (const struct preface *f = server->prefaces; f && n >= 0; f = f->next) {
		if (!f->ability->stream)
			continue;
		put_in_hand(w, &f->hand);
		n = f->ability->stream(f->instance->self, &rest);
		put_in_hand(w, NULL);
		if (n > (ptrdiff_t)rest.len)
			n = SODNS_EINVAL;
		rest.bytes += n > 0 ? n : 0;
		rest.len -= n > 0 ? (size_t)n : 0;
	}
	/* All of them are asked again when more has come, about the peer as it is underneath. */
	if (n < 0)
		return n;
	p->peer = rest.peer;
	p->local = rest.local;
	return rest.bytes - p->bytes;
}

/* What plugins ask for a query that was let in is not asked about again. */
static sodns_reply_t *ask(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct admitter *a = (const struct admitter *)(const void *)h;
	enum sodns_verdict v = q->depth ? SODNS_PASS : a->ability->admit(h->self, q);
	if (v == SODNS_PASS)
		return sodns_has_next(h) ? sodns_next(h, q) : sodns_fail(q, SODNS_REFUSED, NULL);
	drop_count(v == SODNS_REJECT ? DROP_REFUSED : DROP_ADMIT);
	return v == SODNS_REJECT ? sodns_fail(q, SODNS_REFUSED, NULL) : sodns_drop(q);
}

void admission_link(generation_t *g, block_t *b)
{
	const struct handler *chain = b->chain, **at = &b->chain;
	for (const instance_t *i = b->instances; i; i = i->next) {
		if (!i->admit)
			continue;
		struct admitter *a = memory_alloc(g, sizeof(*a));
		*a = (struct admitter){
			.handler = {.pub = {.self = i->self, .name = i->plugin->name},
				    .serve = ask},
			.ability = i->admit};
		*at = &a->handler;
		at = &a->handler.next;
	}
	*at = chain;
}
