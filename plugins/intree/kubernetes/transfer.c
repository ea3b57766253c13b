/*
 * The zone as a whole, for transfers: every service, named below the zone that was asked for.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes.h"

struct out {
	const struct kubernetes *k;
	sodns_query_t *query;
	const uint8_t *zone;
	int (*emit)(void *arg, const sodns_rrset_t *set);
	void *arg;
	int rc; /* once it is not 0, nothing follows */
};

static void put(struct out *o, const uint8_t *owner, uint16_t type, const void *rdata, size_t len)
{
	uint8_t data[SOA_MAX + 8];
	if (o->rc || len + 2 > sizeof(data))
		return;
	data[0] = (uint8_t)(len >> 8);
	data[1] = (uint8_t)len;
	memcpy(data + 2, rdata, len);
	const sodns_rrset_t set = {.owner = owner,
				   .type = type,
				   .rclass = SODNS_CLASS_IN,
				   .ttl = type == SODNS_TYPE_SOA ? soa_ttl(o->k) : o->k->ttl,
				   .count = 1,
				   .data = data,
				   .data_len = (uint32_t)len + 2};
	o->rc = o->emit(o->arg, &set);
}

static void put_address(struct out *o, const uint8_t *owner, const uint8_t *rdata)
{
	put(o, owner, rdata[1] == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA, rdata + 2, rdata[1]);
}

static void put_srv(struct out *o, const uint8_t *owner, uint16_t weight, const uint8_t *port,
		    const uint8_t *target)
{
	uint8_t rdata[6 + SODNS_NAME_MAX] = {
		0, 0, (uint8_t)(weight >> 8), (uint8_t)weight, port[0], port[1]};
	size_t len = sodns_name_length(target);
	memcpy(rdata + 6, target, len);
	put(o, owner, SODNS_TYPE_SRV, rdata, 6 + len);
}

/* "_http._tcp" in front of the service; false for ports without a name. */
static bool port_name(struct name *n, const uint8_t *port, const struct name *service)
{
	char label[80];
	if (!port[3])
		return false;
	*n = (struct name){0};
	int len = snprintf(label, sizeof(label), "_%s", protocol_text(port[2]));
	name_add_label(n, label, (size_t)len);
	len = snprintf(label, sizeof(label), "_%.*s", (int)port[3], (const char *)port + 4);
	struct name front = {0};
	name_add_label(&front, label, (size_t)len);
	name_add_wire(&front, n->bytes, n->len);
	name_add_wire(&front, service->bytes, service->len);
	*n = front;
	return name_good(n);
}

static void put_own(struct out *o, const struct service *s, const struct name *n)
{
	const uint8_t *p = service_ports(s), *end = p + s->ports_len;
	struct name port;
	for (unsigned i = 0; i < s->a4_len / A4_SIZE; i++)
		put_address(o, n->bytes, service_a4(s) + i * A4_SIZE);
	for (unsigned i = 0; i < s->a6_len / A6_SIZE; i++)
		put_address(o, n->bytes, service_a6(s) + i * A6_SIZE);
	for (; p < end; p = port_next(p)) {
		if (p[2] & PORT_NONE)
			continue;
		put_srv(o, n->bytes, 100, p, n->bytes);
		if (port_name(&port, p, n))
			put_srv(o, port.bytes, 100, p, n->bytes);
	}
}

/* As CoreDNS computes it, for the endpoints of a slice. */
static uint16_t weight_of(uint32_t endpoints)
{
	double w = floor(100.0 / (100.0 * endpoints) * 100);
	return w < 1 ? 1 : (uint16_t)w;
}

static void put_endpoint(struct out *o, const struct endpoint *e, const struct name *n)
{
	const uint8_t *p = slice_ports(e->slice), *end = p + e->slice->ports_len;
	struct name own = {0}, port;
	name_add_text(&own, e->label.at, e->label.len);
	name_add_wire(&own, n->bytes, n->len);
	put_address(o, n->bytes, e->rdata);
	if (!name_good(&own))
		return;
	put_address(o, own.bytes, e->rdata);
	for (; p < end; p = port_next(p))
		if (port_name(&port, p, n))
			put_srv(o, port.bytes, weight_of(e->slice->count), p, own.bytes);
}

