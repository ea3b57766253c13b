/*
 * Changing a zone: sodns_zone_begin() to sodns_txn_commit().
 */
#include "zone/txn.h"

#include <stdlib.h>

#include "message/rdata.h"
#include "reclaim/epoch.h"
#include "zone/nsec3.h"

static int grow(void **array, size_t *room, size_t need, size_t item)
{
	if (need <= *room)
		return SODNS_OK;
	size_t more = *room ? *room * 2 : 64;
	while (more < need)
		more *= 2;
	void *p = realloc(*array, more * item);
	if (!p)
		return SODNS_ENOMEM;
	*array = p;
	*room = more;
	return SODNS_OK;
}

sodns_txn_t *sodns_zone_begin(sodns_zone_t *z)
{
	sodns_txn_t *t = calloc(1, sizeof(*t));
	zone_version_t *v = calloc(1, sizeof(*v));
	if (!t || !v) {
		free(t);
		free(v);
		return NULL;
	}
	pthread_mutex_lock(&z->lock);
	const zone_version_t *now = atomic_load(&z->current);
	t->z = z;
	t->next = v;
	t->bulk = !now->names && !atomic_load(&z->order);
	t->records = now->records;
	t->names = now->names;
	v->number = now->number + 1;
	v->zone = z;
	v->serial = now->serial;
	v->has_soa = now->has_soa;
	return t;
}

/* Memory for nodes and states: a region on the first load, the heap later. */
static void *take(sodns_txn_t *t, size_t size, size_t align, bool *heap)
{
	*heap = !t->bulk;
	if (t->bulk)
		return region_alloc(t->z, size, align);
	void *p = malloc(size);
	t->z->heap_objects += p != NULL;
	return p;
}

static sodns_node_t *node_new(sodns_txn_t *t, sodns_node_t *parent, const uint8_t *label,
			      uint64_t hash)
{
	bool heap;
	size_t size = offsetof(sodns_node_t, label) + label[0] + 1u;
	if (grow((void **)&t->added, &t->added_room, t->added_count + 1, sizeof(*t->added)) ||
	    table_reserve(t->z, 1))
		return NULL;
	sodns_node_t *n = take(t, size, _Alignof(sodns_node_t), &heap);
	if (!n)
		return NULL;
	n->parent = parent;
	atomic_init(&n->state, NULL);
	n->children = 0;
	n->hash = (uint32_t)(hash >> 32);
	n->tag = (uint16_t)hash;
	n->heap = heap;
	memcpy(n->label, label, label[0] + 1u);
	table_insert(t->z, n);
	t->added[t->added_count++] = n;
	return n;
}

/* Puts a state in front of a node's chain; within one transaction it replaces the one that it made
 * before. */
static int push_state(sodns_txn_t *t, sodns_node_t *n, const uint8_t *bytes, size_t size,
		      uint16_t sets, uint16_t flags)
{
	bool heap;
	zone_state_t *old = atomic_load_explicit(&n->state, memory_order_relaxed);
	bool again = old && old->since == t->next->number;
	bool noted = !again && (old || !t->bulk);
	if (noted &&
	    grow((void **)&t->touched, &t->touched_room, t->touched_count + 1, sizeof(*t->touched)))
		return SODNS_ENOMEM;
	zone_state_t *s = take(t, sizeof(*s) + size, _Alignof(zone_state_t), &heap);
	if (!s)
		return SODNS_ENOMEM;
	s->since = t->next->number;
	s->size = (uint32_t)size;
	s->sets = sets;
	s->flags = (uint16_t)(flags | (heap ? STATE_HEAP : 0));
	if (size)
		memcpy(s->bytes, bytes, size);
	atomic_init(&s->before, again ? atomic_load(&old->before) : old);
	atomic_store_explicit(&n->state, s, memory_order_release);
	if (again && old->flags & STATE_HEAP) {
		/* A reader may stand on it on its way to an older one. */
		t->z->heap_objects--;
		grace_defer(GRACE_BATCH, free, old);
	}
	if (noted)
		t->touched[t->touched_count++] = (struct garbage){n, s};
	return SODNS_OK;
}

static bool node_present(const sodns_txn_t *t, const sodns_node_t *n)
{
	return state_at(n, t->next->number) != NULL;
}

