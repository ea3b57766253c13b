/*
 * Which entry has to go: S3-FIFO's queues and the fingerprints of those that went (store.h).
 */
#include <stdlib.h>

#include "store.h"

static void link_newest(struct list *l, struct entry *e)
{
	e->newer = NULL;
	e->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = e;
	l->newest = e;
	l->count++;
}

static void unlink_entry(struct list *l, struct entry *e)
{
	*(e->newer ? &e->newer->older : &l->newest) = e->older;
	*(e->older ? &e->older->newer : &l->oldest) = e->newer;
	l->count--;
}

static uint32_t print_of(uint64_t hash)
{
	return (uint32_t)(hash >> 24) | 1;
}

static uint32_t *ghost_place(const struct ghosts *g, uint64_t hash)
{
	return &g->print[(hash >> 8) & g->mask];
}

void ghosts_add(struct shard *h, const struct entry *e)
{
	struct ghosts *g = &h->ghosts[e->kind];
	/* Without memory none is remembered. */
	if (e->queue != SMALL ||
	    (!g->print && !(g->print = calloc(g->mask + 1, sizeof(*g->print)))))
		return;
	*ghost_place(g, e->hash) = print_of(e->hash);
}

/* Whether it was thrown out lately; it is forgotten then. */
static bool ghosts_take(struct ghosts *g, uint64_t hash)
{
	uint32_t *place = g->print ? ghost_place(g, hash) : NULL;
	if (!place || *place != print_of(hash))
		return false;
	*place = 0;
	return true;
}

void ghosts_resize(struct ghosts *g, size_t capacity)
{
	size_t count = 16;
	while (count < capacity / SHARDS)
		count *= 2;
	if (g->mask == count - 1)
		return;
	uint32_t *print = g->print ? calloc(count, sizeof(*print)) : NULL;
	if (g->print && !print)
		return;
	free(g->print);
	g->print = print;
	g->mask = count - 1;
}

void queue_add(struct shard *h, struct entry *e)
{
	e->queue = ghosts_take(&h->ghosts[e->kind], e->hash) ? MAIN : SMALL;
	link_newest(&h->queue[e->kind][e->queue], e);
}

void queue_remove(struct shard *h, struct entry *e)
{
	unlink_entry(&h->queue[e->kind][e->queue], e);
}

void queue_replace(struct shard *h, struct entry *e, struct entry *by)
{
	struct list *l = &h->queue[e->kind][e->queue];
	by->queue = e->queue;
	by->newer = e->newer;
	by->older = e->older;
	*(e->newer ? &e->newer->older : &l->newest) = by;
	*(e->older ? &e->older->newer : &l->oldest) = by;
	atomic_store_explicit(&by->frequency,
			      atomic_load_explicit(&e->frequency, memory_order_relaxed),
			      memory_order_relaxed);
}

/* Entries that get another chance before one has to go all the same: without a bound, the first
 * one thrown out of a big cache that is all in use would cost a walk through the whole of it. */
#define CHANCES 32u

/* Expired for so long that it is given out no more. */
static bool is_dead(const struct store *s, const struct entry *e, uint64_t now)
{
	uint64_t end = e->stored + (uint64_t)e->ttl * 1000000000u;
	return now > end && now - end > atomic_load_explicit(&s->keep_dead, memory_order_relaxed);
}

struct entry *queue_victim(struct store *s, struct shard *h, enum kind kind)
{
	struct list *small = &h->queue[kind][SMALL], *main = &h->queue[kind][MAIN];
	uint64_t now = sodns_now();
	for (unsigned chances = CHANCES;; chances--) {
		bool newcomers = small->count &&
				 (small->count * 10 > small->count + main->count || !main->count);
		struct entry *e = newcomers ? small->oldest : main->oldest;
		if (!e)
			return NULL;
		uint8_t f = atomic_load_explicit(&e->frequency, memory_order_relaxed);
		if (!f || !chances || is_dead(s, e, now))
			return e;
		/* Asked for since: on to the main queue, or once more round it. */
		unlink_entry(newcomers ? small : main, e);
		e->queue = MAIN;
		link_newest(main, e);
		atomic_store_explicit(&e->frequency, newcomers ? 0 : (uint8_t)(f - 1),
				      memory_order_relaxed);
	}
}
