/*
 * A zone's beginning and end, and what its versions leave behind.
 */
#include <stdlib.h>

#include "zone/epoch.h"
#include "zone/store.h"

/* A node that has no parent: it has the origin as its name, and there are no records yet. */
static sodns_node_t *top_new(sodns_zone_t *z)
{
	sodns_node_t *n = region_alloc(z, offsetof(sodns_node_t, label) + z->origin_len,
				       _Alignof(sodns_node_t));
	zone_state_t *s = region_alloc(z, sizeof(*s), _Alignof(zone_state_t));
	if (!n || !s)
		return NULL;
	*s = (zone_state_t){.since = 0};
	n->parent = NULL;
	n->children = 0;
	n->hash = (uint32_t)(z->origin_hash >> 32);
	n->tag = (uint16_t)z->origin_hash;
	n->heap = false;
	memcpy(n->label, z->origin, z->origin_len);
	atomic_init(&n->state, s);
	return n;
}

sodns_zone_t *sodns_zone_new(const uint8_t *origin)
{
	sodns_zone_t *z = calloc(1, sizeof(*z));
	zone_version_t *v = calloc(1, sizeof(*v));
	if (!z || !v) {
		free(z);
		free(v);
		return NULL;
	}
	name_labels_t l;
	z->origin_len = (uint8_t)sodns_name_lower(origin, z->origin);
	name_split(z->origin, &l);
	z->origin_labels = l.count;
	z->origin_hash = name_hash(z->origin, &l, 0);
	pthread_mutex_init(&z->lock, NULL);
	atomic_init(&z->refs, 1);
	v->zone = z;
	atomic_init(&z->current, v);
	z->oldest = v;
	z->apex = top_new(z);
	z->hashes = top_new(z);
	if (!z->apex || !z->hashes || table_reserve(z, 16)) {
		sodns_zone_free(z);
		return NULL;
	}
	table_insert(z, z->apex);
	return z;
}

static void state_free(sodns_zone_t *z, zone_state_t *s)
{
	if (!(s->flags & STATE_HEAP))
		return;
	z->heap_objects--;
	free(s);
}

/* All states and nodes that came from malloc; regions go whole. */
static void free_heap_objects(sodns_zone_t *z)
{
	const zone_table_t *t = atomic_load(&z->table);
	for (uint32_t i = 0; i < t->size && z->heap_objects; i++) {
		uint64_t slot = atomic_load(&t->slot[i]);
		if (slot == SLOT_EMPTY || slot == SLOT_DELETED)
			continue;
		sodns_node_t *n = (sodns_node_t *)(uintptr_t)(slot >> 16);
		for (zone_state_t *s = atomic_load(&n->state), *before; s; s = before) {
			before = atomic_load(&s->before);
			state_free(z, s);
		}
		if (n->heap) {
			z->heap_objects--;
			free(n);
		}
	}
}

static void zone_destroy(sodns_zone_t *z)
{
	zone_table_t *t = atomic_load(&z->table);
	if (t && z->heap_objects)
		free_heap_objects(z);
	order_free(z);
	for (zone_version_t *v = z->oldest, *newer; v; v = newer) {
		newer = v->newer;
		free(v->garbage);
		free(v);
	}
	if (t)
		table_free(t);
	region_free_all(z);
	pthread_mutex_destroy(&z->lock);
	free(z);
}

void zone_unref(sodns_zone_t *z)
{
	if (atomic_fetch_sub(&z->refs, 1) == 1)
		zone_destroy(z);
}

void sodns_zone_free(void *zone)
{
	if (zone)
		zone_unref(zone);
}

static void node_free(void *p)
{
	free(p);
}

/* One entry of a version that nobody sees any more: the older states go, and the node with them if
 * the name has been gone since. */
static void collect_entry(sodns_zone_t *z, struct garbage *g)
{
	zone_state_t *old = atomic_exchange(&g->newer->before, NULL);
	for (zone_state_t *before; old; old = before) {
		before = atomic_load(&old->before);
		state_free(z, old);
	}
	sodns_node_t *n = g->node;
	if (!(g->newer->flags & STATE_ABSENT) || atomic_load(&n->state) != g->newer)
		return;
	table_remove(z, n);
	order_remove(z, n);
	if (g->newer->flags & STATE_HEAP) {
		z->heap_objects--;
		grace_defer(GRACE_BATCH, free, g->newer);
	}
	if (n->heap) {
		z->heap_objects--;
		grace_defer(GRACE_BATCH, node_free, n);
	}
}

void zone_collect_locked(sodns_zone_t *z)
{
	while (z->oldest->newer && atomic_load(&z->oldest->graced) &&
	       !atomic_load(&z->oldest->pins)) {
		zone_version_t *v = z->oldest;
		z->oldest = v->newer;
		for (size_t i = 0; i < v->garbage_count; i++)
			collect_entry(z, &v->garbage[i]);
		free(v->garbage);
		free(v);
	}
}

void zone_collect(sodns_zone_t *z)
{
	/* Whoever writes collects when it ends. */
	if (pthread_mutex_trylock(&z->lock))
		return;
	zone_collect_locked(z);
	pthread_mutex_unlock(&z->lock);
}
