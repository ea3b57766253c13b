/*
 * A zone as a whole. Services come one after the other, and each is handed out when its targets are
 * all there; so the memory it takes is the biggest one's.
 *
 * What is repeated here is repeated by CoreDNS too: addresses for each port, SRV records of
 * endpoints twice. Secondaries keep one of each.
 */
#include <string.h>

#include "k8s_external.h"

struct out {
	const struct external *x;
	int (*emit)(void *arg, const sodns_rrset_t *set);
	void *arg;
	int rc;                 /* once it is not 0, nothing follows */
	const uint8_t *service; /* whose targets these are, in front of the zone; NULL: none's */
	uint8_t name[SODNS_NAME_MAX]; /* the same with the zone */
	struct targets t;
};

static void put(struct out *o, const uint8_t *owner, uint16_t type, uint32_t ttl,
		const uint8_t *data, size_t len)
{
	const sodns_rrset_t set = {.owner = owner,
				   .type = type,
				   .rclass = SODNS_CLASS_IN,
				   .ttl = ttl,
				   .count = 1,
				   .data = data,
				   .data_len = (uint32_t)len};
	if (!o->rc)
		o->rc = o->emit(o->arg, &set);
}

/* RDATA without a length in front. */
static void put_rdata(struct out *o, const uint8_t *owner, uint16_t type, uint32_t ttl,
		      const uint8_t *rdata, size_t len)
{
	uint8_t data[SOA_MAX + 2] = {(uint8_t)(len >> 8), (uint8_t)len};
	memcpy(data + 2, rdata, len);
	put(o, owner, type, ttl, data, len + 2);
}

static void put_name(struct out *o, const uint8_t *owner, uint16_t type, uint32_t ttl,
		     const uint8_t *name)
{
	put_rdata(o, owner, type, ttl, name, sodns_name_length(name));
}

static void put_address(struct out *o, const uint8_t *owner, const uint8_t *rdata)
{
	put(o, owner, rdata[1] == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA, o->x->ttl, rdata,
	    rdata[1] + 2u);
}

static void put_srv(struct out *o, const uint8_t *owner, uint32_t ttl, uint16_t weight,
		    uint16_t port, const uint8_t *target)
{
	uint8_t rdata[SRV_MAX];
	put_rdata(o, owner, SODNS_TYPE_SRV, ttl, rdata, srv_make(rdata, weight, port, target));
}

static size_t add_label(uint8_t *out, const void *text, size_t len)
{
	out[0] = (uint8_t)(len + 1);
	out[1] = '_';
	memcpy(out + 2, text, len);
	return len + 2;
}

/* "_http._tcp" in front of the service; false: it is too long. A port without a name has an empty
 * one. */
static bool port_owner(uint8_t out[SODNS_NAME_MAX], const kubernetes_external_port_t *p,
		       const uint8_t *service)
{
	uint8_t front[2 * 64];
	size_t len = sodns_name_length(service), proto = strlen(p->protocol);
	if (p->name_len > 62 || proto > 62)
		return false;
	size_t n = add_label(front, p->name, p->name_len);
	n += add_label(front + n, p->protocol, proto);
	if (n + len > SODNS_NAME_MAX)
		return false;
	memcpy(out, front, n);
	memcpy(out + n, service, len);
	return true;
}

static bool same_port(const kubernetes_external_port_t *a, const kubernetes_external_port_t *b)
{
	return a->name_len == b->name_len && !memcmp(a->name, b->name, a->name_len) &&
	       !strcmp(a->protocol, b->protocol);
}

/* A service's SRV records: one for itself, and one for each port. The port's has the target without
 * its first two labels: right for the service's own name with the port's in front, which CoreDNS
 * makes there, and not for a host's. */
static void put_ports(struct out *o, const struct target *x)
{
	const uint8_t *target = x->host ? x->host : o->name, *far = o->name;
	uint8_t owner[SODNS_NAME_MAX];
	bool own = false;
	if (x->host)
		far = sodns_name_labels(target) > 2 ? sodns_name_parent(target, 2) : target;
	for (uint16_t i = 0; i < x->port_count; i++) {
		const kubernetes_external_port_t *p = &x->ports[i];
		if (!p->known)
			continue;
		if (!own)
			put_srv(o, o->name, x->ttl, 100, p->number, target);
		own = true;
		if (port_owner(owner, p, o->name))
			put_srv(o, owner, x->ttl, 100, p->number, far);
	}
}

static void put_service(struct out *o)
{
	for (size_t i = 0; i < o->t.count && !o->rc; i++) {
		const struct target *x = &o->t.list[i];
		for (uint16_t p = 0; p < x->port_count; p++)
			if (x->rdata) {
				put_address(o, o->name, x->rdata);
			} else {
				/* once for A and once for AAAA */
				put_name(o, o->name, SODNS_TYPE_CNAME, x->ttl, x->host);
				put_name(o, o->name, SODNS_TYPE_CNAME, x->ttl, x->host);
			}
	}
	put_ports(o, &o->t.list[0]);
}

/* SRV records of the endpoints for one port, or, with `port` NULL, for all: `records` of them, those
 * that are repeated counted as well. */
