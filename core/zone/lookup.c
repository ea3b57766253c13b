/*
 * Reading: the version a query sees, and the one look-up that knows DNS.
 */
#include "reclaim/epoch.h"
#include "zone/store.h"

/* The list in the query holds views; query_view is their name there. */
struct query_view {
	sodns_zone_view_t view;
};

static inline sodns_zone_view_t *first_view(const query_shared_t *s)
{
	return s->views ? &s->views->view : NULL;
}

/* Keeps the versions that a query sees while it is put aside. */
static void views_pin(query_shared_t *s)
{
	for (sodns_zone_view_t *v = first_view(s); v; v = v->next ? &v->next->view : NULL) {
		if (v->pinned)
			continue;
		sodns_zone_t *z = (sodns_zone_t *)(uintptr_t)v->zone;
		atomic_fetch_add(&v->version->pins, 1);
		atomic_fetch_add(&z->refs, 1);
		v->pinned = true;
	}
}

static void collect_later(void *p)
{
	zone_collect(p);
	zone_unref(p);
}

static void views_unpin(query_shared_t *s)
{
	for (sodns_zone_view_t *v = first_view(s); v; v = v->next ? &v->next->view : NULL) {
		if (!v->pinned)
			continue;
		v->pinned = false;
		sodns_zone_t *z = (sodns_zone_t *)(uintptr_t)v->zone;
		bool last = atomic_fetch_sub(&v->version->pins, 1) == 1 &&
			    atomic_load(&z->current) != v->version;
		/* Most often nothing is left to do. A worker never waits for a writer, and frees no
		 * zone: the thread that reclaims does. */
		uint32_t refs = atomic_load(&z->refs);
		while (!last && refs > 1)
			if (atomic_compare_exchange_weak(&z->refs, &refs, refs - 1))
				break;
		if (last || refs <= 1)
			grace_defer(GRACE_BATCH, collect_later, z);
	}
}

static const struct query_view_calls view_calls = {views_pin, views_unpin};

const sodns_zone_view_t *sodns_zone_view(sodns_query_t *q, const sodns_zone_t *z)
{
	query_shared_t *s = q->shared;
	for (sodns_zone_view_t *v = first_view(s); v; v = v->next ? &v->next->view : NULL)
		if (v->zone == z && v->q == q)
			return v;
	struct query_view *n = arena_alloc(&s->arena, sizeof(*n));
	n->view = (sodns_zone_view_t){.zone = z, .q = q, .next = s->views};
	/* A derived query sees what its origin sees. */
	for (sodns_zone_view_t *v = first_view(s); v; v = v->next ? &v->next->view : NULL)
		if (v->zone == z)
			n->view.version = v->version;
	if (!n->view.version)
		n->view.version = atomic_load_explicit(&z->current, memory_order_acquire);
	s->views = n;
	s->view_calls = &view_calls;
	return &n->view;
}

const sodns_node_t *sodns_zone_apex(const sodns_zone_view_t *v)
{
	return v->zone->apex;
}

static bool in_zone(const sodns_zone_t *z, const uint8_t *name, const name_labels_t *l)
{
	if (l->count < z->origin_labels)
		return false;
	unsigned at = l->count - z->origin_labels;
	size_t len = (size_t)l->at[l->count] + 1 - l->at[at];
	return len == z->origin_len && !memcmp(name + l->at[at], z->origin, len);
}

/* From the closest encloser up to the apex: whatever is topmost holds. */
static void pass_cuts(const sodns_zone_view_t *v, unsigned labels, bool exact,
		      sodns_zone_match_t *m)
{
	const sodns_zone_t *z = v->zone;
	const sodns_node_t *n = m->encloser;
	for (unsigned k = labels;; n = n->parent, k--) {
		const zone_state_t *s = state_at(n, v->version->number);
		uint16_t flags = s ? s->flags : 0;
		if (flags & STATE_DNAME && (n != m->node || !exact)) {
			m->dname = n;
			m->dname_labels = (uint8_t)k;
		}
		if (n == z->apex)
			return;
		if (flags & STATE_NS) {
			m->cut = n;
			m->cut_labels = (uint8_t)k;
		}
	}
}

static void find(const sodns_zone_view_t *v, const uint8_t *name, const name_labels_t *l,
		 sodns_zone_match_t *m)
{
	static const uint8_t star[] = {1, '*'};
	const sodns_zone_t *z = v->zone;
	unsigned below = l->count - z->origin_labels, i;
	const sodns_node_t *n = z->apex;
	for (i = 0; i < below; i++) {
		n = table_find(z, name, l, i);
		if (n && state_at(n, v->version->number))
			break;
		n = z->apex;
	}
	m->encloser = n;
	m->encloser_labels = (uint8_t)(l->count - i);
	if (!i)
		m->node = n;
	pass_cuts(v, l->count - i, !i, m);
	if (!i)
		return;
	const sodns_node_t *w = table_child(z, n, name_hash_child(name, l, i, star), star);
	if (w && state_at(w, v->version->number))
		m->wildcard = w;
}

