/*
 * The store: objects come, change and go. Whatever is published is whole: a service with all of its
 * slices; and a query that looks an address up finds the old record or the new one, never none.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodns/text.h>

#include "reduce.h"

/* One step of a sweep: a fraction of a millisecond. */
#define SWEEP_SLOTS 2048u
#define SWEEP_DROPS 128u

/* The last object read, the writer's alone; and room for comparing addresses. */
static __thread struct object object;

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* Keys of the maps. */

static bool service_hash(const void *item, unsigned i, uint32_t *hash)
{
	*hash = ((const struct service *)item)->hash;
	return !i;
}

static bool slice_hash(const void *item, unsigned i, uint32_t *hash)
{
	*hash = ((const struct slice *)item)->hash;
	return !i;
}

static bool pod_hash(const void *item, unsigned i, uint32_t *hash)
{
	*hash = ((const struct pod *)item)->hash;
	return !i;
}

static bool namespace_hash(const void *item, unsigned i, uint32_t *hash)
{
	*hash = ((const struct namespace *)item)->hash;
	return !i;
}

static bool labels_hash(const void *item, unsigned i, uint32_t *hash)
{
	*hash = ((const struct labels *)item)->hash;
	return !i;
}

static bool pod_address_hash(const void *item, unsigned i, uint32_t *hash)
{
	const struct pod *p = item;
	*hash = hash_bytes(p->parts, p->size);
	return !i;
}

static bool service_address_hash(const void *item, unsigned i, uint32_t *hash)
{
	const struct service *s = item;
	unsigned four = s->a4_len / A4_SIZE, six = s->a6_len / A6_SIZE;
	if (i < four)
		*hash = hash_bytes(service_a4(s) + i * A4_SIZE + 2, 4);
	else if (i < four + six)
		*hash = hash_bytes(service_a6(s) + (i - four) * A6_SIZE + 2, 16);
	return i < four + six;
}

/* External host names are no addresses; they are not looked for. */
static bool service_external_hash(const void *item, unsigned i, uint32_t *hash)
{
	const struct service *s = item;
	const uint8_t *p = service_external(s), *end = p + s->external_len;
	for (; p < end; p = external_next(p))
		if (*p && !i--) {
			*hash = hash_bytes(p + EXTERNAL_HEAD, *p);
			return true;
		}
	return false;
}

static bool endpoint_hash(const void *item, unsigned i, uint32_t *hash)
{
	const struct slice *s = item;
	if (i >= s->count)
		return false;
	*hash = hash_bytes(slice_rdata(s) + (size_t)i * s->size + 2, s->size - 2u);
	return true;
}

void store_init(struct store *s)
{
	for (int i = 0; i < SETS; i++) {
		struct set *x = &s->sets[i];
		x->services.key = service_hash;
		x->slices.key = slice_hash;
		x->by_address = (struct map){.key = service_address_hash, .of = &x->services};
		x->by_external = (struct map){.key = service_external_hash, .of = &x->services};
		x->by_endpoint = (struct map){.key = endpoint_hash, .of = &x->slices};
	}
	s->pods.key = pod_hash;
	s->pods_by_address = (struct map){.key = pod_address_hash, .of = &s->pods};
	s->namespaces.key = namespace_hash;
	s->labels.key = labels_hash;
}

static void free_all(struct map *m)
{
	uint32_t at = 0;
	const void *item;
	while ((item = map_each(m->table.current, &at)))
		free((void *)(uintptr_t)item);
	map_free(m);
}

void store_free(struct store *s)
{
	for (int i = 0; i < SETS; i++) {
		struct set *x = &s->sets[i];
		map_free(&x->by_address);
		map_free(&x->by_external);
		map_free(&x->by_endpoint);
		free_all(&x->services);
		free_all(&x->slices);
	}
	map_free(&s->pods_by_address);
	free_all(&s->pods);
	free_all(&s->namespaces);
	free_all(&s->labels);
}

static void retire(const void *item)
{
	sodns_retire((void *)(uintptr_t)item, free);
}

static uint32_t keys_of(const struct map *m, const void *item)
{
	uint32_t n = 0, hash;
	while (item && m->key(item, n, &hash))
		n++;
	return n;
}

