/*
 * transfer: who may have a zone, and the way to the instance that has it.
 */
#include "transfer.h"

#include <string.h>

const struct rule *rule_match(const struct transfer *t, const uint8_t *name)
{
	const struct rule *best = NULL;
	size_t best_len = 0;
	for (const struct rule *r = t->rules; r; r = r->next)
		for (size_t i = 0; i < r->zone_count; i++) {
			size_t len = sodns_name_length(r->zones[i]);
			if (len <= best_len || !sodns_name_is_below(name, r->zones[i]))
				continue;
			best = r;
			best_len = len;
		}
	return best;
}

static bool allowed(const struct rule *r, const sodns_address_t *peer)
{
	if (r->to_all)
		return true;
	for (const struct target *t = r->targets; t; t = t->next)
		if (sodns_address_equal(&t->address, peer))
			return true;
	return false;
}

/* The serial in the SOA that makes the authority section of an IXFR query (RFC 1995, 3). */
static bool read_since(sodns_query_t *q, uint32_t *since)
{
	size_t len, count = 0;
	uint16_t n;
	const uint8_t *wire = sodns_query_wire(q, &len);
	sodns_reply_t *r = sodns_reply_parse(q, wire, len);
	const sodns_rrset_t *set = r ? sodns_reply_sets(r, SODNS_AUTHORITY, &count) : NULL;
	if (count != 1 || set->type != SODNS_TYPE_SOA)
		return false;
	const uint8_t *p = sodns_rdata(set->data, &n);
	size_t names = sodns_name_length(p);
	names += sodns_name_length(p + names);
	if (names + 20 != n)
		return false;
	p += names;
	*since = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

static sodns_reply_t *refuse(sodns_query_t *q)
{
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_rcode(r, SODNS_REFUSED);
	return r;
}

sodns_reply_t *transfer_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct transfer *t = h->self;
	uint16_t type = sodns_query_type(q);
	uint32_t since = 0;
	if (type != SODNS_TYPE_AXFR && type != SODNS_TYPE_IXFR)
		return sodns_next(h, q);
	if (strcmp(sodns_query_proto(q), "tcp"))
		return sodns_fail(q, SODNS_REFUSED, NULL);
	const struct rule *rule = rule_match(t, sodns_query_name(q));
	if (!rule)
		return sodns_next(h, q);
	if (!allowed(rule, sodns_query_peer(q)))
		return refuse(q);
	if (type == SODNS_TYPE_IXFR && !read_since(q, &since))
		return sodns_fail(q, SODNS_SERVFAIL, NULL);
	sodns_reply_t *r = stream_zone(t, q, type == SODNS_TYPE_IXFR ? &since : NULL);
	return r ? r : sodns_next(h, q);
}
