/*
 * A table that one thread writes and any number read without locks: open addressing, a pointer and
 * sixteen bits of its hash in each slot. A map holds items under one key each, or, as an index of
 * another map's items, under any number of keys.
 *
 * What a reader finds stays valid until its query ends, if items and tables that were taken out are
 * retired (sodns/share.h); the map does so with its tables.
 *
 * A table that gets full is made anew little by little, as the writer goes on: whatever comes and
 * goes meanwhile does so in both, and the new one is shown when it is complete.
 */
#ifndef KUBERNETES_MAP_H
#define KUBERNETES_MAP_H

#include <stdatomic.h>

#include <sodns/share.h>

struct table {
	uint32_t mask;
	_Atomic(uint64_t) slot[];
};

struct map {
	sodns_shared_t table;  /* struct table, NULL while there was nothing */
	uint32_t live, filled; /* items; slots that are not free, with those of items gone */
	/* The hash of an item's key number i; false: it has no more. */
	bool (*key)(const void *item, unsigned i, uint32_t *hash);
	const struct map *of; /* an index: of this map's items; else NULL */
	uint32_t made;        /* tables so far */
	/* The next table, or NULL; how far the items are in it, which table they are taken from. */
	struct table *next;
	uint32_t next_filled, next_live, from, from_made;
};

#define MAP_FREE 0u
#define MAP_GONE 1u

struct probe {
	const struct table *table;
	uint32_t at;
	uint16_t tag;
};

/* Finds what may have the hash: map_next() until it is the right one, or NULL. [any thread] */
static inline void map_probe(struct probe *p, const struct map *m, uint32_t hash)
{
	p->table = sodns_reach(&m->table);
	p->at = hash;
	p->tag = (uint16_t)(hash >> 16);
}

static inline const void *map_next(struct probe *p)
{
	if (!p->table)
		return NULL;
	for (;;) {
		uint64_t slot = atomic_load_explicit(&p->table->slot[p->at & p->table->mask],
						     memory_order_acquire);
		if (slot == MAP_FREE)
			return NULL;
		p->at++;
		if (slot != MAP_GONE && (uint16_t)(slot >> 48) == p->tag)
			return (const void *)(uintptr_t)(slot & 0xffffffffffffu);
	}
}

/* All items, in no order: *at begins with 0. An index shows an item once for each key. NULL at the
 * end. [any thread] */
const void *map_each(const struct table *t, uint32_t *at);

/* Room for `more` keys: what follows can't fail. By the writer, as all below, before it changes
 * anything: an index is made anew from the items that its map has. */
void map_reserve(struct map *m, uint32_t more);
/* Goes on with the next table; false: there is none. */
bool map_settle(struct map *m);
void map_put(struct map *m, uint32_t hash, const void *item);
/* An item takes another's place. */
void map_replace(struct map *m, uint32_t hash, const void *old, const void *item);
void map_remove(struct map *m, uint32_t hash, const void *item);
/* The table alone, when it is read no more. */
void map_free(struct map *m);

/* Half of sodns_hash(). */
uint32_t hash_bytes(const void *bytes, size_t len);

#endif