/* An item takes another's place in an index: first it is found, then the other is not. Either may be
 * NULL. There is room. */
static void index_change(struct map *m, const void *old, const void *item)
{
	uint32_t hash;
	for (unsigned i = 0; item && m->key(item, i, &hash); i++)
		map_put(m, hash, item);
	for (unsigned i = 0; old && m->key(old, i, &hash); i++)
		map_remove(m, hash, old);
}

/* The same in the map that the item is found in by its name, and in its indexes. */
static void change(struct map *m, struct map *const *indexes, unsigned count, const void *old,
		   const void *item)
{
	uint32_t hash = 0;
	for (unsigned i = 0; i < count; i++)
		map_reserve(indexes[i], keys_of(indexes[i], item));
	map_reserve(m, item && !old);
	m->key(item ? item : old, 0, &hash);
	if (item && old)
		map_replace(m, hash, old, item);
	else if (item)
		map_put(m, hash, item);
	else
		map_remove(m, hash, old);
	for (unsigned i = 0; i < count; i++)
		index_change(indexes[i], old, item);
	retire(old);
}

static void touch(struct store *s, int which)
{
	atomic_store(&s->serial[which], (uint32_t)time(NULL));
}

/* Namespaces. */

static const struct namespace *find_namespace(const struct store *s, const void *name, size_t len)
{
	struct probe p;
	const struct namespace *n;
	map_probe(&p, &s->namespaces, hash_bytes(name, len));
	while ((n = map_next(&p)))
		if (n->len == len && !memcmp(n->name, name, len))
			return n;
	return NULL;
}

bool store_has_namespace(const struct store *s, const void *name, size_t len)
{
	return find_namespace(s, name, len) != NULL;
}

static void take_namespace(struct store *s, bool gone)
{
	const char *name = object.meta.name;
	size_t len = strlen(name);
	const struct namespace *old = find_namespace(s, name, len);
	if (len > LABEL_MAX || (gone && !old))
		return;
	if (gone) {
		change(&s->namespaces, NULL, 0, old, NULL);
		return;
	}
	if (old) {
		((struct namespace *)(uintptr_t)old)->seen = s->list[NAMESPACES];
		return;
	}
	struct namespace *n = must(malloc(sizeof(*n) + len));
	n->hash = hash_bytes(name, len);
	n->seen = s->list[NAMESPACES];
	n->len = (uint8_t)len;
	memcpy(n->name, name, len);
	change(&s->namespaces, NULL, 0, NULL, n);
}

/* Pods. */

/* The same labels are kept once: pods of one kind have them all alike. */
static const struct labels *labels_take(struct store *s, const struct bytes *b)
{
	struct probe p;
	const struct labels *known;
	if (!b->len)
		return NULL;
	uint32_t hash = hash_bytes(b->at, b->len);
	map_probe(&p, &s->labels, hash);
	while ((known = map_next(&p)))
		if (known->len == b->len && !memcmp(known->text, b->at, b->len)) {
			((struct labels *)(uintptr_t)known)->refs++;
			return known;
		}
	struct labels *l = must(malloc(sizeof(*l) + b->len));
	*l = (struct labels){.hash = hash, .refs = 1, .len = (uint32_t)b->len};
	memcpy(l->text, b->at, b->len);
	map_reserve(&s->labels, 1);
	map_put(&s->labels, hash, l);
	return l;
}

static void labels_drop(struct store *s, const struct labels *labels)
{
	struct labels *l = (struct labels *)(uintptr_t)labels;
	if (!l || --l->refs)
		return;
	map_remove(&s->labels, l->hash, l);
	retire(l);
}

static uint32_t hash_names(const char *namespace, const char *name)
{
	char both[512];
	size_t a = strlen(namespace), b = strlen(name);
	memcpy(both, namespace, a);
	both[a] = '/';
	memcpy(both + a + 1, name, b);
	return hash_bytes(both, a + 1 + b);
}

static const struct pod *find_pod(const struct store *s, const char *namespace, const char *name)
{
	struct probe p;
	const struct pod *x;
	size_t a = strlen(namespace), b = strlen(name);
	map_probe(&p, &s->pods, hash_names(namespace, name));
	while ((x = map_next(&p)))
		if (x->namespace_len == a && x->name_len == b &&
		    !memcmp(pod_namespace(x), namespace, a) && !memcmp(pod_name(x), name, b))
			return x;
	return NULL;
}

