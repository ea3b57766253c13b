/*
 * When may the old be freed? Readers take no locks; a writer that has taken something out of reach
 * hands it over here, and it is freed when no reader can still hold it.
 *
 * A worker marks the epoch in which it began a batch of queries. Two grace periods follow from
 * that: GRACE_BATCH ends when every worker has come to a batch boundary; GRACE_QUERY when every
 * query that began before has ended, also those put aside. What is pinned by count (versions of
 * zones) needs the first only, so that one query that waits keeps one version of one zone and no
 * other garbage.
 */
#ifndef CORE_RECLAIM_EPOCH_H
#define CORE_RECLAIM_EPOCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define EPOCH_NONE UINT64_MAX

/* One for each thread that reads. */
typedef struct epoch_reader {
	_Alignas(64) _Atomic(uint64_t) active; /* the epoch of the batch that runs, or EPOCH_NONE */
	_Atomic(uint64_t) parked; /* the oldest epoch of a query put aside, or EPOCH_NONE */
	struct epoch_reader *next;
} epoch_reader_t;

enum grace { GRACE_BATCH, GRACE_QUERY };

/* Readers are registered before they read, for the life of the process. */
void epoch_register(epoch_reader_t *r);

uint64_t epoch_now(void);

/* Begins and ends reading. */
static inline uint64_t epoch_enter(epoch_reader_t *r)
{
	uint64_t e = epoch_now();
	atomic_store(&r->active, e);
	return e;
}

static inline void epoch_leave(epoch_reader_t *r)
{
	atomic_store_explicit(&r->active, EPOCH_NONE, memory_order_release);
}

/* Calls fn(p) after the grace period, on the thread that reclaims. Any thread. Needs a little memory; where
 * there is none it has some hundred places of its own, and beyond them p stays for ever, which is better
 * than an end of the process, or to free what is in use. */
void grace_defer(enum grace kind, void (*fn)(void *p), void *p);
/* Calls what is due; returns how much waits still. One thread at a time calls it, now and then. */
size_t grace_reclaim(void);

#endif
