/*
 * PTR: the service that has an address; or else the endpoints that have it, in every service.
 */
#include <stdlib.h>
#include <string.h>

#include "kubernetes.h"

bool reverse_address(const uint8_t *name, struct address *out)
{
	sodns_address_t a;
	if (sodns_address_from_reverse(name, &a))
		return false;
	sodns_address_unmap(&a);
	out->size = a.family == 4 ? 4 : 16;
	memcpy(out->bytes, a.bytes, out->size);
	return true;
}

/* Where only some namespaces are served, others' addresses are not known. */
static bool is_served(const struct kubernetes *k, const uint8_t *key)
{
	const uint8_t *namespace = key + *key + 1;
	return !k->namespaces || namespace_exposed(k, namespace + 1, *namespace);
}

static void add_ptr(const struct kubernetes *k, sodns_query_t *query, sodns_reply_t *r,
		    const struct name *n)
{
	size_t count;
	if (!name_good(n))
		return;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		if (sets[i].data_len == n->len + 2 && !memcmp(sets[i].data + 2, n->bytes, n->len))
			return;
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_original_name(query), SODNS_TYPE_PTR,
			       k->ttl, n->bytes, (uint16_t)n->len);
}

static bool add_service(const struct kubernetes *k, sodns_query_t *query, const struct address *a,
			sodns_reply_t *r)
{
	struct probe p;
	const struct service *s;
	map_probe(&p, &k->cluster->store.sets[LOCAL].by_address, hash_bytes(a->bytes, a->size));
	while ((s = map_next(&p))) {
		if (!service_has(s, a) || !is_served(k, service_key(s)))
			continue;
		struct name n = {0};
		name_add_wire(&n, service_key(s), s->key_len);
		name_add_zone(&n, k->primary);
		add_ptr(k, query, r, &n);
		return true;
	}
	return false;
}

/* Every endpoint of the slice with the address. A slice that is asked alone is a service's. */
static bool add_slice(const struct kubernetes *k, sodns_query_t *query, const struct slice *s,
		      const struct address *a, sodns_reply_t *r)
{
	_Alignas(struct service) uint8_t room[sizeof(struct service) + sizeof(s)] = {0};
	struct service *alone = (struct service *)(void *)room;
	struct walk w;
	struct endpoint e;
	bool any = false;
	alone->slice_count = 1;
	alone->slices[0] = s;
	walk_begin(&w, alone, NULL);
	while (walk_next(&w, &e, true)) {
		struct name n = {0};
		if (s->size != a->size + 2u || memcmp(e.rdata + 2, a->bytes, a->size))
			continue;
		name_add_text(&n, e.label.at, e.label.len);
		name_add_wire(&n, s->parts, s->key_len);
		name_add_zone(&n, k->primary);
		add_ptr(k, query, r, &n);
		any = true;
	}
	return any;
}

static bool add_endpoints(const struct kubernetes *k, sodns_query_t *query, const struct address *a,
			  sodns_reply_t *r)
{
	struct probe p;
	const struct slice *s;
	bool any = false;
	map_probe(&p, &k->cluster->store.sets[LOCAL].by_endpoint, hash_bytes(a->bytes, a->size));
	while ((s = map_next(&p)))
		if (slice_has(s, a) && is_served(k, s->parts))
			any |= add_slice(k, query, s, a, r);
	return any;
}

enum outcome answer_reverse(const struct kubernetes *k, sodns_query_t *query,
			    const struct question *q, sodns_reply_t *r)
{
	struct found f;
	struct address a;
	if (!reverse_address(q->name, &a)) {
		enum outcome found = find(k, q, &f);
		return found == FOUND && f.what == FOUND_SERVERS ? NAME_ERROR : found;
	}
	return add_service(k, query, &a, r) || add_endpoints(k, query, &a, r) ? FOUND : NAME_ERROR;
}