static void pod_change(struct store *s, const struct pod *old, const struct pod *new)
{
	struct map *indexes[] = {&s->pods_by_address};
	const struct labels *labels = old ? old->labels : NULL;
	change(&s->pods, indexes, 1, old, new);
	labels_drop(s, labels);
}

static struct pod *pod_new(struct store *s)
{
	const struct meta *m = &object.meta;
	size_t a = strlen(m->namespace), b = strlen(m->name);
	struct pod *p = must(malloc(sizeof(*p) + object.pod.size + a + b));
	*p = (struct pod){.hash = hash_names(m->namespace, m->name),
			  .seen = s->list[PODS],
			  .labels = labels_take(s, &m->labels),
			  .size = object.pod.size,
			  .namespace_len = (uint8_t)a,
			  .name_len = (uint8_t)b};
	memcpy(p->parts, object.pod.bytes, p->size);
	memcpy(p->parts + p->size, m->namespace, a);
	memcpy(p->parts + p->size + a, m->name, b);
	return p;
}

bool pod_has(const struct pod *p, const struct address *a)
{
	return p->size == a->size && !memcmp(p->parts, a->bytes, a->size);
}

static void take_pod(struct store *s, bool gone)
{
	const struct pod *old = find_pod(s, object.meta.namespace, object.meta.name);
	if (old)
		((struct pod *)(uintptr_t)old)->seen = s->list[PODS];
	/* A pod that ends is as it was until it has ended. */
	if (object.meta.ends && !gone)
		return;
	bool moved = !old || !pod_has(old, &object.pod);
	if (gone || !object.pod.size) {
		if (old)
			pod_change(s, old, NULL);
		if (old)
			touch(s, SERIAL_INTERNAL);
		return;
	}
	struct pod *new = pod_new(s);
	if (!moved && new->labels == old->labels) {
		labels_drop(s, new->labels);
		free(new);
		return;
	}
	pod_change(s, old, new);
	if (moved)
		touch(s, SERIAL_INTERNAL);
}

/* Services. */

const struct service *store_service(const struct set *x, const uint8_t *key, size_t len)
{
	struct probe p;
	const struct service *s;
	uint32_t hash = hash_bytes(key, len);
	map_probe(&p, &x->services, hash);
	while ((s = map_next(&p)))
		if (s->hash == hash && s->key_len == len && !memcmp(service_key(s), key, len))
			return s;
	return NULL;
}

static bool rdata_has(const uint8_t *rdata, size_t count, const struct address *a)
{
	const size_t size = a->size + 2u;
	for (size_t i = 0; i < count; i++)
		if (!memcmp(rdata + i * size + 2, a->bytes, a->size))
			return true;
	return false;
}

bool slice_has(const struct slice *s, const struct address *a)
{
	return s->size == a->size + 2u && rdata_has(slice_rdata(s), s->count, a);
}

bool service_has(const struct service *s, const struct address *a)
{
	if (a->size == 4)
		return rdata_has(service_a4(s), s->a4_len / A4_SIZE, a);
	return rdata_has(service_a6(s), s->a6_len / A6_SIZE, a);
}

bool service_has_external(const struct service *s, const struct address *a)
{
	const uint8_t *p = service_external(s), *end = p + s->external_len;
	for (; p < end; p = external_next(p))
		if (*p == a->size && !memcmp(p + EXTERNAL_HEAD, a->bytes, a->size))
			return true;
	return false;
}

static void service_change(struct set *x, const struct service *old, const struct service *new)
{
	struct map *indexes[] = {&x->by_address, &x->by_external};
	change(&x->services, indexes, 2, old, new);
}

static size_t parts_len(const struct service *s)
{
	return (size_t)s->key_len + s->a4_len + s->a6_len + s->ports_len + s->alias_len +
	       s->external_len;
}