static void put_group(struct out *o, const uint8_t *owner, const kubernetes_external_port_t *port,
		      uint64_t records, int times)
{
	const uint16_t weight = weight_of(records);
	struct seen before;
	seen_begin(&before, o->t.query, (size_t)records);
	for (size_t i = 0; i < o->t.count && !o->rc; i++) {
		const struct target *x = &o->t.list[i];
		const uint8_t *name = target_name(&o->t, x);
		for (uint16_t p = 0; p < x->port_count; p++) {
			const kubernetes_external_port_t *own = &x->ports[p];
			if (!own->known || (port && !same_port(port, own)) ||
			    seen_before(&before, name, NULL, own->number + 1u))
				continue;
			for (int n = 0; n < times; n++)
				put_srv(o, owner, x->ttl, weight, own->number, name);
		}
	}
}

/* Each endpoint by itself. */
static void put_endpoints(struct out *o)
{
	for (size_t i = 0; i < o->t.count && !o->rc; i++) {
		const struct target *x = &o->t.list[i];
		const uint8_t *name = target_name(&o->t, x);
		for (uint16_t p = 0; p < x->port_count; p++) {
			put_address(o, name, x->rdata);
			for (int n = 0; n < 2 && x->ports[p].known; n++)
				put_srv(o, name, x->ttl, 100, x->ports[p].number, name);
		}
	}
}

/* How many endpoints have the port, as often as they have it. */
static uint64_t count_port(const struct out *o, const kubernetes_external_port_t *port)
{
	uint64_t n = 0;
	for (size_t i = 0; i < o->t.count; i++)
		for (uint16_t p = 0; p < o->t.list[i].port_count; p++)
			n += same_port(port, &o->t.list[i].ports[p]);
	return n;
}

/* Ports with names, each once. Endpoints of one slice have the same array. */
static void put_named_ports(struct out *o)
{
	const kubernetes_external_port_t **done = NULL, *last = NULL;
	uint8_t owner[SODNS_NAME_MAX];
	size_t count = 0, room = 0;
	for (size_t i = 0; i < o->t.count && !o->rc; i++) {
		const struct target *x = &o->t.list[i];
		for (uint16_t p = 0; p < x->port_count && x->ports != last; p++) {
			const kubernetes_external_port_t *port = &x->ports[p];
			bool known = !port->name_len;
			for (size_t d = 0; d < count && !known; d++)
				known = same_port(done[d], port);
			if (known)
				continue;
			if (count == room) {
				room = room * 2 + 8;
				done = grow(o->t.query, done, count, room, sizeof(*done));
			}
			done[count++] = port;
			if (port_owner(owner, port, o->name))
				put_group(o, owner, port, count_port(o, port), 1);
		}
		last = x->ports;
	}
}

static void put_headless(struct out *o)
{
	struct seen before;
	seen_begin(&before, o->t.query, o->t.count);
	for (size_t i = 0; i < o->t.count && !o->rc; i++)
		if (!seen_before(&before, NULL, o->t.list[i].rdata, 0))
			put_address(o, o->name, o->t.list[i].rdata);
	put_group(o, o->name, NULL, o->t.records, 2);
	put_endpoints(o);
	put_named_ports(o);
}

/* What there is of the service is here. */
static void put_collected(struct out *o)
{
	if (o->t.count && o->t.list[0].endpoint)
		put_headless(o);
	else if (o->t.count)
		put_service(o);
	o->t.count = o->t.names_len = 0;
	o->t.records = 0;
}

static void take(void *arg, const kubernetes_external_t *e)
{
	struct out *o = arg;
	if (e->service != o->service) {
		size_t zone_len = sodns_name_length(o->t.zone);
		put_collected(o);
		o->service = e->service;
		*o->name = 0;
		if (e->service_len + zone_len <= SODNS_NAME_MAX) {
			memcpy(o->name, e->service, e->service_len);
			memcpy(o->name + e->service_len, o->t.zone, zone_len);
		}
	}
	if (!o->rc && *o->name)
		targets_add(&o->t, e);
}

static void take_server(void *arg, const kubernetes_external_t *e)
{
	struct out *o = arg;
	put_address(o, o->name, e->rdata);
}

static uint32_t put_soa(struct out *o, const struct zone *z)
{
	uint8_t soa[SOA_MAX];
	soa_make(o->x, z, soa);
	const uint8_t *p = soa + z->soa_len - 20;
	put_rdata(o, z->name, SODNS_TYPE_SOA, o->x->ttl, soa, z->soa_len);
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Serials are compared as numbers, as CoreDNS does: 0, before the first change, is older than any. */
static int transfer(void *self, sodns_query_t *q, const uint8_t *name, const uint32_t *since,
		    int (*emit)(void *arg, const sodns_rrset_t *set), void *arg)
{
	const struct external *x = self;
	struct out *o = sodns_alloc(q, sizeof(*o));
	const struct zone *z = NULL;
	for (size_t i = 0; i < x->zone_count; i++)
		if (sodns_name_equal(x->zones[i].name, name))
			z = &x->zones[i];
	if (!z)
		return SODNS_ENOENT;
	*o = (struct out){.x = x,
			  .emit = emit,
			  .arg = arg,
			  .t = {.query = q, .zone = z->name, .named = true, .most = SIZE_MAX}};
	uint32_t serial = put_soa(o, z);
	if (since && *since && *since >= serial)
		return o->rc;
	put_name(o, z->name, SODNS_TYPE_NS, x->ttl, z->ns);
	memcpy(o->name, z->ns, sodns_name_length(z->ns));
	x->ability->servers(x->provider, q, flags_of(x), take_server, o);
	x->ability->all(x->provider, q, flags_of(x) | KUBERNETES_EXTERNAL_NAMES, take, o);
	put_collected(o);
	return o->rc;
}

const sodns_transfer_ability_t external_transfer = {
	.size = sizeof(external_transfer),
	.transfer = transfer,
};
