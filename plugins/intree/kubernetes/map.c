/*
 * The lock-free table's writing side.
 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>

#define SIZE_FIRST 16u
/* Keys moved to the next table each time, and for each that comes: a table that is full to 4/5 has
 * room for that many more until all are moved. */
#define MOVE 64u
#define MOVE_EACH 16u

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

/* Finds the item's slot, or the free one behind those where it could be. */
static _Atomic(uint64_t) *look_up(struct table *t, uint32_t hash, const void *item)
{
	uint64_t want = pack(hash, item), slot;
	for (uint32_t at = hash;; at++) {
		slot = atomic_load_explicit(&t->slot[at & t->mask], memory_order_relaxed);
		if (slot == want || slot == MAP_FREE)
			return &t->slot[at & t->mask];
	}
}

static bool is_free(const _Atomic(uint64_t) *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed) == MAP_FREE;
}

/* Into the next table, unless it came there by itself. */
static void move(struct map *m, uint32_t hash, const void *item)
{
	_Atomic(uint64_t) *slot = look_up(m->next, hash, item);
	if (!is_free(slot))
		return;
	atomic_store_explicit(slot, pack(hash, item), memory_order_relaxed);
	m->next_filled++;
	m->next_live++;
}

static void begin_next(struct map *m, uint32_t more)
{
	const struct table *t = table_of(m);
	uint32_t size = SIZE_FIRST;
	/* With some air, or the next few items would bring the next one; and with what may still
	 * come into the table that there is. */
	uint64_t want = (uint64_t)m->live + more + m->live / 8 + (t ? (t->mask + 1) / 4 : 0);
	while (size * 4ull / 5 <= want)
		size *= 2;
	m->next = calloc(1, sizeof(*m->next) + size * sizeof(m->next->slot[0]));
	if (!m->next)
		abort();
	m->next->mask = size - 1;
	m->next_filled = m->next_live = m->from = 0;
	m->from_made = m->of ? m->of->made : m->made;
}

static void show_next(struct map *m)
{
	void *old = sodns_publish(&m->table, m->next);
	m->live = m->next_live;
	m->filled = m->next_filled;
	m->next = NULL;
	m->made++;
	sodns_retire(old, free);
}

/* Moves about `count` keys; true: the next table is complete, and shown. */
static bool go_on(struct map *m, uint32_t count)
{
	const struct map *of = m->of ? m->of : m;
	const struct table *t = table_of(of);
	/* The items have another table by now: what is moved is passed over. */
	if (m->from_made != of->made)
		m->from = 0;
	m->from_made = of->made;
	for (uint32_t moved = 0; moved < count;) {
		uint32_t before = m->from, hash;
		const void *item = map_each(t, &m->from);
		if (!item) {
			show_next(m);
			return true;
		}
		for (unsigned i = 0; m->key(item, i, &hash); i++, moved++)
			move(m, hash, item);
		moved += (m->from - before + 7) / 8;
	}
	return false;
}

bool map_settle(struct map *m)
{
	return m->next && !go_on(m, MOVE * 8);
}

void map_reserve(struct map *m, uint32_t more)
{
	if (m->next)
		go_on(m, MOVE + more * MOVE_EACH);
	for (;;) {
		const struct table *t = table_of(m);
		uint64_t size = t ? t->mask + 1ull : 0, want = (uint64_t)m->filled + more;
		if (!m->next && want <= size * 4 / 5)
			return;
		if (!m->next)
			begin_next(m, more);
		if (want <= size * 15 / 16 &&
		    m->next_filled + more <= (m->next->mask + 1ull) * 15 / 16)
			return;
		/* More come at once than there is room for. */
		while (!go_on(m, UINT32_MAX))
			;
	}
}

static bool put(struct table *t, uint32_t hash, const void *item)
{
	uint32_t at = hash;
	uint64_t slot;
	while ((slot = atomic_load_explicit(&t->slot[at & t->mask], memory_order_relaxed)) !=
		       MAP_FREE &&
	       slot != MAP_GONE)
		at++;
	atomic_store_explicit(&t->slot[at & t->mask], pack(hash, item), memory_order_release);
	return slot == MAP_FREE;
}

void map_put(struct map *m, uint32_t hash, const void *item)
{
	m->filled += put(table_of(m), hash, item);
	m->live++;
	if (!m->next)
		return;
	m->next_filled += put(m->next, hash, item);
	m->next_live++;
}

/* Puts a value in an item's place; false: it is not there. */
static bool swap(struct table *t, uint32_t hash, const void *item, uint64_t value)
{
	_Atomic(uint64_t) *slot = t ? look_up(t, hash, item) : NULL;
	if (!slot || is_free(slot))
		return false;
	atomic_store_explicit(slot, value, memory_order_release);
	return true;
}

void map_replace(struct map *m, uint32_t hash, const void *old, const void *item)
{
	swap(table_of(m), hash, old, pack(hash, item));
	swap(m->next, hash, old, pack(hash, item));
}

void map_remove(struct map *m, uint32_t hash, const void *item)
{
	m->live -= swap(table_of(m), hash, item, MAP_GONE);
	m->next_live -= swap(m->next, hash, item, MAP_GONE);
}

void map_free(struct map *m)
{
	free(m->table.current);
	free(m->next);
	*m = (struct map){.key = m->key, .of = m->of};
}

uint32_t hash_bytes(const void *bytes, size_t len)
{
	return (uint32_t)sodns_hash(bytes, len);
}
