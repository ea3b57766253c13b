/*
 * Answers: at the apex, for the name servers, and for services.
 */
#include <string.h>

#include "k8s_external.h"

/* Host names that are asked for to answer one query. On the way of another one's it is one: names
 * that lead back to each other would branch at each step. */
#define HOSTS_MAX 16u

void soa_make(const struct external *x, const struct zone *z, uint8_t out[SOA_MAX])
{
	uint32_t serial = x->ability->serial(x->provider);
	uint8_t *p = out + z->soa_len - 20;
	memcpy(out, z->soa, z->soa_len);
	p[0] = (uint8_t)(serial >> 24);
	p[1] = (uint8_t)(serial >> 16);
	p[2] = (uint8_t)(serial >> 8);
	p[3] = (uint8_t)serial;
}

static void add_soa(const struct external *x, const struct zone *z, sodns_reply_t *r,
		    enum sodns_section section)
{
	uint8_t rdata[SOA_MAX];
	soa_make(x, z, rdata);
	sodns_reply_add_record(r, section, z->name, SODNS_TYPE_SOA, x->ttl, rdata, z->soa_len);
}

static void add_address(const struct external *x, sodns_reply_t *r, enum sodns_section section,
			const uint8_t *owner, const uint8_t *rdata)
{
	const sodns_rrset_t set = {.owner = owner,
				   .type = rdata[1] == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA,
				   .rclass = SODNS_CLASS_IN,
				   .ttl = x->ttl,
				   .count = 1,
				   .data = rdata,
				   .data_len = rdata[1] + 2u};
	sodns_reply_add(r, section, &set);
}

/* Addresses of the zone's server. */
struct adding {
	const struct external *x;
	sodns_reply_t *r;
	enum sodns_section section;
	const uint8_t *owner;
	uint16_t type; /* 0: both */
};

static void add_server(void *arg, const kubernetes_external_t *e)
{
	const struct adding *a = arg;
	uint16_t type = e->rdata[1] == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA;
	if (!a->type || a->type == type)
		add_address(a->x, a->r, a->section, a->owner, e->rdata);
}

/* The server's name below the zone's as it was asked: so the oracle names it beside NS. */
static const uint8_t *server_as_asked(const struct external *x, sodns_query_t *q)
{
	const uint8_t *zone = sodns_query_original_name(q);
	size_t len = sodns_name_length(zone);
	uint8_t *name = sodns_alloc(q, x->front_len + len);
	memcpy(name, x->front, x->front_len);
	memcpy(name + x->front_len, zone, len);
	return name;
}

static void answer_apex(const struct external *x, const struct zone *z, sodns_query_t *q,
			sodns_reply_t *r)
{
	switch (sodns_query_type(q)) {
	case SODNS_TYPE_SOA:
		add_soa(x, z, r, SODNS_ANSWER);
		break;
	case SODNS_TYPE_NS: {
		struct adding a = {.x = x,
				   .r = r,
				   .section = SODNS_ADDITIONAL,
				   .owner = server_as_asked(x, q)};
		sodns_reply_add_record(r, SODNS_ANSWER, z->name, SODNS_TYPE_NS, x->ttl, z->ns,
				       (uint16_t)sodns_name_length(z->ns));
		x->ability->servers(x->provider, q, flags_of(x), add_server, &a);
		break;
	}
	default:
		break;
	}
}

/* Below the name that the servers are below: there is "ns1", whatever that name is. */
static void answer_servers(const struct external *x, const struct zone *z, sodns_query_t *q,
			   sodns_reply_t *r)
{
	const uint8_t *name = sodns_query_name(q);
	unsigned labels = sodns_query_name_labels(q) - sodns_name_labels(z->name);
	uint16_t type = sodns_query_type(q);
	struct adding a = {.x = x,
			   .r = r,
			   .section = SODNS_ANSWER,
			   .owner = sodns_query_original_name(q),
			   .type = type};
	if (labels > 2 || (labels == 2 && memcmp(name, "\3ns1", 4)))
		sodns_reply_set_rcode(r, SODNS_NXDOMAIN);
	else if (labels == 2 && (type == SODNS_TYPE_A || type == SODNS_TYPE_AAAA))
		x->ability->servers(x->provider, q, flags_of(x), add_server, &a);
}

