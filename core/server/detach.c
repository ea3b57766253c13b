/*
 * Detached queries: work of a worker that belongs to no client (sodns/wait.h).
 */
#include <sodns/wait.h>

#include <stdlib.h>

#include "report/limits.h"
#include "task/worker.h"
#include "server/server.h"

#define DETACHED_MAX 4096u

static __thread unsigned running;

struct detached {
	slot_t *slot;
	sodns_detached_f fn;
	const struct handler *hand; /* that began it */
	task_t *waiter;             /* a task of this worker that waits for fn to end, or NULL */
	void *back;                 /* where the waiter has its argument */
	size_t size;
	bool waited, ended;
	_Alignas(16) uint8_t arg[];
};

static void nothing_sent(slot_t *s, uint8_t *packet, size_t len)
{
	(void)s;
	(void)packet;
	(void)len;
}

/* From the base: task_wake() switches, which only the base may do. */
static void wake_waiter(void *arg)
{
	struct detached *d = arg;
	if (d->waiter)
		task_wake(d->waiter, d->ended ? SODNS_OK : SODNS_ENOMEM);
	free(d);
}

static void end(struct detached *d)
{
	slot_give(d->slot);
	running--;
	if (d->waited)
		loop_post(loop_current(), wake_waiter, d);
	else
		free(d);
}

static void run_detached(void *arg)
{
	struct detached *d = arg;
	task_t *t = task_current();
	t->query = &d->slot->shared;
	t->deadline = d->slot->shared.deadline;
	atomic_store_explicit(d->slot->shared.in_hand, d->hand, memory_order_relaxed);
	d->fn(&d->slot->q, d->arg);
	atomic_store_explicit(d->slot->shared.in_hand, NULL, memory_order_relaxed);
	t->query = NULL;
	d->ended = true;
	if (d->waiter && d->size)
		memcpy(d->back, d->arg, d->size);
	end(d);
}

static void start(void *arg)
{
	struct detached *d = arg;
	loop_t *l = loop_current();
	loop_enter(l);
	if (task_run(l, run_detached, d))
		end(d);
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
	if (q->set_options_len) {
		uint8_t *options = arena_alloc(&shared->arena, q->set_options_len);
		to->set_options = memcpy(options, q->set_options, q->set_options_len);
	}
	shared->size_limit = q->shared->size_limit;
	uint8_t name[SODNS_NAME_MAX];
	memcpy(name, q->original, q->name_len);
	query_set_name(to, name);
}

static struct detached *detach(sodns_query_t *q, sodns_detached_f fn, const void *arg, size_t size,
			       uint64_t life, int *rc)
{
	worker_t *w = worker_of(loop_current());
	struct detached *d = NULL;
	*rc = !w || running >= DETACHED_MAX ? SODNS_EBUSY : SODNS_ENOMEM;
	if (w && *rc == SODNS_EBUSY)
		limit_reached(LIMIT_DETACHED, 1);
	if (*rc == SODNS_EBUSY || !(d = calloc(1, sizeof(*d) + size)))
		return NULL;
	d->slot = slot_take(w);
	d->fn = fn;
	d->hand = q->hand;
	d->size = size;
	if (size)
		memcpy(d->arg, arg, size);
	slot_t *s = d->slot;
	s->verdict = PARSE_OK;
	s->send = nothing_sent;
	s->send_more = NULL;
	s->shared.received = sodns_now();
	s->shared.deadline = in_time(s->shared.received, life);
	s->shared.parking = NULL;
	s->shared.in_flight = q->shared->in_flight;
	/* It may outlive the query that began it: it counts for the generation from the start. */
	s->shared.parked = true;
	if (s->shared.in_flight)
		atomic_fetch_add(s->shared.in_flight, 1);
	copy_query(&s->q, q, s);
	running++;
	loop_post(&w->loop, start, d);
	return d;
}

int sodns_detach(sodns_query_t *q, sodns_detached_f fn, const void *arg, size_t size, uint64_t life)
{
	int rc;
	return detach(q, fn, arg, size, life, &rc) ? SODNS_OK : rc;
}

int sodns_detach_wait(sodns_query_t *q, sodns_detached_f fn, void *arg, size_t size, uint64_t life,
		      uint64_t patience)
{
	int rc;
	struct detached *d = detach(q, fn, arg, size, life, &rc);
	if (!d)
		return rc;
	d->waited = true;
	d->waiter = task_current();
	d->back = arg;
	rc = task_wait(in_ms(patience));
	/* It may have ended in the moment in which the patience did. */
	if (d->ended)
		rc = SODNS_OK;
	d->waiter = NULL;
	return rc;
}
