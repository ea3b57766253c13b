/*
 * SRV: for each address and each port that fits one record, whose target is the service or the
 * endpoint; the addresses of the targets come along.
 */
#include <math.h>
#include <string.h>

#include <sodns/hash.h>

#include "kubernetes.h"

/* More do not fit a message: a record takes 19 bytes at least. */
#define RECORDS_MAX 3500u

/* Records that were added already: a target with a port, or with an address. */
struct added {
	struct entry {
		struct word label;
		const uint8_t *address; /* RDATA, or NULL */
		uint32_t port;
	} * slot;
	uint32_t mask, used;
};

static void added_begin(struct added *a, sodns_query_t *query, uint32_t records)
{
	uint32_t size = 16;
	if (records > RECORDS_MAX)
		records = RECORDS_MAX;
	while (size < records * 4)
		size *= 2;
	*a = (struct added){.mask = size - 1};
	a->slot = sodns_alloc(query, size * sizeof(*a->slot));
	memset(a->slot, 0, size * sizeof(*a->slot));
}

static bool added_before(struct added *a, const struct word *label, const uint8_t *address,
			 uint32_t port)
{
	uint64_t second = address ? sodns_hash(address, address[1] + 2u) : port;
	uint32_t at = (uint32_t)sodns_hash_number(sodns_hash(label->at, label->len), second);
	for (at &= a->mask; a->slot[at].label.at; at = (at + 1) & a->mask) {
		const struct entry *e = &a->slot[at];
		if (e->label.len == label->len && !memcmp(e->label.at, label->at, label->len) &&
		    e->port == port && !e->address == !address &&
		    (!address || !memcmp(e->address, address, address[1] + 2u)))
			return true;
	}
	/* Full: whatever comes then is a repetition at worst. */
	if (a->used++ >= a->mask * 3 / 4)
		return false;
	a->slot[at] = (struct entry){*label, address, port};
	return false;
}

/* The weight of each of n records, computed as CoreDNS does, so that it rounds likewise. */
static uint16_t weight_of(uint32_t n)
{
	double w = floor(100.0 / (100.0 * n) * 100);
	return w < 1 ? 1 : (uint16_t)w;
}

static void add_srv(const struct kubernetes *k, sodns_reply_t *r, const uint8_t *owner,
		    uint16_t weight, const uint8_t *port, const uint8_t *target)
{
	uint8_t rdata[6 + SODNS_NAME_MAX] = {0, 0, (uint8_t)(weight >> 8), (uint8_t)weight};
	size_t len = sodns_name_length(target);
	rdata[4] = port[0];
	rdata[5] = port[1];
	memcpy(rdata + 6, target, len);
	sodns_reply_add_record(r, SODNS_ANSWER, owner, SODNS_TYPE_SRV, k->ttl, rdata,
			       (uint16_t)(6 + len));
}

static void add_target(const struct kubernetes *k, sodns_reply_t *r, const uint8_t *target,
		       const uint8_t *data, uint16_t count, unsigned size)
{
	const sodns_rrset_t set = {.owner = target,
				   .type = size == A4_SIZE ? SODNS_TYPE_A : SODNS_TYPE_AAAA,
				   .rclass = SODNS_CLASS_IN,
				   .ttl = k->ttl,
				   .count = count,
				   .data = data,
				   .data_len = count * size};
	if (count)
		sodns_reply_add(r, SODNS_ADDITIONAL, &set);
}

/* A service with addresses of its own: they count for the weights, and are one target. */
static void add_own(const struct kubernetes *k, sodns_query_t *query, const struct found *f,
		    sodns_reply_t *r)
{
	const struct service *s = f->service;
	const uint8_t *ports = service_ports(s), *end = ports + s->ports_len;
	uint16_t four = s->a4_len / A4_SIZE, six = s->a6_len / A6_SIZE;
	uint32_t total = ports_fitting(ports, s->ports_len, &f->q) * (four + six);
	struct name target = {0};
	struct added before;
	bool any = false;
	name_add_wire(&target, service_key(s), s->key_len);
	name_add_zone(&target, f->q.original + f->q.zone_at);
	if (!total || !name_good(&target))
		return;
	const uint8_t *name = name_keep(&target, query);
	const struct word self = {name, 1};
	added_begin(&before, query, total);
	for (const uint8_t *p = ports; p < end; p = port_next(p)) {
		uint32_t number = (uint32_t)(p[0] << 8 | p[1]);
		if (!port_fits(p, &f->q) || (p[2] & PORT_NONE))
			continue;
		any = true;
		if (!added_before(&before, &self, NULL, number))
			add_srv(k, r, f->q.original, weight_of(total), p, name);
	}
	if (!any)
		return;
	add_target(k, r, name, service_a4(s), four, A4_SIZE);
	add_target(k, r, name, service_a6(s), six, A6_SIZE);
}