static void put_service(struct out *o, const struct service *s)
{
	struct name n = {0};
	struct walk w;
	struct endpoint e;
	name_add_wire(&n, service_key(s), s->key_len);
	name_add_zone(&n, o->zone);
	if (!name_good(&n))
		return;
	if (s->flags & SERVICE_ALIAS) {
		if (!(s->flags & SERVICE_ODD_ALIAS))
			put(o, n.bytes, SODNS_TYPE_CNAME, service_alias(s), s->alias_len);
		return;
	}
	if (s->a4_len || s->a6_len) {
		put_own(o, s, &n);
		return;
	}
	walk_begin(&w, s, NULL);
	while (!o->rc && walk_next(&w, &e, true))
		put_endpoint(o, &e, &n);
}

static void put_servers(struct out *o)
{
	const struct server *list;
	size_t n = servers_of(o->k, o->query, o->zone, &list);
	for (size_t i = 0; i < n; i++) {
		bool known = false;
		for (size_t j = 0; j < i && !known; j++)
			known = sodns_name_equal(list[i].name, list[j].name);
		if (!known)
			put(o, o->zone, SODNS_TYPE_NS, list[i].name,
			    sodns_name_length(list[i].name));
	}
	for (size_t i = 0; i < n; i++)
		put(o, list[i].name, list[i].address.size == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA,
		    list[i].address.bytes, list[i].address.size);
}

static int by_label(const uint8_t *a, const uint8_t *b)
{
	int order = memcmp(a + 1, b + 1, *a < *b ? *a : *b);
	return order ? order : *a - *b;
}

/* As CoreDNS has them: by the service's name, then by the namespace's. */
static int by_name(const void *a, const void *b)
{
	const uint8_t *x = service_key(*(const struct service *const *)a);
	const uint8_t *y = service_key(*(const struct service *const *)b);
	int order = by_label(x, y);
	return order ? order : by_label(x + *x + 1, y + *y + 1);
}

const struct service **services_now(const struct set *x, sodns_query_t *query, size_t *count)
{
	const struct table *t = sodns_reach(&x->services.table);
	const struct service *s;
	uint32_t at = 0;
	*count = 0;
	if (!t)
		return NULL;
	const struct service **all = sodns_alloc(query, (t->mask + 1u) * sizeof(*all));
	while ((s = map_each(t, &at)))
		if (s->flags & SERVICE_KNOWN)
			all[(*count)++] = s;
	qsort(all, *count, sizeof(*all), by_name);
	return all;
}

static void put_services(struct out *o, bool imported)
{
	size_t count;
	const struct set *x = &o->k->cluster->store.sets[imported ? IMPORTED : LOCAL];
	const struct service **all = services_now(x, o->query, &count);
	for (size_t i = 0; i < count && !o->rc; i++) {
		const uint8_t *namespace = service_key(all[i]) + *service_key(all[i]) + 1;
		if (namespace_exposed(o->k, namespace + 1, *namespace))
			put_service(o, all[i]);
	}
}

static bool is_zone(const struct kubernetes *k, const uint8_t *name)
{
	for (size_t i = 0; i < k->zone_count; i++)
		if (sodns_name_equal(k->zones[i], name))
			return true;
	return false;
}

static int transfer(void *self, sodns_query_t *q, const uint8_t *zone, const uint32_t *since,
		    int (*emit)(void *arg, const sodns_rrset_t *set), void *arg)
{
	const struct kubernetes *k = self;
	struct out o = {.k = k, .query = q, .zone = zone, .emit = emit, .arg = arg};
	uint8_t soa[SOA_MAX];
	if (!is_zone(k, zone))
		return SODNS_ENOENT;
	uint32_t serial = serial_of(k, zone);
	put(&o, zone, SODNS_TYPE_SOA, soa, soa_make(k, zone, serial, soa));
	if (since && serial && *since == serial)
		return o.rc;
	put_servers(&o);
	put_services(&o,
		     k->imported_count && sodns_name_match(zone, k->imported, k->imported_count));
	return o.rc;
}

static void zones(void *self, void (*fn)(void *arg, const uint8_t *zone), void *arg)
{
	const struct kubernetes *k = self;
	for (size_t i = 0; i < k->zone_count; i++)
		fn(arg, k->zones[i]);
}

const sodns_transfer_ability_t kubernetes_transfer = {
	.size = sizeof(kubernetes_transfer),
	.transfer = transfer,
	.zones = zones,
};