/* Whether an address is there more than once. */
static bool repeats(const struct slice *const *slices, uint16_t count)
{
	uint32_t total = 0, size = 16;
	bool again = false;
	for (uint16_t i = 0; i < count; i++)
		total += slices[i]->count;
	while (size < total * 2)
		size *= 2;
	if (total < 2)
		return false;
	const uint8_t **slot = must(calloc(size, sizeof(*slot)));
	for (uint16_t i = 0; i < count && !again; i++) {
		const uint8_t *a = slice_rdata(slices[i]);
		for (uint32_t k = 0; k < slices[i]->count && !again; k++, a += slices[i]->size) {
			uint32_t at = hash_bytes(a, slices[i]->size) & (size - 1);
			/* The length is part of the RDATA: families differ. */
			while (slot[at] &&
			       (slot[at][1] != a[1] || memcmp(slot[at], a, slices[i]->size)))
				at = (at + 1) & (size - 1);
			again = slot[at] != NULL;
			slot[at] = a;
		}
	}
	free(slot);
	return again;
}

/* A service with other slices; its parts are those of `from`, and what follows from the slices is reckoned
 * here and nowhere else. */
static struct service *with_slices(const struct service *from, const struct slice *const *slices,
				   uint16_t count)
{
	size_t head = sizeof(*from) + count * sizeof(slices[0]);
	struct service *s = must(malloc(head + parts_len(from)));
	*s = *from;
	s->slice_count = count;
	s->flags &= (uint8_t)~SERVICE_REPEATS;
	if (repeats(slices, count))
		s->flags |= SERVICE_REPEATS;
	if (count)
		memcpy(s->slices, slices, count * sizeof(slices[0]));
	memcpy((uint8_t *)s + head, service_key(from), parts_len(from));
	return s;
}

/* A service's slices with one put in another's place; either may be NULL. In the order of their
 * names. */
static void service_slices(struct set *x, const struct service *old, const struct service *parts,
			   const struct slice *out, const struct slice *in)
{
	uint16_t n = 0, count = old ? old->slice_count : 0;
	const struct slice **list = must(malloc((count + 1u) * sizeof(*list)));
	for (uint16_t i = 0; i < count; i++)
		if (old->slices[i] != out)
			list[n++] = old->slices[i];
	if (in) {
		uint16_t at = n++;
		for (; at; at--) {
			const struct slice *before = list[at - 1];
			size_t len = before->id_len < in->id_len ? before->id_len : in->id_len;
			int order = memcmp(before->parts + before->key_len, in->parts + in->key_len,
					   len);
			if (order < 0 || (!order && before->id_len <= in->id_len))
				break;
			list[at] = before;
		}
		list[at] = in;
	}
	const struct service *from = old ? old : parts;
	struct service *new = NULL;
	if (n || (from->flags & SERVICE_KNOWN))
		new = with_slices(from, list, n);
	service_change(x, old, new);
	free(list);
}

/* A service of which only its key is known. */
static struct service *service_bare(const uint8_t *key, size_t len)
{
	struct service *s = must(calloc(1, sizeof(*s) + len));
	s->hash = hash_bytes(key, len);
	s->key_len = (uint8_t)len;
	memcpy(s->slices, key, len);
	return s;
}

static struct service *service_new(const uint8_t *key, size_t len, uint32_t seen)
{
	const struct object *o = &object;
	struct service head = {.hash = hash_bytes(key, len),
			       .seen = seen,
			       .a4_len = (uint16_t)o->a4.len,
			       .a6_len = (uint16_t)o->a6.len,
			       .ports_len = (uint16_t)o->ports.len,
			       .external_len = (uint16_t)o->external.len,
			       .flags = o->flags | SERVICE_KNOWN,
			       .key_len = (uint8_t)len,
			       .alias_len = o->alias_len};
	struct service *s = must(malloc(sizeof(*s) + parts_len(&head)));
	*s = head;
	uint8_t *p = (uint8_t *)s->slices;
	const struct bytes alias = {.at = (uint8_t *)(uintptr_t)o->alias, .len = o->alias_len};
	const struct bytes *const parts[] = {&o->a4, &o->a6, &o->ports, &alias, &o->external};
	memcpy(p, key, len);
	p += len;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i]->len)
			memcpy(p, parts[i]->at, parts[i]->len);
		p += parts[i]->len;
	}
	return s;
}

