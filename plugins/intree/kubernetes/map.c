/*
 * The lock-free table's writing side.
 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include <sodns/random.h>

#define SIZE_FIRST 16u

static uint64_t pack(uint32_t hash, const void *item)
{
	return (uint64_t)(hash >> 16) << 48 | (uint64_t)(uintptr_t)item;
}

static struct table *table_of(const struct map *m)
{
	return m->table.current;
}

const void *map_each(const struct table *t, uint32_t *at)
{
	while (t && *at <= t->mask) {
		uint64_t slot = atomic_load_explicit(&t->slot[(*at)++], memory_order_acquire);
		if (slot != MAP_FREE && slot != MAP_GONE)
			return (const void *)(uintptr_t)(slot & 0xffffffffffffu);
	}
	return NULL;
}

static void insert(struct table *t, uint32_t hash, const void *item)
{
	uint32_t at = hash;
	while (atomic_load_explicit(&t->slot[at & t->mask], memory_order_relaxed) != MAP_FREE)
		at++;
	atomic_store_explicit(&t->slot[at & t->mask], pack(hash, item), memory_order_relaxed);
}

/* A table of the right size, filled anew. */
static void rebuild(struct map *m, uint32_t more)
{
	uint32_t size = SIZE_FIRST, at = 0, hash;
	const void *item;
	/* With some air, or the next few items would bring the next one. */
	uint64_t want = (uint64_t)m->live + more + m->live / 8;
	while (size * 4ull / 5 <= want)
		size *= 2;
	struct table *t = calloc(1, sizeof(*t) + size * sizeof(t->slot[0]));
	if (!t)
		abort();
	t->mask = size - 1;
	m->filled = 0;
	while ((item = map_each(table_of(m->of ? m->of : m), &at)))
		for (unsigned i = 0; m->key(item, i, &hash); i++) {
			insert(t, hash, item);
			m->filled++;
		}
	m->live = m->filled;
	sodns_retire(sodns_publish(&m->table, t), free);
}

void map_reserve(struct map *m, uint32_t more)
{
	const struct table *t = table_of(m);
	uint64_t limit = t ? (t->mask + 1) * 4ull / 5 : 0;
	if ((uint64_t)m->filled + more > limit)
		rebuild(m, more);
}

void map_put(struct map *m, uint32_t hash, const void *item)
{
	struct table *t = table_of(m);
	uint32_t at = hash;
	uint64_t slot;
	while ((slot = atomic_load_explicit(&t->slot[at & t->mask], memory_order_relaxed)) !=
		       MAP_FREE &&
	       slot != MAP_GONE)
		at++;
	m->filled += slot == MAP_FREE;
	m->live++;
	atomic_store_explicit(&t->slot[at & t->mask], pack(hash, item), memory_order_release);
}

static _Atomic(uint64_t) *slot_of(const struct map *m, uint32_t hash, const void *item)
{
	struct table *t = table_of(m);
	uint64_t want = pack(hash, item), slot;
	if (!t)
		return NULL;
	for (uint32_t at = hash;; at++) {
		slot = atomic_load_explicit(&t->slot[at & t->mask], memory_order_relaxed);
		if (slot == want)
			return &t->slot[at & t->mask];
		if (slot == MAP_FREE)
			return NULL;
	}
}

void map_replace(struct map *m, uint32_t hash, const void *old, const void *item)
{
	_Atomic(uint64_t) *slot = slot_of(m, hash, old);
	if (slot)
		atomic_store_explicit(slot, pack(hash, item), memory_order_release);
}

void map_remove(struct map *m, uint32_t hash, const void *item)
{
	_Atomic(uint64_t) *slot = slot_of(m, hash, item);
	if (!slot)
		return;
	atomic_store_explicit(slot, MAP_GONE, memory_order_release);
	m->live--;
}

void map_free(struct map *m)
{
	free(m->table.current);
	*m = (struct map){.key = m->key, .of = m->of};
}

static uint64_t seed(void)
{
	static _Atomic(uint64_t) known;
	uint64_t s = atomic_load_explicit(&known, memory_order_relaxed), none = 0;
	if (s)
		return s;
	sodns_random_bytes(&s, sizeof(s));
	s |= 1;
	return atomic_compare_exchange_strong(&known, &none, s) ? s : none;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide_t;
	wide_t r = (wide_t)a * b;
	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

uint32_t hash_bytes(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t h = seed() ^ len, word;
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		h = mix(h ^ word, 0x9e3779b97f4a7c15u);
	}
	word = 0;
	memcpy(&word, p, len);
	h = mix(h ^ word, 0xe7037ed1a0b428dbu);
	return (uint32_t)(h ^ h >> 32);
}
