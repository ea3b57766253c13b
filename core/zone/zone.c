/*
 * A zone's beginning and end, and what its versions leave behind.
 */
#include <stdlib.h>

#include "reclaim/epoch.h"
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
	sodns_zone_t *z = calloc(1, sizeof(*z) + sodns_name_length(origin));
	zone_version_t *v = calloc(1, VERSION_SHORT);
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
	if (!z->apex || !z->hashes || table_reserve(z, 1)) {
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

/* One entry of a version that is seen no more: the older states go, and the node with them if
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
	/* Without memory it stays: a name that no version has. */
	if (order_remove(z, n))
		return;
	table_remove(z, n);
	if (g->newer->flags & STATE_HEAP) {
		z->heap_objects--;
		grace_defer(GRACE_BATCH, free, g->newer);
	}
	if (n->heap) {
		z->heap_objects--;
		grace_defer(GRACE_BATCH, node_free, n);
	}
}

static bool is_gone(const zone_version_t *v)
{
	return v->newer && atomic_load(&v->graced) && !atomic_load(&v->pins);
}

static int by_node(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct garbage *)a)->node,
		  y = (uintptr_t)((const struct garbage *)b)->node;
	return x < y ? -1 : x > y;
}

/* A state that only the version between had: those on their way to an older one step over it. */
static void drop_between(sodns_zone_t *z, zone_state_t *newer, zone_state_t *s)
{
	atomic_store_explicit(&newer->before, atomic_load(&s->before), memory_order_release);
	if (!(s->flags & STATE_HEAP))
		return;
	z->heap_objects--;
	grace_defer(GRACE_BATCH, free, s);
}

/* Both lists as one, sorted by node; of a name in both, what the version between had goes. */
static size_t merge(sodns_zone_t *z, const zone_version_t *older, const zone_version_t *between,
		    struct garbage *out)
{
	const struct garbage *a = older->garbage, *a_end = a + older->garbage_count,
			     *b = between->garbage, *b_end = b + between->garbage_count;
	size_t n = 0;
	while (a < a_end || b < b_end) {
		int c = a == a_end ? 1 : b == b_end ? -1 : by_node(a, b);
		if (!c)
			drop_between(z, b->newer, (a++)->newer);
		out[n++] = c < 0 ? *a++ : *b++;
	}
	return n;
}

/* A version that is not seen, behind one that is: a slow transfer keeps what it reads, and
 * not all that has come and gone since. False: there is no memory to do it now. */
static bool take_out(sodns_zone_t *z, zone_version_t *older)
{
	zone_version_t *v = older->newer;
	size_t count = older->garbage_count + v->garbage_count;
	struct garbage *both = count ? malloc(count * sizeof(*both)) : NULL;
	if (count && !both)
		return false;
	if (older->garbage_count && !older->sorted)
		qsort(older->garbage, older->garbage_count, sizeof(*both), by_node);
	if (v->garbage_count)
		qsort(v->garbage, v->garbage_count, sizeof(*both), by_node);
	older->garbage_count = merge(z, older, v, both);
	free(older->garbage);
	older->garbage = both;
	older->sorted = true;
	older->newer = v->newer;
	free(v->garbage);
	free(v);
	return true;
}

void zone_collect_locked(sodns_zone_t *z)
{
	for (zone_version_t *v = z->oldest; v->newer && v->newer->newer;)
		if (is_gone(v) || !is_gone(v->newer) || !take_out(z, v))
			v = v->newer;
	while (is_gone(z->oldest)) {
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
	/* A writer collects when it ends. */
	if (pthread_mutex_trylock(&z->lock))
		return;
	zone_collect_locked(z);
	pthread_mutex_unlock(&z->lock);
}