static bool same_part(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && !memcmp(a, b, a_len);
}

/* What of the object itself is another: bits by serial. */
static unsigned service_differs(const struct service *a, const struct service *b)
{
	const uint8_t mask = (uint8_t)~SERVICE_REPEATS;
	bool ports = !same_part(service_ports(a), a->ports_len, service_ports(b), b->ports_len);
	bool external = !same_part(service_external(a), a->external_len, service_external(b),
				   b->external_len);
	bool rest = ((a->flags ^ b->flags) & mask) ||
		    !same_part(service_a4(a), a->a4_len, service_a4(b), b->a4_len) ||
		    !same_part(service_a6(a), a->a6_len, service_a6(b), b->a6_len) ||
		    !same_part(service_alias(a), a->alias_len, service_alias(b), b->alias_len);
	return (ports || rest) << SERIAL_INTERNAL | (ports || external) << SERIAL_EXTERNAL;
}

static void service_gone(struct store *s, struct set *x, const struct service *old)
{
	struct service *rest = NULL;
	if (!old || !(old->flags & SERVICE_KNOWN))
		return;
	if (old->slice_count) {
		struct service *bare = service_bare(service_key(old), old->key_len);
		rest = with_slices(bare, old->slices, old->slice_count);
		free(bare);
	}
	service_change(x, old, rest);
	touch(s, SERIAL_INTERNAL);
}

/* The oracle's external and imported serials move with changes only, not with what comes and goes. */
static void take_service(struct store *s, int collection, bool gone)
{
	struct set *x = &s->sets[collection == IMPORTS ? IMPORTED : LOCAL];
	uint8_t key[2 * (LABEL_MAX + 1)];
	size_t len = key_make(key, object.meta.name, object.meta.namespace);
	const struct service *old = len ? store_service(x, key, len) : NULL;
	if (gone)
		service_gone(s, x, old);
	if (!len || gone)
		return;
	struct service *new = service_new(key, len, s->list[collection]);
	bool known = old && (old->flags & SERVICE_KNOWN);
	unsigned differs = known ? service_differs(old, new) : 1u << SERIAL_INTERNAL;
	if (!differs) {
		((struct service *)(uintptr_t)old)->seen = new->seen;
		free(new);
		return;
	}
	if (old && old->slice_count) {
		struct service *whole = with_slices(new, old->slices, old->slice_count);
		free(new);
		new = whole;
	}
	service_change(x, old, new);
	if (known && collection == IMPORTS) {
		touch(s, SERIAL_IMPORTED);
		return;
	}
	if (differs & 1u << SERIAL_INTERNAL)
		touch(s, SERIAL_INTERNAL);
	if (differs & 1u << SERIAL_EXTERNAL)
		touch(s, SERIAL_EXTERNAL);
}

/* Slices. */

static const struct slice *find_slice(const struct set *x, const char *namespace, const char *id)
{
	struct probe p;
	const struct slice *s;
	size_t a = strlen(namespace), b = strlen(id);
	map_probe(&p, &x->slices, hash_names(namespace, id));
	while ((s = map_next(&p)))
		if (s->id_len == b && !memcmp(s->parts + s->key_len, id, b) &&
		    s->key_len == s->parts[0] + a + 2 &&
		    !memcmp(s->parts + s->key_len - a, namespace, a))
			return s;
	return NULL;
}

static struct slice *slice_new(const uint8_t *key, size_t len, uint32_t seen)
{
	const struct object *o = &object;
	const struct meta *m = &o->meta;
	size_t id = strlen(m->name), cluster = strlen(m->cluster);
	struct slice *s = must(malloc(sizeof(*s) + len + id + cluster + o->rdata.len +
				      o->ports.len + o->names.len + o->zones.len));
	*s = (struct slice){.hash = hash_names(m->namespace, m->name),
			    .seen = seen,
			    .count = o->count,
			    .labels_len = (uint32_t)o->names.len,
			    .zones_len = (uint32_t)o->zones.len,
			    .ports_len = (uint16_t)o->ports.len,
			    .size = o->size ? o->size : A4_SIZE,
			    .key_len = (uint8_t)len,
			    .id_len = (uint8_t)id,
			    .cluster_len = (uint8_t)cluster};
	const struct bytes texts[] = {{(uint8_t *)(uintptr_t)key, len, 0},
				      {(uint8_t *)(uintptr_t)m->name, id, 0},
				      {(uint8_t *)(uintptr_t)m->cluster, cluster, 0}};
	const struct bytes *const parts[] = {&texts[0], &texts[1], &texts[2], &o->rdata,
					     &o->ports, &o->names, &o->zones};
	uint8_t *p = s->parts;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i]->len)
			memcpy(p, parts[i]->at, parts[i]->len);
		p += parts[i]->len;
	}
	return s;
}

