/*
 * Workers, and how a batch runs.
 */
#include "task/worker.h"

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/share.h>

#include "system/cgroup.h"

#define SPARES_KEEP 64u
/* So many slots are worth telling the system that they are free. */
#define FREED_MANY 1024u

worker_t *workers;

unsigned worker_default_count(void)
{
	cpu_set_t set;
	unsigned n = 1, quota = cgroup_cpus("");
	if (!sched_getaffinity(0, sizeof(set), &set))
		n = (unsigned)CPU_COUNT(&set);
	if (quota && quota < n)
		n = quota;
	return n ? n : 1;
}

static slot_t *slot_new(worker_t *w)
{
	slot_t *s = aligned_alloc(64, SLOT_SIZE);
	if (!s) {
		fputs("out of memory for a query\n", stderr);
		abort();
	}
	memset(s, 0, offsetof(slot_t, packet));
	s->worker = w;
	s->q.shared = &s->shared;
	s->q.peer = &s->peer;
	s->q.local = &s->local;
	s->shared.in_hand = &w->in_hand;
	s->shared.client = &s->peer;
	arena_init(&s->shared.arena, s->arena, SLOT_SIZE - offsetof(slot_t, arena));
	ASAN_POISON_MEMORY_REGION(s->arena, SLOT_SIZE - offsetof(slot_t, arena));
	return s;
}

slot_t *slot_take(worker_t *w)
{
	slot_t *s = w->spare;
	if (!s)
		return slot_new(w);
	w->spare = s->next;
	if (--w->spares < w->spares_low)
		w->spares_low = w->spares;
	return s;
}

static bool shrink(loop_t *l)
{
	worker_t *w = worker_of(l);
	unsigned least = w->spares_low < w->spares ? w->spares_low : w->spares;
	for (unsigned i = SPARES_KEEP; i < least; i++)
		free(slot_take(w));
	w->freed += least > SPARES_KEEP ? least - SPARES_KEEP : 0;
	w->spares_low = w->spares;
	if (w->spares > SPARES_KEEP)
		return true;
	if (w->freed >= FREED_MANY)
		malloc_trim(0);
	w->freed = 0;
	return false;
}

static void slot_reset(slot_t *s)
{
	query_shared_t *q = &s->shared;
	if (q->views)
		q->view_calls->unpin(q);
	query_run_cleanups(&s->q);
	arena_reset(&q->arena);
	ASAN_POISON_MEMORY_REGION(s->arena, SLOT_SIZE - offsetof(slot_t, arena));
	if (q->parked && q->in_flight)
		atomic_fetch_sub(q->in_flight, 1);
	if (q->parked && q->parking && !--q->parking->count && q->parking->emptied)
		q->parking->emptied(q->parking);
	q->parked = q->streaming = false;
	q->finishers = q->observers = q->cleanups = NULL;
	q->metadata = NULL;
	q->views = NULL;
	q->reserved = 0;
	q->size_limit = 0;
	q->is_private = false;
	q->trusted = false;
}

void slot_give(slot_t *s)
{
	worker_t *w = s->worker;
	slot_reset(s);
	s->next = w->spare;
	w->spare = s;
	if (++w->spares > SPARES_KEEP)
		loop_shrink(&w->loop);
}

slot_t *batch_slot(worker_t *w)
{
	if (w->count == BATCH)
		return NULL;
	if (!w->batch[w->count])
		w->batch[w->count] = slot_take(w);
	return w->batch[w->count++];
}

/* On a task: takes queries at the cursor until the batch ends, or until one has waited: then
 * another task has gone on, and this task only finishes what it has. */
static void run_queries(void *arg)
{
	worker_t *w = arg;
	task_t *t = task_current();
	while (w->cursor < w->count) {
		unsigned at = w->cursor++;
		slot_t *s = w->batch[at];
		w->batch[at] = NULL;
		t->query = &s->shared;
		t->deadline = s->shared.deadline;
		w->server->serve(s);
		t->query = NULL;
		if (t->waited) {
			slot_give(s);
			return;
		}
		slot_reset(s);
		w->batch[at] = s;
	}
}

void batch_run(worker_t *w)
{
	if (!w->count)
		return;
	loop_enter(&w->loop);
	w->now = sodns_now();
	loop_leaves_base(&w->loop, w->now);
	for (unsigned i = 0; i < w->count; i++)
		w->server->arrive(w->batch[i]);
	for (unsigned stage = 0; stage < 2; stage++)
		for (unsigned i = 0; i < w->count; i++)
			w->server->prefetch(w->batch[i], stage);
	w->cursor = 0;
	while (w->cursor < w->count)
		if (task_run(&w->loop, run_queries, w)) {
			/* No task to be had: what is left of the batch is lost, as if the socket
			 * had been full. */
			while (w->cursor < w->count) {
				slot_t *s = w->batch[w->cursor++];
				s->send(s, w->out, 0);
				slot_reset(s);
			}
		}
	w->count = 0;
	w->server->batch_done(w);
	loop_is_back(&w->loop);
	loop_leave(&w->loop);
	/* Those that made room for this batch make it now. */
	if (w->loop.taken)
		loop_run_ready(&w->loop);
}

static void *worker_main(void *arg)
{
	worker_t *w = arg;
	char name[32];
	snprintf(name, sizeof(name), "sodns-w%u", w->index);
	pthread_setname_np(pthread_self(), name);
	loop_run(&w->loop);
	return NULL;
}

int workers_make(unsigned count, const worker_server_t *server)
{
	workers = aligned_alloc(64, (count * sizeof(*workers) + 63) & ~(size_t)63);
	if (!workers)
		return SODNS_ENOMEM;
	memset(workers, 0, count * sizeof(*workers));
	task_sharers = count;
	for (unsigned i = 0; i < count; i++) {
		worker_t *w = &workers[i];
		w->index = i;
		w->server = server;
		w->out = malloc(REPLY_MAX + 64);
		if (!w->out || loop_init(&w->loop, (int)i))
			return SODNS_ENOMEM;
		w->loop.shrink = shrink;
		w->loop.fair = sodns_fair_new();
	}
	worker_count = count;
	return SODNS_OK;
}

int workers_adopt(const worker_server_t *server)
{
	int rc = workers_make(1, server);
	if (!rc)
		loop_adopt(&workers[0].loop);
	return rc;
}

int workers_start(void)
{
	for (unsigned i = 0; i < worker_count; i++)
		if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]))
			return SODNS_EIO;
	return SODNS_OK;
}

struct each {
	worker_t *w;
	void (*fn)(worker_t *w, void *arg);
	void *arg;
};

static void call_each(void *arg)
{
	struct each *e = arg;
	e->fn(e->w, e->arg);
}

void workers_each(void (*fn)(worker_t *w, void *arg), void *arg)
{
	for (unsigned i = 0; i < worker_count; i++) {
		struct each e = {&workers[i], fn, arg};
		loop_call(&workers[i].loop, call_each, &e);
	}
}
