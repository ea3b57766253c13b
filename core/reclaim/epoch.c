/*
 * Epochs: a counter, what each reader has seen of it, and two queues of what waits.
 */
#include "reclaim/epoch.h"

#include <pthread.h>
#include <stdlib.h>

struct deferred {
	struct deferred *next;
	uint64_t stamp;
	void (*fn)(void *p);
	void *p;
};

/* For times without memory: what is handed over then would else have to stay for ever. */
#define RESERVE 512u
static struct deferred reserve[RESERVE], *spare;
static size_t taken; /* of the reserve, so far; those that came back are in `spare` */

struct queue {
	struct deferred *head, **tail;
	size_t count;
};

static _Atomic(uint64_t) now = 1;
static _Atomic(epoch_reader_t *) readers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue queues[2];

uint64_t epoch_now(void)
{
	return atomic_load_explicit(&now, memory_order_acquire);
}

void epoch_register(epoch_reader_t *r)
{
	atomic_store(&r->active, EPOCH_NONE);
	atomic_store(&r->parked, EPOCH_NONE);
	r->next = atomic_load(&readers);
	while (!atomic_compare_exchange_weak(&readers, &r->next, r))
		;
}

/* Under the lock. */
static struct deferred *take_spare(void)
{
	struct deferred *d = spare;
	if (d)
		spare = d->next;
	else if (taken < RESERVE)
		d = &reserve[taken++];
	return d;
}

static void give_back(struct deferred *d)
{
	if (d < reserve || d >= reserve + RESERVE) {
		free(d);
		return;
	}
	pthread_mutex_lock(&lock);
	d->next = spare;
	spare = d;
	pthread_mutex_unlock(&lock);
}

void grace_defer(enum grace kind, void (*fn)(void *p), void *p)
{
	struct deferred *d = malloc(sizeof(*d));
	pthread_mutex_lock(&lock);
	if (!d && !(d = take_spare())) {
		pthread_mutex_unlock(&lock);
		return;
	}
	*d = (struct deferred){.fn = fn, .p = p};
	struct queue *q = &queues[kind];
	/* A reader of the next epoch or a later one can't reach p any more. */
	d->stamp = atomic_fetch_add(&now, 1);
	if (!q->head)
		q->tail = &q->head;
	*q->tail = d;
	q->tail = &d->next;
	q->count++;
	pthread_mutex_unlock(&lock);
}

/* The oldest epoch in which there is a reader. */
static uint64_t oldest(enum grace kind)
{
	uint64_t least = EPOCH_NONE;
	for (epoch_reader_t *r = atomic_load(&readers); r; r = r->next) {
		uint64_t e = atomic_load(&r->active);
		if (e < least)
			least = e;
		/* A query that is put aside at this moment shows in one of the two: the worker
		 * stores `parked` before it leaves its batch, and `active` is read first here. */
		e = kind == GRACE_QUERY ? atomic_load(&r->parked) : EPOCH_NONE;
		if (e < least)
			least = e;
	}
	return least;
}

static struct deferred *take_due(enum grace kind)
{
	uint64_t least = oldest(kind);
	struct queue *q = &queues[kind];
	struct deferred *due = NULL, **tail = &due;
	pthread_mutex_lock(&lock);
	while (q->head && q->head->stamp < least) {
		*tail = q->head;
		tail = &q->head->next;
		q->head = q->head->next;
		q->count--;
	}
	*tail = NULL;
	pthread_mutex_unlock(&lock);
	return due;
}

size_t grace_reclaim(void)
{
	for (int kind = 0; kind < 2; kind++)
		for (struct deferred *d = take_due((enum grace)kind), *next; d; d = next) {
			next = d->next;
			d->fn(d->p);
			give_back(d);
		}
	pthread_mutex_lock(&lock);
	size_t left = queues[0].count + queues[1].count;
	pthread_mutex_unlock(&lock);
	return left;
}
