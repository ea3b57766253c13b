/*
 * Detached queries: work of a worker that belongs to no client (sodns/wait.h).
 */
#include <sodns/wait.h>

#include <stdlib.h>

#include "runtime/worker.h"
#include "server/server.h"

#define DETACHED_MAX 4096u

static __thread unsigned running;

struct detached {
	slot_t *slot;
	sodns_detached_f fn;
	_Alignas(16) uint8_t arg[];
};

static void nothing_sent(slot_t *s, uint8_t *packet, size_t len)
{
	(void)s;
	(void)packet;
	(void)len;
}

static void run_detached(void *arg)
{
	struct detached *d = arg;
	task_t *t = task_current();
	t->query = &d->slot->shared;
	t->deadline = d->slot->shared.deadline;
	d->fn(&d->slot->q, d->arg);
	t->query = NULL;
	slot_give(d->slot);
	free(d);
	running--;
}

static void start(void *arg)
{
	struct detached *d = arg;
	loop_t *l = loop_current();
	loop_enter(l);
	if (task_run(l, run_detached, d)) {
		slot_give(d->slot);
		free(d);
		running--;
	}
	loop_leave(l);
}

/* The copy stands on its own: name, packet and addresses are in its slot. */
static void copy_query(sodns_query_t *to, const sodns_query_t *q, slot_t *s)
{
	query_shared_t *shared = to->shared;
	const sodns_address_t *peer = to->peer, *local = to->local;
	*to = *q;
	to->shared = shared;
	to->peer = peer;
	to->local = local;
	s->peer = *q->peer;
	s->local = *q->local;
	to->hand = NULL;
	to->depth = 0;
	to->packet = s->packet;
	to->packet_len = q->packet_len < PACKET_MAX ? q->packet_len : 0;
	memcpy(s->packet, q->packet, to->packet_len);
	if (q->options_len) {
		uint8_t *options = arena_alloc(&shared->arena, q->options_len);
		to->options = memcpy(options, q->options, q->options_len);
	}
	uint8_t name[SODNS_NAME_MAX];
	memcpy(name, q->original, q->name_len);
	query_set_name(to, name);
}

int sodns_detach(sodns_query_t *q, sodns_detached_f fn, const void *arg, size_t size, uint32_t ms)
{
	worker_t *w = worker_of(loop_current());
	if (!w || running >= DETACHED_MAX)
		return SODNS_EBUSY;
	struct detached *d = malloc(sizeof(*d) + size);
	if (!d)
		return SODNS_ENOMEM;
	d->slot = slot_take(w);
	d->fn = fn;
	if (size)
		memcpy(d->arg, arg, size);
	slot_t *s = d->slot;
	s->send = nothing_sent;
	s->send_more = NULL;
	s->shared.received = sodns_now();
	s->shared.deadline = s->shared.received + (uint64_t)ms * 1000000u;
	s->shared.parking = NULL;
	s->shared.in_flight = q->shared->in_flight;
	/* It may outlive the query that began it: it counts for the generation from the start. */
	s->shared.parked = true;
	if (s->shared.in_flight)
		atomic_fetch_add(s->shared.in_flight, 1);
	copy_query(&s->q, q, s);
	running++;
	loop_post(&w->loop, start, d);
	return SODNS_OK;
}
