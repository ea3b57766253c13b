/*
 * A and AAAA. The RDATA lie ready in the store, so that an answer points there; only where an address
 * may be there twice are they looked at one by one.
 */
#include <string.h>

#include "kubernetes.h"

/* More do not fit a message, whatever they are. */
#define ADDRESSES_MAX 4200u
/* CNAMEs behind each other, as many as CoreDNS follows. */
#define CHAIN_MAX 11

static bool add_set(sodns_reply_t *r, const uint8_t *owner, uint16_t type, uint32_t ttl,
		    const uint8_t *data, size_t count, size_t size)
{
	const sodns_rrset_t set = {.owner = owner,
				   .type = type,
				   .rclass = SODNS_CLASS_IN,
				   .ttl = ttl,
				   .count = (uint16_t)count,
				   .data = data,
				   .data_len = (uint32_t)(count * size)};
	if (count)
		sodns_reply_add(r, SODNS_ANSWER, &set);
	return count > 0;
}

/* Addresses that were added already. */
struct added {
	const uint8_t **slot;
	uint32_t mask;
};

static void added_begin(struct added *a, sodns_query_t *query, const struct service *s)
{
	uint32_t total = 8, size = 16;
	for (uint16_t i = 0; i < s->slice_count; i++)
		total += s->slices[i]->count;
	if (total > ADDRESSES_MAX)
		total = ADDRESSES_MAX;
	while (size < total * 2)
		size *= 2;
	a->mask = size - 1;
	a->slot = sodns_alloc(query, size * sizeof(*a->slot));
	memset(a->slot, 0, size * sizeof(*a->slot));
}

static bool added_before(struct added *a, const uint8_t *rdata)
{
	const size_t size = rdata[1] + 2u;
	uint32_t at = hash_bytes(rdata, size) & a->mask;
	for (; a->slot[at]; at = (at + 1) & a->mask)
		if (!memcmp(a->slot[at], rdata, size))
			return true;
	a->slot[at] = rdata;
	return false;
}

/* Whole slices. */
static bool add_slices(const struct kubernetes *k, const struct found *f, uint16_t type,
		       sodns_reply_t *r, const uint8_t *owner)
{
	const unsigned size = type == SODNS_TYPE_A ? A4_SIZE : A6_SIZE;
	uint32_t total = 0;
	for (uint16_t i = 0; i < f->service->slice_count && total < ADDRESSES_MAX; i++) {
		const struct slice *s = f->service->slices[i];
		if (s->size == size && s->count &&
		    ports_fitting(slice_ports(s), s->ports_len, &f->q)) {
			uint32_t n = s->count < ADDRESSES_MAX ? s->count : ADDRESSES_MAX;
			add_set(r, owner, type, k->ttl, slice_rdata(s), n, size);
			total += n;
		}
	}
	return total > 0;
}

static bool add_endpoints(const struct kubernetes *k, sodns_query_t *query, const struct found *f,
			  uint16_t type, sodns_reply_t *r, const uint8_t *owner)
{
	const unsigned size = type == SODNS_TYPE_A ? A4_SIZE : A6_SIZE;
	const bool all = !f->q.endpoint.len && !f->q.zone_label_count;
	struct walk w;
	struct endpoint e;
	struct added before;
	uint32_t total = 0;
	if (all && !(f->service->flags & SERVICE_REPEATS))
		return add_slices(k, f, type, r, owner);
	added_begin(&before, query, f->service);
	walk_begin(&w, f->service, &f->q);
	while (total < ADDRESSES_MAX && walk_next(&w, &e, false))
		if (e.slice->size == size && !added_before(&before, e.rdata))
			total += add_set(r, owner, type, k->ttl, e.rdata, 1, size);
	return total > 0;
}

static bool add_own(const struct kubernetes *k, const struct service *s, uint16_t type,
		    sodns_reply_t *r, const uint8_t *owner)
{
	if (type == SODNS_TYPE_A)
		return add_set(r, owner, type, k->ttl, service_a4(s), s->a4_len / A4_SIZE, A4_SIZE);
	return add_set(r, owner, type, k->ttl, service_a6(s), s->a6_len / A6_SIZE, A6_SIZE);
}