static void collect(void *arg, const kubernetes_external_t *e)
{
	targets_add(arg, e);
}

static bool may_ask(sodns_query_t *q, unsigned *asked)
{
	return (*asked)++ < (sodns_query_depth(q) ? 1 : HOSTS_MAX);
}

/* A name in the place of an address: the alias stands for each port, whatever others say of it. */
static void add_alias(sodns_query_t *q, const struct target *x, bool ask, sodns_reply_t *r)
{
	size_t count = 0;
	sodns_reply_t *theirs = ask ? sodns_ask(q, x->host, sodns_query_type(q)) : NULL;
	const sodns_rrset_t *sets = theirs ? sodns_reply_sets(theirs, SODNS_ANSWER, &count) : NULL;
	for (uint16_t port = 0; port < x->port_count; port++) {
		sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_original_name(q),
				       SODNS_TYPE_CNAME, x->ttl, x->host,
				       (uint16_t)sodns_name_length(x->host));
		for (size_t i = 0; i < count; i++)
			sodns_reply_add(r, SODNS_ANSWER, &sets[i]);
	}
	if (theirs && sodns_reply_flags(theirs) & SODNS_TC)
		sodns_reply_set_flags(r, SODNS_TC, 0);
}

static void add_addresses(const struct external *x, sodns_query_t *q, const struct targets *t,
			  sodns_reply_t *r)
{
	struct seen before;
	unsigned asked = 0;
	seen_begin(&before, q, t->count);
	for (size_t i = 0; i < t->count; i++) {
		const struct target *one = &t->list[i];
		if (one->host)
			add_alias(q, one, may_ask(q, &asked), r);
		else if (!seen_before(&before, NULL, one->rdata, 0))
			add_address(x, r, SODNS_ANSWER, sodns_query_original_name(q), one->rdata);
	}
}

static void ask_target(sodns_query_t *q, const uint8_t *host, uint16_t type, sodns_reply_t *r)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(sodns_ask(q, host, type), SODNS_ANSWER,
						     &count);
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(r, SODNS_ADDITIONAL, &sets[i]);
}

/* The SRV records of one target; whether there are any, also where they were there before. */
static bool add_ports(sodns_query_t *q, const struct target *one, const uint8_t *name,
		      uint16_t weight, struct seen *before, sodns_reply_t *r)
{
	bool any = false;
	uint8_t rdata[SRV_MAX];
	for (uint16_t i = 0; i < one->port_count; i++) {
		const kubernetes_external_port_t *port = &one->ports[i];
		if (!port->known)
			continue;
		any = true;
		if (seen_before(before, name, NULL, port->number + 1u))
			continue;
		uint16_t len = srv_make(rdata, weight, port->number, name);
		sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_original_name(q),
				       SODNS_TYPE_SRV, one->ttl, rdata, len);
	}
	return any;
}

static void add_services(const struct external *x, sodns_query_t *q, const struct targets *t,
			 sodns_reply_t *r)
{
	const uint16_t weight = weight_of(t->records);
	struct seen before;
	unsigned asked = 0;
	seen_begin(&before, q,
		   t->count + (t->records < TARGETS_MAX ? (size_t)t->records : TARGETS_MAX));
	for (size_t i = 0; i < t->count; i++) {
		const struct target *one = &t->list[i];
		const uint8_t *name = one->host ? one->host : target_name(t, one);
		if (!add_ports(q, one, name, weight, &before, r) ||
		    seen_before(&before, name, one->rdata, 0))
			continue;
		if (one->rdata) {
			add_address(x, r, SODNS_ADDITIONAL, name, one->rdata);
		} else if (may_ask(q, &asked)) {
			ask_target(q, name, SODNS_TYPE_A, r);
			ask_target(q, name, SODNS_TYPE_AAAA, r);
		}
	}
}

