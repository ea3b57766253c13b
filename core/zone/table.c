/*
 * The hash of a zone and the regions its first load lives in. Readers probe without locks: a slot
 * is one word, a bigger table is filled aside and published, and the old one goes when every worker
 * has passed a batch boundary.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "reclaim/epoch.h"
#include "zone/store.h"

#define CHUNK_FIRST 512u
/* From here on memory is the kernel's, whole pages that are given back. */
#define MAPPED_FROM 65536u
/* Chunks double up to this. Huge pages made loading slower and look-ups no faster. */
#define CHUNK_LAST (2u << 20)

struct region_chunk {
	struct region_chunk *next;
	size_t size, used;
};

/* Zeroed. */
static void *memory_new(size_t size)
{
	size_t aligned = (size + 63) & ~(size_t)63;
	void *p = size < MAPPED_FROM ? aligned_alloc(64, aligned)
				     : mmap(NULL, size, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (size < MAPPED_FROM)
		return p ? memset(p, 0, size) : NULL;
	return p == MAP_FAILED ? NULL : p;
}

static void memory_drop(void *p, size_t size)
{
	if (size < MAPPED_FROM)
		free(p);
	else
		munmap(p, size);
}

static struct region_chunk *chunk_new(size_t size)
{
	struct region_chunk *c = memory_new(size);
	if (c) {
		c->size = size;
		c->used = sizeof(*c);
	}
	return c;
}

void *region_alloc(sodns_zone_t *z, size_t size, size_t align)
{
	struct region_chunk *c = z->region;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;
	if (!c || at + size > c->size) {
		size_t next = c ? c->size * 2 : CHUNK_FIRST;
		if (next > CHUNK_LAST)
			next = CHUNK_LAST;
		while (next < size + sizeof(*c) + align)
			next *= 2;
		struct region_chunk *more = chunk_new(next);
		if (!more)
			return NULL;
		more->next = c;
		z->region = c = more;
		at = (c->used + align - 1) & ~(align - 1);
	}
	c->used = at + size;
	return (uint8_t *)c + at;
}

void region_free_all(sodns_zone_t *z)
{
	while (z->region) {
		struct region_chunk *next = z->region->next;
		memory_drop(z->region, z->region->size);
		z->region = next;
	}
}

static inline sodns_node_t *slot_node(uint64_t slot)
{
	return (sodns_node_t *)(uintptr_t)(slot >> 16);
}

static inline uint32_t home(const zone_table_t *t, uint32_t hash)
{
	return (uint32_t)((uint64_t)hash * t->size >> 32);
}

static inline bool label_equal(const uint8_t *a, const uint8_t *b)
{
	return a[0] == b[0] && !memcmp(a + 1, b + 1, a[0]);
}

/* Is n the name whose labels begin at `first`? The parents prove the rest of it. */
static inline bool proves(const sodns_zone_t *z, const sodns_node_t *n, const uint8_t *name,
			  const name_labels_t *l, unsigned first)
{
	unsigned end = l->count - z->origin_labels;
	for (; first < end; first++, n = n->parent)
		if (!n->parent || !label_equal(n->label, name + l->at[first]))
			return false;
	return n == z->apex;
}

sodns_node_t *table_find(const sodns_zone_t *z, const uint8_t *name, const name_labels_t *l,
			 unsigned first)
{
	const zone_table_t *t = atomic_load_explicit(&z->table, memory_order_acquire);
	uint64_t hash = name_hash(name, l, first);
	uint32_t i = home(t, (uint32_t)(hash >> 32));
	for (;; i = i + 1 == t->size ? 0 : i + 1) {
		uint64_t s = atomic_load_explicit(&t->slot[i], memory_order_acquire);
		if (s == SLOT_EMPTY)
			return NULL;
		if ((uint16_t)s == (uint16_t)hash && s != SLOT_DELETED &&
		    proves(z, slot_node(s), name, l, first))
			return slot_node(s);
	}
}

sodns_node_t *table_child(const sodns_zone_t *z, const sodns_node_t *parent, uint64_t hash,
			  const uint8_t *label)
{
	const zone_table_t *t = atomic_load_explicit(&z->table, memory_order_acquire);
	uint32_t i = home(t, (uint32_t)(hash >> 32));
	for (;; i = i + 1 == t->size ? 0 : i + 1) {
		uint64_t s = atomic_load_explicit(&t->slot[i], memory_order_acquire);
		if (s == SLOT_EMPTY)
			return NULL;
		if ((uint16_t)s != (uint16_t)hash || s == SLOT_DELETED)
			continue;
		sodns_node_t *n = slot_node(s);
		if (n->parent == parent && label_equal(n->label, label))
			return n;
	}
}

void table_prefetch(const sodns_zone_t *z, uint64_t hash, unsigned stage)
{
	const zone_table_t *t = atomic_load_explicit(&z->table, memory_order_acquire);
	uint32_t i = home(t, (uint32_t)(hash >> 32));
	if (!stage) {
		__builtin_prefetch((const void *)&t->slot[i]);
		return;
	}
	for (unsigned tries = 0; tries < 8; tries++, i = i + 1 == t->size ? 0 : i + 1) {
		uint64_t s = atomic_load_explicit(&t->slot[i], memory_order_relaxed);
		if (s == SLOT_EMPTY)
			return;
		if ((uint16_t)s == (uint16_t)hash && s != SLOT_DELETED) {
			const char *n = (const char *)slot_node(s);
			__builtin_prefetch(n);
			__builtin_prefetch(n + 64);
			return;
		}
	}
}

/* A tag of zero with a null pointer would be an empty slot; the pointer never is null. */
static void place(zone_table_t *t, sodns_node_t *n)
{
	uint32_t i = home(t, n->hash);
	while (atomic_load_explicit(&t->slot[i], memory_order_relaxed) != SLOT_EMPTY)
		i = i + 1 == t->size ? 0 : i + 1;
	atomic_store_explicit(&t->slot[i], (uint64_t)(uintptr_t)n << 16 | n->tag,
			      memory_order_release);
	t->used++;
}

static size_t table_bytes(uint32_t size)
{
	return sizeof(zone_table_t) + size * sizeof(uint64_t);
}

void table_free(zone_table_t *t)
{
	memory_drop(t, table_bytes(t->size));
}

static void table_unmap(void *p)
{
	table_free(p);
}

static zone_table_t *table_new(uint32_t size)
{
	zone_table_t *t = memory_new(table_bytes(size));
	if (t)
		t->size = size;
	return t;
}

int table_reserve(sodns_zone_t *z, size_t more)
{
	zone_table_t *old = atomic_load_explicit(&z->table, memory_order_relaxed);
	if (old && (old->used + more) * 5 <= (size_t)old->size * 4)
		return SODNS_OK;
	size_t live = old ? old->used - old->deleted : 0, want = (live + more) * 3 / 2 + 8;
	if (old && want < (size_t)live * 2)
		want = (size_t)live * 2;
	if (want > UINT32_MAX)
		return SODNS_ENOMEM;
	zone_table_t *t = table_new((uint32_t)want);
	if (!t)
		return SODNS_ENOMEM;
	for (uint32_t i = 0; old && i < old->size; i++) {
		uint64_t s = atomic_load_explicit(&old->slot[i], memory_order_relaxed);
		if (s != SLOT_EMPTY && s != SLOT_DELETED)
			place(t, slot_node(s));
	}
	atomic_store_explicit(&z->table, t, memory_order_release);
	if (old)
		grace_defer(GRACE_BATCH, table_unmap, old);
	return SODNS_OK;
}

void table_insert(sodns_zone_t *z, sodns_node_t *n)
{
	place(atomic_load_explicit(&z->table, memory_order_relaxed), n);
}

void table_remove(sodns_zone_t *z, sodns_node_t *n)
{
	zone_table_t *t = atomic_load_explicit(&z->table, memory_order_relaxed);
	uint32_t i = home(t, n->hash);
	for (;; i = i + 1 == t->size ? 0 : i + 1) {
		uint64_t s = atomic_load_explicit(&t->slot[i], memory_order_relaxed);
		if (s == SLOT_EMPTY)
			return;
		if (slot_node(s) == n)
			break;
	}
	atomic_store_explicit(&t->slot[i], SLOT_DELETED, memory_order_release);
	t->deleted++;
}