static size_t slice_len(const struct slice *s)
{
	return (size_t)(slice_zones(s) - s->parts) + s->zones_len;
}

static bool slice_same(const struct slice *a, const struct slice *b)
{
	return a->count == b->count && a->size == b->size && a->key_len == b->key_len &&
	       a->cluster_len == b->cluster_len && a->ports_len == b->ports_len &&
	       a->labels_len == b->labels_len && a->zones_len == b->zones_len &&
	       !memcmp(a->parts, b->parts, slice_len(a));
}

static bool same_key(const struct slice *a, const struct slice *b)
{
	return a->key_len == b->key_len && !memcmp(a->parts, b->parts, a->key_len);
}

/* Out with a slice, in with another; either may be NULL. It may have moved to another service. */
static void slice_change(struct set *x, const struct slice *old, const struct slice *new)
{
	struct map *indexes[] = {&x->by_endpoint};
	bool moved = old && new && !same_key(old, new);
	const struct slice *any = new ? new : old;
	const struct service *s = store_service(x, any->parts, any->key_len);
	struct service *bare = s ? NULL : service_bare(any->parts, any->key_len);
	if (moved) {
		const struct service *was = store_service(x, old->parts, old->key_len);
		service_slices(x, was, NULL, old, NULL);
	}
	service_slices(x, s, bare, old, new);
	free(bare);
	change(&x->slices, indexes, 1, old, new);
}

static void slice_gone(struct store *s, struct set *x, const struct slice *old)
{
	if (!old)
		return;
	slice_change(x, old, NULL);
	touch(s, SERIAL_INTERNAL);
}

/* The service that the slice is one of, if it is known. */
static const struct service *take_slice(struct store *s, int collection, bool gone)
{
	struct set *x = &s->sets[collection == IMPORTED_SLICES ? IMPORTED : LOCAL];
	const struct meta *m = &object.meta;
	uint8_t key[2 * (LABEL_MAX + 1)];
	size_t len = key_make(key, collection == IMPORTED_SLICES ? m->import : m->service,
			      m->namespace);
	const struct slice *old = find_slice(x, m->namespace, m->name);
	if (gone || !len) {
		slice_gone(s, x, old);
		return len ? store_service(x, key, len) : NULL;
	}
	struct slice *new = slice_new(key, len, s->list[collection]);
	if (old && slice_same(old, new)) {
		((struct slice *)(uintptr_t)old)->seen = new->seen;
		free(new);
	} else {
		slice_change(x, old, new);
		touch(s, old && collection == IMPORTED_SLICES ? SERIAL_IMPORTED : SERIAL_INTERNAL);
	}
	return store_service(x, key, len);
}

/* RFC 3339 to seconds since 1970; negative: it is none. */
static double time_of(const char *text)
{
	struct tm t = {0};
	double fraction = 0;
	int hours = 0, minutes = 0;
	const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
	if (!p)
		return -1;
	if (*p == '.') {
		size_t n = 1 + strspn(p + 1, "0123456789");
		if (sodns_float_from_text(p, n, &fraction))
			return -1;
		p += n;
	}
	if (*p == '+' || *p == '-') {
		if (sscanf(p + 1, "%2d:%2d", &hours, &minutes) != 2)
			return -1;
		if (*p == '-') {
			hours = -hours;
			minutes = -minutes;
		}
	} else if (*p != 'Z') {
		return -1;
	}
	return (double)timegm(&t) + fraction - hours * 3600 - minutes * 60;
}

static double since(const char *trigger)
{
	struct timespec now;
	double then = *trigger ? time_of(trigger) : -1;
	if (then < 0)
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	double seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - then;
	return seconds < 0 ? 0 : seconds;
}