/* PTR: services that have the address. They are all called below the first zone. */
struct reversing {
	const struct external *x;
	sodns_query_t *q;
	sodns_reply_t *r;
};

static void add_pointer(void *arg, const kubernetes_external_t *e)
{
	const struct reversing *v = arg;
	uint8_t name[2 * SODNS_NAME_MAX];
	size_t count, zone_len = sodns_name_length(v->x->zones[0].name);
	size_t len = e->service_len + zone_len;
	if (len > SODNS_NAME_MAX)
		return;
	memcpy(name, e->service, e->service_len);
	memcpy(name + e->service_len, v->x->zones[0].name, zone_len);
	const sodns_rrset_t *sets = sodns_reply_sets(v->r, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		if (sets[i].data_len == len + 2 && !memcmp(sets[i].data + 2, name, len))
			return;
	sodns_reply_add_record(v->r, SODNS_ANSWER, sodns_query_original_name(v->q), SODNS_TYPE_PTR,
			       v->x->ttl, name, (uint16_t)len);
}

static int answer_type(const struct external *x, sodns_query_t *q, struct targets *t, size_t front,
		       sodns_reply_t *r)
{
	const uint8_t *name = sodns_query_name(q);
	uint16_t type = sodns_query_type(q);
	unsigned flags = flags_of(x);
	struct reversing v = {x, q, r};
	int rcode = SODNS_ENOENT;
	if (type == SODNS_TYPE_PTR)
		rcode = x->ability->reverse(x->provider, q, name, add_pointer, &v);
	if (rcode != SODNS_ENOENT)
		return rcode;
	t->named = type == SODNS_TYPE_SRV;
	t->only = type == SODNS_TYPE_A || type == SODNS_TYPE_AAAA ? type : 0;
	rcode = x->ability->find(x->provider, q, name, front,
				 flags | (t->named ? KUBERNETES_EXTERNAL_NAMES : 0), collect, t);
	if (t->only)
		add_addresses(x, q, t, r);
	else if (t->named)
		add_services(x, q, t, r);
	return rcode;
}

/* Which of the names below a zone are the servers': any zone's, also one that the name is not in
 * foremost. */
static bool is_servers(const struct external *x, const struct zone *z, const uint8_t *name)
{
	for (size_t i = 0; i < x->zone_count; i++) {
		const struct zone *one = &x->zones[i];
		if (one == z && sodns_name_equal(name, z->name))
			return false;
		if (one->servers && sodns_name_is_below(name, one->servers))
			return true;
	}
	return false;
}

sodns_reply_t *external_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct external *x = h->self;
	const uint8_t *name = sodns_query_name(q);
	int at = sodns_query_match(q, x->names, x->zone_count);
	if (at < 0)
		return sodns_next(h, q);
	const struct zone *z = &x->zones[at];
	size_t front = sodns_name_length(name) - sodns_name_length(z->name), count;
	struct targets t = {.query = q, .zone = z->name, .most = TARGETS_MAX};
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	if (is_servers(x, z, name)) {
		answer_servers(x, z, q, r);
	} else if (!front) {
		answer_apex(x, z, q, r);
	} else {
		int rcode = answer_type(x, q, &t, front, r);
		if (rcode == SODNS_NXDOMAIN && sodns_fallthrough_match(&x->fallthrough, name))
			return sodns_next(h, q);
		sodns_reply_set_rcode(r, rcode);
	}
	sodns_reply_sets(r, SODNS_ANSWER, &count);
	if (!count)
		add_soa(x, z, r, SODNS_AUTHORITY);
	return r;
}