static bool add_servers(const struct kubernetes *k, sodns_query_t *query, const struct found *f,
			uint16_t type, sodns_reply_t *r, const uint8_t *owner)
{
	const struct server *list;
	size_t n = servers_of(k, query, f->q.original + f->q.zone_at, &list);
	bool any = false;
	for (size_t i = 0; i < n; i++)
		if ((list[i].address.size == 4) == (type == SODNS_TYPE_A)) {
			add_address(r, SODNS_ANSWER, owner, &list[i].address, k->ttl);
			any = true;
		}
	return any;
}

/* Everything but aliases. */
static bool add_found(const struct kubernetes *k, sodns_query_t *query, const struct found *f,
		      uint16_t type, sodns_reply_t *r, const uint8_t *owner)
{
	switch (f->what) {
	case FOUND_ADDRESSES:
		return add_own(k, f->service, type, r, owner);
	case FOUND_ENDPOINTS:
		return add_endpoints(k, query, f, type, r, owner);
	case FOUND_SERVERS:
		return add_servers(k, query, f, type, r, owner);
	case FOUND_POD:
		if ((f->address.size == 4) != (type == SODNS_TYPE_A))
			return false;
		add_address(r, SODNS_ANSWER, owner, &f->address, k->ttl);
		return true;
	default:
		return false;
	}
}

/* What others say about a name outside of the zone; the alias stands whatever it is. */
static void ask_outside(sodns_query_t *query, const uint8_t *target, uint16_t type,
			sodns_reply_t *r)
{
	sodns_reply_t *reply = sodns_ask(query, target, type);
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(reply, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(r, SODNS_ANSWER, &sets[i]);
	if (sodns_reply_flags(reply) & SODNS_TC)
		sodns_reply_set_flags(r, SODNS_TC, 0);
}

static void add_cname(const struct kubernetes *k, sodns_reply_t *r, const uint8_t *owner,
		      const uint8_t *target)
{
	sodns_reply_add_record(r, SODNS_ANSWER, owner, SODNS_TYPE_CNAME, k->ttl, target,
			       (uint16_t)sodns_name_length(target));
}

static bool in_chain(const uint8_t *const *chain, unsigned links, const uint8_t *target)
{
	for (unsigned i = 1; i <= links; i++)
		if (sodns_name_equal(chain[i], target))
			return true;
	return false;
}

/* An alias, and what its target is. Inside of the zone it is shown only together with addresses. */
static void add_alias(const struct kubernetes *k, sodns_query_t *query, struct found *f,
		      uint16_t type, sodns_reply_t *r)
{
	const uint8_t *chain[CHAIN_MAX + 2] = {f->q.original}, *zone = f->q.name + f->q.zone_at;
	unsigned links = 0;
	bool outside = false;
	while (f->what == FOUND_ALIAS) {
		const uint8_t *target = service_alias(f->service);
		uint8_t *lower = sodns_alloc(query, SODNS_NAME_MAX);
		sodns_name_lower(target, lower);
		if (sodns_name_is_below(lower, f->q.name) || links >= CHAIN_MAX ||
		    in_chain(chain, links, target))
			return;
		chain[++links] = target;
		outside = !sodns_name_is_below(lower, zone);
		if (outside)
			break;
		struct question next;
		question_read(&next, k, lower, target, zone);
		if (find(k, &next, f) != FOUND)
			return;
	}
	sodns_reply_t *rest = sodns_reply(query);
	if (!outside && !add_found(k, query, f, type, rest, chain[links]))
		return;
	for (unsigned i = 0; i < links; i++)
		add_cname(k, r, chain[i], chain[i + 1]);
	if (outside)
		ask_outside(query, chain[links], type, r);
	else
		add_found(k, query, f, type, r, chain[links]);
}

enum outcome answer_addresses(const struct kubernetes *k, sodns_query_t *query,
			      const struct question *q, uint16_t type, sodns_reply_t *r)
{
	struct found f;
	enum outcome found = find(k, q, &f);
	if (found != FOUND)
		return found;
	if (f.what == FOUND_ALIAS)
		add_alias(k, query, &f, type, r);
	else
		add_found(k, query, &f, type, r, q->original);
	return FOUND;
}
