/*
 * The table: a chained hash of names. It is no zone of sodns/zone.h: names have no apex and no cuts, what is not
 * there is the next plugin's, and a file that changed is a new table as a whole, so that nothing needs
 * versions, an order or a path from a name to its parent.
 */
#include <stdlib.h>
#include <string.h>

#include "hosts.h"

#define SIZE_FIRST 64u

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct table *table_new(void)
{
	struct table *t = must(calloc(1, sizeof(*t)));
	t->size = SIZE_FIRST;
	t->buckets = must(calloc(t->size, sizeof(*t->buckets)));
	return t;
}

void table_free(void *table)
{
	struct table *t = table;
	for (uint32_t i = 0; t && i < t->size; i++)
		for (struct entry *e = t->buckets[i], *next; e; e = next) {
			next = e->next;
			for (int k = 0; k < SETS; k++)
				free(e->sets[k].data);
			free(e);
		}
	if (t)
		free(t->buckets);
	free(t);
}

const struct entry *table_find(const struct table *t, uint64_t hash, const uint8_t *name, bool wild)
{
	for (const struct entry *e = t->buckets[hash & (t->size - 1)]; e; e = e->next)
		if (e->hash == hash && e->wild == wild && sodns_name_equal(e->name, name))
			return e;
	return NULL;
}

static void grow(struct table *t)
{
	uint32_t size = t->size * 2;
	struct entry **buckets = must(calloc(size, sizeof(*buckets)));
	for (uint32_t i = 0; i < t->size; i++)
		for (struct entry *e = t->buckets[i], *next; e; e = next) {
			next = e->next;
			e->next = buckets[e->hash & (size - 1)];
			buckets[e->hash & (size - 1)] = e;
		}
	free(t->buckets);
	t->buckets = buckets;
	t->size = size;
}

static struct entry *entry_of(struct table *t, const uint8_t *name, bool wild)
{
	uint64_t hash = sodns_name_hash(name);
	const struct entry *found = table_find(t, hash, name, wild);
	if (found)
		return (struct entry *)(uintptr_t)found;
	if (t->used >= t->size)
		grow(t);
	size_t len = sodns_name_length(name);
	struct entry *e = must(calloc(1, sizeof(*e) + len));
	e->hash = hash;
	e->wild = wild;
	memcpy(e->name, name, len);
	e->next = t->buckets[hash & (t->size - 1)];
	t->buckets[hash & (t->size - 1)] = e;
	t->used++;
	t->wilds += wild;
	return e;
}

void table_add(struct table *t, const uint8_t *name, bool wild, int set, const void *rdata,
	       size_t len)
{
	struct set *s = &entry_of(t, name, wild)->sets[set];
	if (s->count == UINT16_MAX)
		return;
	if (s->len + len + 2 > s->room) {
		s->room = (uint32_t)(s->len + len + 2) * (s->len ? 2 : 1);
		s->data = must(realloc(s->data, s->room));
	}
	s->data[s->len] = (uint8_t)(len >> 8);
	s->data[s->len + 1] = (uint8_t)len;
	memcpy(s->data + s->len + 2, rdata, len);
	s->len += (uint32_t)len + 2;
	s->count++;
	t->entries++;
}