bool sodns_zone_find(const sodns_zone_view_t *v, const uint8_t *name, sodns_zone_match_t *m)
{
	memset(m, 0, sizeof(*m));
	if (v->q && name == v->q->name) {
		if (!in_zone(v->zone, name, &v->q->labels))
			return false;
		find(v, name, &v->q->labels, m);
		return true;
	}
	name_labels_t l;
	name_split(name, &l);
	if (!in_zone(v->zone, name, &l))
		return false;
	find(v, name, &l, m);
	return true;
}

static void show_set(const zone_set_t *s, const uint8_t *owner, sodns_rrset_t *out)
{
	*out = (sodns_rrset_t){.owner = owner,
			       .data = s->data,
			       .data_len = s->len,
			       .ttl = s->ttl,
			       .type = s->type,
			       .rclass = SODNS_CLASS_IN,
			       .count = s->count,
			       .covers = s->covers};
}

bool sodns_node_set(const sodns_zone_view_t *v, const sodns_node_t *n, const uint8_t *owner,
		    uint16_t type, uint16_t covers, sodns_rrset_t *out)
{
	const zone_state_t *s = state_at(n, v->version->number);
	if (!s)
		return false;
	const zone_set_t *set = (const zone_set_t *)(const void *)s->bytes;
	for (unsigned i = s->sets; i; i--, set = set_after(set))
		if (set->type == type && set->covers == covers) {
			show_set(set, owner, out);
			return true;
		}
	return false;
}

bool sodns_node_next(const sodns_zone_view_t *v, const sodns_node_t *n, const uint8_t *owner,
		     unsigned *at, sodns_rrset_t *out)
{
	const zone_state_t *s = state_at(n, v->version->number);
	if (!s || *at >= s->sets)
		return false;
	const zone_set_t *set = (const zone_set_t *)(const void *)s->bytes;
	for (unsigned i = 0; i < *at; i++)
		set = set_after(set);
	show_set(set, owner, out);
	++*at;
	return true;
}

bool sodns_node_has_records(const sodns_zone_view_t *v, const sodns_node_t *n)
{
	const zone_state_t *s = state_at(n, v->version->number);
	return s && s->sets;
}

size_t sodns_node_name(const sodns_node_t *n, uint8_t out[SODNS_NAME_MAX])
{
	size_t len = 0;
	for (; n->parent; n = n->parent) {
		memcpy(out + len, n->label, n->label[0] + 1u);
		len += n->label[0] + 1u;
	}
	/* The apex keeps its whole name as its "label". */
	size_t rest = sodns_name_length(n->label);
	memcpy(out + len, n->label, rest);
	return len + rest;
}

const sodns_node_t *sodns_zone_previous(const sodns_zone_view_t *v, const uint8_t *name)
{
	uint8_t at[SODNS_NAME_MAX];
	sodns_node_t *n = order_before(v->zone, name, false);
	while (n && !sodns_node_has_records(v, n)) {
		sodns_node_name(n, at);
		n = order_before(v->zone, at, false);
	}
	return n;
}

const sodns_node_t *sodns_zone_following(const sodns_zone_view_t *v, const uint8_t *name)
{
	uint8_t at[SODNS_NAME_MAX];
	sodns_node_t *n = name ? order_after(v->zone, name) : v->zone->apex;
	while (n && !sodns_node_has_records(v, n)) {
		sodns_node_name(n, at);
		n = order_after(v->zone, at);
	}
	return n;
}

void sodns_zone_prefetch(const sodns_zone_t *z, const sodns_query_t *q, unsigned stage)
{
	if (q->labels.count > z->origin_labels)
		table_prefetch(z, sodns_query_name_hash(q, 0), stage);
}

const uint8_t *sodns_zone_origin(const sodns_zone_t *z)
{
	return z->origin;
}

/* The newest version may be collected under the feet of a thread that is no reader: the writers'
 * lock keeps it. */
static zone_version_t newest(const sodns_zone_t *z)
{
	sodns_zone_t *zone = (sodns_zone_t *)(uintptr_t)z;
	pthread_mutex_lock(&zone->lock);
	const zone_version_t *v = atomic_load(&zone->current);
	zone_version_t copy = {.records = v->records,
			       .names = v->names,
			       .serial = v->serial,
			       .has_soa = v->has_soa};
	pthread_mutex_unlock(&zone->lock);
	return copy;
}

size_t sodns_zone_records(const sodns_zone_t *z)
{
	return newest(z).records;
}

size_t sodns_zone_names(const sodns_zone_t *z)
{
	return newest(z).names;
}

bool sodns_zone_serial(const sodns_zone_t *z, uint32_t *serial)
{
	zone_version_t v = newest(z);
	*serial = v.serial;
	return v.has_soa;
}