/* The name came into being: it counts below its parent, which comes into being with it. */
static int appear(sodns_txn_t *t, sodns_node_t *n)
{
	t->names++;
	for (; n->parent; n = n->parent) {
		n->parent->children++;
		if (node_present(t, n->parent))
			return SODNS_OK;
		t->names++;
		int rc = push_state(t, n->parent, NULL, 0, 0, 0);
		if (rc)
			return rc;
	}
	return SODNS_OK;
}

/* The name has neither records nor names below: it goes, and perhaps what only led to it. */
static int vanish(sodns_txn_t *t, sodns_node_t *n)
{
	while (n->parent && !n->children) {
		int rc = push_state(t, n, NULL, 0, 0, STATE_ABSENT);
		if (rc)
			return rc;
		t->names--;
		n = n->parent;
		n->children--;
		const zone_state_t *s = state_at(n, t->next->number);
		if (s && s->sets)
			return SODNS_OK;
	}
	return SODNS_OK;
}

static uint16_t flags_of(const uint8_t *bytes, unsigned sets)
{
	uint16_t flags = 0;
	const zone_set_t *s = (const zone_set_t *)(const void *)bytes;
	for (; sets; sets--, s = set_after(s)) {
		if (s->type == SODNS_TYPE_NS)
			flags |= STATE_NS;
		if (s->type == SODNS_TYPE_DNAME)
			flags |= STATE_DNAME;
	}
	return flags;
}