static const uint8_t *endpoint_name(sodns_query_t *query, const struct found *f,
				    const struct endpoint *e)
{
	struct name n = {0};
	name_add_text(&n, e->label.at, e->label.len);
	if (f->q.imported)
		name_add_label(&n, slice_cluster(e->slice), e->slice->cluster_len);
	name_add_wire(&n, service_key(f->service), f->service->key_len);
	name_add_zone(&n, f->q.original + f->q.zone_at);
	return name_good(&n) ? name_keep(&n, query) : NULL;
}

/* Bytes of an endpoint's name in front of its service's. */
static uint8_t front_len(const struct found *f, const struct endpoint *e)
{
	uint8_t cluster = f->q.imported ? e->slice->cluster_len : 0;
	return (uint8_t)(e->label.len + 1 + (cluster ? cluster + 1 : 0));
}

/* The records of one endpoint; how many. */
static uint32_t add_endpoint(const struct kubernetes *k, sodns_query_t *query,
			     const struct found *f, struct endpoint *e, struct added *before,
			     uint16_t weight, sodns_reply_t *r)
{
	const uint8_t *p = slice_ports(e->slice), *end = p + e->slice->ports_len, *name = NULL;
	uint32_t n = 0;
	for (; p < end; p = port_next(p)) {
		if (!port_fits(p, &f->q) || (p[2] & PORT_NONE))
			continue;
		if (!name && !(name = endpoint_name(query, f, e)))
			return n;
		/* What comes in front of the service; in the name it lives as long as the query. */
		const struct word label = {name, front_len(f, e)};
		n++;
		if (!added_before(before, &label, NULL, (uint32_t)(p[0] << 8 | p[1])))
			add_srv(k, r, f->q.original, weight, p, name);
		if (!added_before(before, &label, e->rdata, 0))
			add_target(k, r, name, e->rdata, 1, e->slice->size);
	}
	return n;
}

static void add_endpoints(const struct kubernetes *k, sodns_query_t *query, const struct found *f,
			  sodns_reply_t *r)
{
	struct walk w;
	struct endpoint e;
	struct added before;
	uint32_t total = 0, done = 0;
	walk_begin(&w, f->service, &f->q);
	while (walk_next(&w, &e, false))
		total += ports_fitting(slice_ports(e.slice), e.slice->ports_len, &f->q);
	added_begin(&before, query, total);
	walk_begin(&w, f->service, &f->q);
	while (done < RECORDS_MAX && walk_next(&w, &e, true))
		done += add_endpoint(k, query, f, &e, &before, weight_of(total), r);
}

/* A pod has no ports; its record says 0. */
static void add_pod(const struct kubernetes *k, sodns_query_t *query, const struct found *f,
		    sodns_reply_t *r)
{
	static const uint8_t none[2];
	struct name n = {0};
	name_add_wire(&n, f->q.key, f->q.key_len);
	name_add_label(&n, "pod", 3);
	const uint8_t *zone = f->q.original + f->q.zone_at;
	name_add_wire(&n, zone, sodns_name_length(zone));
	if (!name_good(&n))
		return;
	const uint8_t *name = name_keep(&n, query);
	add_srv(k, r, f->q.original, weight_of(f->pods), none, name);
	add_address(r, SODNS_ADDITIONAL, name, &f->address, k->ttl);
}

enum outcome answer_services(const struct kubernetes *k, sodns_query_t *query,
			     const struct question *q, sodns_reply_t *r)
{
	struct found f;
	enum outcome found = find(k, q, &f);
	if (found != FOUND)
		return found;
	if (f.what == FOUND_ADDRESSES)
		add_own(k, query, &f, r);
	else if (f.what == FOUND_ENDPOINTS)
		add_endpoints(k, query, &f, r);
	else if (f.what == FOUND_POD)
		add_pod(k, query, &f, r);
	return FOUND;
}