double store_object(struct store *s, int collection, enum sodns_watch_kind kind, sodns_json_t *j,
		    bool *headless)
{
	bool gone = kind == SODNS_DELETED;
	if (!reduce(&object, s, collection, gone, j))
		return -1;
	if (collection == NAMESPACES)
		take_namespace(s, gone);
	else if (collection == PODS)
		take_pod(s, gone);
	else if (collection == SERVICES || collection == IMPORTS)
		take_service(s, collection, gone);
	if (collection != SLICES && collection != IMPORTED_SLICES)
		return -1;
	const struct service *of = take_slice(s, collection, gone);
	if (kind == SODNS_LISTED || !of || !(of->flags & SERVICE_KNOWN))
		return -1;
	*headless = of->flags & SERVICE_HEADLESS;
	return since(object.meta.trigger);
}

void store_list_begin(struct store *s, int collection)
{
	s->list[collection]++;
}

static struct map *map_of(struct store *s, int collection)
{
	switch (collection) {
	case SERVICES:
		return &s->sets[LOCAL].services;
	case SLICES:
		return &s->sets[LOCAL].slices;
	case PODS:
		return &s->pods;
	case NAMESPACES:
		return &s->namespaces;
	case IMPORTS:
		return &s->sets[IMPORTED].services;
	default:
		return &s->sets[IMPORTED].slices;
	}
}

static uint32_t seen_of(int collection, const void *item)
{
	switch (collection) {
	case SERVICES:
	case IMPORTS:
		return ((const struct service *)item)->seen;
	case PODS:
		return ((const struct pod *)item)->seen;
	case NAMESPACES:
		return ((const struct namespace *)item)->seen;
	default:
		return ((const struct slice *)item)->seen;
	}
}

static void drop(struct store *s, int collection, const void *item)
{
	struct set *x = &s->sets[collection == IMPORTS || collection == IMPORTED_SLICES];
	switch (collection) {
	case SERVICES:
	case IMPORTS:
		service_gone(s, x, item);
		break;
	case PODS:
		pod_change(s, item, NULL);
		touch(s, SERIAL_INTERNAL);
		break;
	case NAMESPACES:
		change(&s->namespaces, NULL, 0, item, NULL);
		break;
	default:
		slice_gone(s, x, item);
	}
}

void store_list_end(struct store *s, int collection)
{
	s->sweep_at[collection] = 0;
	s->sweep_made[collection] = map_of(s, collection)->made;
}

/* Tables that were under way when the last object came have nothing else that goes on with them. */
static bool settle(struct store *s)
{
	struct map *const maps[] = {&s->sets[LOCAL].services,
				    &s->sets[LOCAL].slices,
				    &s->sets[LOCAL].by_address,
				    &s->sets[LOCAL].by_external,
				    &s->sets[LOCAL].by_endpoint,
				    &s->sets[IMPORTED].services,
				    &s->sets[IMPORTED].slices,
				    &s->sets[IMPORTED].by_address,
				    &s->sets[IMPORTED].by_external,
				    &s->sets[IMPORTED].by_endpoint,
				    &s->pods,
				    &s->pods_by_address,
				    &s->namespaces,
				    &s->labels};
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (map_settle(maps[i]))
			return true;
	return false;
}

/* Removing leaves the table as it is: nothing moves under the walk. A service of which slices stay
 * is replaced in its slot by one that is not known. Where there is a new table, the walk begins
 * anew: what it saw before is not looked at closely again, it is as it should be. */
bool store_sweep(struct store *s, int collection)
{
	const struct map *m = map_of(s, collection);
	uint32_t *at = &s->sweep_at[collection], end, drops = SWEEP_DROPS;
	const void *item;
	if (s->sweep_made[collection] != m->made)
		store_list_end(s, collection);
	const struct table *t = m->table.current;
	for (end = *at + SWEEP_SLOTS; *at < end && drops;) {
		item = map_each(t, at);
		if (!item)
			return settle(s);
		if (seen_of(collection, item) != s->list[collection]) {
			drop(s, collection, item);
			drops--;
		}
	}
	return true;
}