/* Behind the two names. */
uint32_t txn_soa_serial(const uint8_t *p)
{
	p += sodns_name_length(p);
	p += sodns_name_length(p);
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void note_soa(sodns_txn_t *t)
{
	const zone_set_t *s = (const zone_set_t *)(const void *)t->buffer;
	t->next->has_soa = false;
	for (unsigned i = t->sets; i; i--, s = set_after(s)) {
		if (s->type != SODNS_TYPE_SOA)
			continue;
		t->next->serial = txn_soa_serial(s->data + 2);
		t->next->has_soa = true;
	}
}

/* Writes the open name's state. */
static int txn_flush(sodns_txn_t *t)
{
	sodns_node_t *n = t->open;
	if (!n || !t->dirty)
		return SODNS_OK;
	t->dirty = false;
	bool was = node_present(t, n);
	if (n == t->z->apex)
		note_soa(t);
	if (!t->sets && !n->children && n->parent)
		return was ? vanish(t, n) : SODNS_OK;
	int rc = push_state(t, n, t->buffer, t->size, t->sets, flags_of(t->buffer, t->sets));
	return rc || was ? rc : appear(t, n);
}

static sodns_node_t *reach_hash(sodns_txn_t *t)
{
	uint64_t hash = sodns_name_hash(t->owner);
	sodns_node_t *n = table_child(t->z, t->z->hashes, hash, t->owner);
	return n ? n : node_new(t, t->z->hashes, t->owner, hash);
}

/* The node of the open owner, with those above it. */
static sodns_node_t *reach(sodns_txn_t *t)
{
	const name_labels_t *l = &t->labels;
	if (t->open_hash && l->count == t->z->origin_labels + 1u)
		return reach_hash(t);
	unsigned below = l->count - t->z->origin_labels, i;
	sodns_node_t *n = t->z->apex;
	for (i = 0; i < below; i++)
		if ((n = table_find(t->z, t->owner, l, i)))
			break;
	if (!n)
		n = t->z->apex;
	while (i-- > 0 && n)
		n = node_new(t, n, t->owner + l->at[i], name_hash(t->owner, l, i));
	return n;
}

static bool owner_in_zone(const sodns_txn_t *t)
{
	const sodns_zone_t *z = t->z;
	if (t->labels.count < z->origin_labels)
		return false;
	return !memcmp(t->owner + t->labels.at[t->labels.count - z->origin_labels], z->origin,
		       z->origin_len);
}

static int open_owner(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint16_t covers)
{
	bool hash = type == SODNS_TYPE_NSEC3 || covers == SODNS_TYPE_NSEC3;
	if (t->open && t->open_hash == hash && sodns_name_length(owner) == t->owner_len &&
	    !memcmp(t->owner, owner, t->owner_len))
		return SODNS_OK;
	int rc = txn_flush(t);
	t->open = NULL;
	if (rc)
		return rc;
	t->open_hash = hash;
	t->owner_len = name_split(owner, &t->labels);
	memcpy(t->owner, owner, t->owner_len);
	if (!owner_in_zone(t))
		return SODNS_EINVAL;
	sodns_node_t *n = reach(t);
	if (!n)
		return SODNS_ENOMEM;
	const zone_state_t *s = state_at(n, t->next->number);
	t->size = s ? s->size : 0;
	t->sets = s ? s->sets : 0;
	if (grow((void **)&t->buffer, &t->room, t->size + 1, 1))
		return SODNS_ENOMEM;
	if (t->size)
		memcpy(t->buffer, s->bytes, t->size);
	t->open = n;
	return SODNS_OK;
}

/* Notes what makes the whole change impossible. */
static int note(sodns_txn_t *t, int rc)
{
	t->failed |= rc == SODNS_ENOMEM;
	return rc;
}

/* Opens the node of an owner for editing, making it and the empty non-terminals above it; or, for
 * records of this type (or signatures that cover it), the node of the NSEC3 records there. */
static int txn_open(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint16_t covers)
{
	return t->failed ? SODNS_ENOMEM : note(t, open_owner(t, owner, type, covers));
}

static zone_set_t *open_set(sodns_txn_t *t, uint16_t type, uint16_t covers)
{
	zone_set_t *s = (zone_set_t *)(void *)t->buffer;
	for (unsigned i = t->sets; i; i--, s = (zone_set_t *)(uintptr_t)set_after(s))
		if (s->type == type && s->covers == covers)
			return s;
	return NULL;
}

/* Makes a set's data `len` bytes long; what is behind it moves. */
static zone_set_t *resize_set(sodns_txn_t *t, zone_set_t *s, uint32_t len)
{
	size_t at = (size_t)((uint8_t *)s - t->buffer);
	size_t old_end = at + sizeof(*s) + ((s->len + 3) & ~3u),
	       new_end = at + sizeof(*s) + ((len + 3) & ~3u);
	if (grow((void **)&t->buffer, &t->room, t->size + new_end - old_end + 1, 1))
		return NULL;
	memmove(t->buffer + new_end, t->buffer + old_end, t->size - old_end);
	t->size = t->size - old_end + new_end;
	s = (zone_set_t *)(void *)(t->buffer + at);
	memset((uint8_t *)s + sizeof(*s) + len, 0, ((len + 3) & ~3u) - len);
	s->len = len;
	return s;
}

static void drop_set(sodns_txn_t *t, zone_set_t *s)
{
	uint8_t *end = (uint8_t *)(uintptr_t)set_after(s);
	t->records -= s->count;
	memmove(s, end, t->size - (size_t)(end - t->buffer));
	t->size -= (size_t)(end - (uint8_t *)s);
	t->sets--;
	t->dirty = true;
}

static zone_set_t *new_set(sodns_txn_t *t, uint16_t type, uint16_t covers, uint32_t ttl)
{
	if (grow((void **)&t->buffer, &t->room, t->size + sizeof(zone_set_t) + 1, 1))
		return NULL;
	zone_set_t *s = (zone_set_t *)(void *)(t->buffer + t->size);
	*s = (zone_set_t){.type = type, .covers = covers, .ttl = ttl};
	t->size += sizeof(*s);
	t->sets++;
	return s;
}

/* The record that is the same, letter case in its names aside. */
static uint8_t *find_record(const zone_set_t *s, const uint8_t *rdata, uint16_t len)
{
	const uint8_t *at = s->data;
	for (unsigned i = 0; i < s->count; i++) {
		uint16_t n;
		const uint8_t *have = sodns_rdata(at, &n);
		if (n == len && rdata_equal(s->type, have, n, rdata, len))
			return (uint8_t *)(uintptr_t)at;
		at = have + n;
	}
	return NULL;
}

static uint16_t covered(uint16_t type, const uint8_t *rdata, uint16_t len)
{
	return type == SODNS_TYPE_RRSIG && len > 2 ? (uint16_t)(rdata[0] << 8 | rdata[1]) : 0;
}

int txn_add(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
	    uint16_t len)
{
	uint16_t covers = covered(type, rdata, len);
	int rc = txn_open(t, owner, type, covers);
	if (rc)
		return rc;
	zone_set_t *s = open_set(t, type, covers);
	if (s && find_record(s, rdata, len))
		return SODNS_OK;
	if (s && s->count == UINT16_MAX)
		return SODNS_ERANGE;
	if (!s && !(s = new_set(t, type, covers, ttl)))
		return note(t, SODNS_ENOMEM);
	uint32_t at = s->len;
	if (!(s = resize_set(t, s, at + 2 + len)))
		return note(t, SODNS_ENOMEM);
	s->data[at] = (uint8_t)(len >> 8);
	s->data[at + 1] = (uint8_t)len;
	if (len)
		memcpy(s->data + at + 2, rdata, len);
	s->count++;
	t->records++;
	t->dirty = true;
	return SODNS_OK;
}

int sodns_txn_add(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint32_t ttl,
		  const uint8_t *rdata, uint16_t len)
{
	if (!rdata_valid(type, rdata, len))
		return SODNS_EINVAL;
	return txn_add(t, owner, type, ttl, rdata, len);
}

/* Whether data are `count` records of the type. */
static bool set_valid(uint16_t type, const uint8_t *data, uint32_t data_len, uint16_t count)
{
	uint32_t at = 0;
	for (; count && data_len - at >= 2; count--) {
		uint16_t len;
		const uint8_t *rdata = sodns_rdata(data + at, &len);
		if (len > data_len - at - 2 || !rdata_valid(type, rdata, len))
			return false;
		at += 2u + len;
	}
	return !count && at == data_len;
}

int sodns_txn_set(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint32_t ttl,
		  const uint8_t *data, uint32_t data_len, uint16_t count)
{
	if (count && !set_valid(type, data, data_len, count))
		return SODNS_EINVAL;
	uint16_t covers = count ? covered(type, data + 2, (uint16_t)(data[0] << 8 | data[1])) : 0;
	int rc = txn_open(t, owner, type, covers);
	if (rc)
		return rc;
	zone_set_t *s = open_set(t, type, covers);
	if (s)
		drop_set(t, s);
	if (!count)
		return s ? SODNS_OK : SODNS_ENOENT;
	if (!(s = new_set(t, type, covers, ttl)) || !(s = resize_set(t, s, data_len)))
		return note(t, SODNS_ENOMEM);
	memcpy(s->data, data, data_len);
	s->count = count;
	t->records += count;
	t->dirty = true;
	return SODNS_OK;
}

static int remove_name(sodns_txn_t *t)
{
	if (!t->sets)
		return SODNS_ENOENT;
	while (t->sets)
		drop_set(t, (zone_set_t *)(void *)t->buffer);
	return SODNS_OK;
}

int sodns_txn_remove(sodns_txn_t *t, const uint8_t *owner, uint16_t type, const uint8_t *rdata,
		     uint16_t len)
{
	uint16_t covers = rdata ? covered(type, rdata, len) : 0;
	int rc = txn_open(t, owner, type, covers);
	if (rc)
		return rc;
	if (type == SODNS_TYPE_ANY && !rdata)
		return remove_name(t);
	zone_set_t *s = open_set(t, type, covers);
	uint8_t *at = s && rdata ? find_record(s, rdata, len) : NULL;
	if (!at)
		return SODNS_ENOENT;
	if (s->count == 1) {
		drop_set(t, s);
		return SODNS_OK;
	}
	memmove(at, at + 2 + len, s->len - (size_t)(at - s->data) - 2 - len);
	s->count--;
	t->records--;
	t->dirty = true;
	return note(t, resize_set(t, s, s->len - 2 - len) ? SODNS_OK : SODNS_ENOMEM);
}

static void txn_end(sodns_txn_t *t)
{
	zone_collect_locked(t->z);
	pthread_mutex_unlock(&t->z->lock);
	free(t->buffer);
	free(t->added);
	free(t->touched);
	free(t);
}

/* A name that only this transaction has known leaves the table again. */
static void forget_added(sodns_txn_t *t, sodns_node_t *n)
{
	sodns_zone_t *z = t->z;
	zone_state_t *s = atomic_exchange(&n->state, NULL);
	table_remove(z, n);
	if (s && s->flags & STATE_HEAP) {
		z->heap_objects--;
		grace_defer(GRACE_BATCH, free, s);
	}
	if (n->heap) {
		z->heap_objects--;
		grace_defer(GRACE_BATCH, free, n);
	}
}

/* Names that were looked at and got nothing are forgotten; and those that came and went within a
 * first load, which sorts what is there in the end. */
static void forget_absent(sodns_txn_t *t)
{
	size_t kept = 0;
	for (size_t i = 0; i < t->added_count; i++) {
		sodns_node_t *n = t->added[i];
		if (t->bulk ? state_at(n, UINT64_MAX) != NULL : atomic_load(&n->state) != NULL)
			t->added[kept++] = n;
		else
			forget_added(t, n);
	}
	t->added_count = kept;
}

/* Moves what is below the apex to the front, and returns how many those are. */
static size_t part_hashes(sodns_txn_t *t)
{
	size_t names = 0;
	for (size_t i = 0; i < t->added_count; i++) {
		sodns_node_t *n = t->added[i];
		if (n->parent == t->z->hashes)
			continue;
		t->added[i] = t->added[names];
		t->added[names++] = n;
	}
	return names;
}

static int build_orders(sodns_txn_t *t)
{
	sodns_zone_t *z = t->z;
	size_t names = part_hashes(t);
	sodns_node_t **hashes = t->added_count ? t->added + names : NULL;
	if (!order_build(z, z->apex, t->added, names) &&
	    (names == t->added_count || !order_build(z, z->hashes, hashes, t->added_count - names)))
		return SODNS_OK;
	order_forget(z);
	return SODNS_ENOMEM;
}

static int order_added(sodns_txn_t *t)
{
	forget_absent(t);
	if (t->bulk)
		return build_orders(t);
	for (; t->ordered < t->added_count; t->ordered++)
		if (order_insert(t->z, t->added[t->ordered]))
			return SODNS_ENOMEM;
	return SODNS_OK;
}

static void version_graced(void *p)
{
	zone_version_t *v = p;
	sodns_zone_t *z = v->zone;
	atomic_store(&v->graced, true);
	zone_collect(z);
	zone_unref(z);
}

/* The version was not seen yet: it may move. */
static void shorten(sodns_txn_t *t)
{
	zone_version_t *v = t->next->denial.kind == DENIAL_NSEC3 ? NULL
								 : realloc(t->next, VERSION_SHORT);
	if (v)
		t->next = v;
}

int sodns_txn_commit(sodns_txn_t *t)
{
	sodns_zone_t *z = t->z;
	if (t->failed || txn_flush(t) || order_added(t)) {
		sodns_txn_abort(t);
		return SODNS_ENOMEM;
	}
	zone_version_t *old = atomic_load(&z->current);
	t->next->records = t->records;
	t->next->names = t->names;
	denial_choose(z, t->next);
	shorten(t);
	/* What the new states replaced belongs to the version that was the last to see it. A name
	 * changed twice has one entry: its newest state is the one that counts. */
	size_t n = 0;
	for (size_t i = 0; i < t->touched_count; i++) {
		struct garbage g = {t->touched[i].node, atomic_load(&t->touched[i].node->state)};
		if (g.newer && (atomic_load(&g.newer->before) || g.newer->flags & STATE_ABSENT))
			t->touched[n++] = g;
	}
	if (n) {
		old->garbage = t->touched;
		old->garbage_count = n;
		t->touched = NULL;
	}
	old->newer = t->next;
	atomic_store_explicit(&z->current, t->next, memory_order_release);
	atomic_fetch_add(&z->refs, 1);
	grace_defer(GRACE_BATCH, version_graced, old);
	txn_end(t);
	return SODNS_OK;
}

/* Takes back what was not seen yet. Names that stand in the order already stay there and in the table, as
 * names that no version has: to take them out would need memory, and there may be none. */
void sodns_txn_abort(sodns_txn_t *t)
{
	sodns_zone_t *z = t->z;
	for (size_t i = 0; i < t->touched_count; i++) {
		sodns_node_t *n = t->touched[i].node;
		zone_state_t *s = atomic_load(&n->state), *before = atomic_load(&s->before);
		bool was = before && !(before->flags & STATE_ABSENT),
		     is = !(s->flags & STATE_ABSENT);
		if (n->parent && was != is)
			n->parent->children += was ? 1 : UINT32_MAX;
		atomic_store(&n->state, before);
		if (s->flags & STATE_HEAP) {
			z->heap_objects--;
			grace_defer(GRACE_BATCH, free, s);
		}
	}
	for (size_t i = t->ordered; i < t->added_count; i++)
		forget_added(t, t->added[i]);
	if (t->bulk)
		z->apex->children = z->hashes->children = 0;
	free(t->next);
	txn_end(t);
}
