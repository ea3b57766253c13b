/*
 * dns64: clients that have IPv6 alone reach servers that have IPv4 alone through a NAT64. For a name
 * without AAAA records they get some that carry its A records behind the NAT64's prefix (RFC 6147).
 */
#include "dns64.h"

#include <string.h>

/* What a synthesized record's TTL is bounded by where the reply without AAAA had no SOA (RFC 6147,
 * 5.1.7). */
#define TTL_WITHOUT_SOA 600u
#define AAAA_LENGTH 16u

static bool is_ours(const struct dns64 *d, const sodns_query_t *q)
{
	return sodns_query_type(q) == SODNS_TYPE_AAAA && sodns_query_class(q) == SODNS_CLASS_IN &&
	       (d->allow_ipv4 || sodns_query_peer(q)->family != 4);
}

/* RFC 6147, 5.1.1 to 5.1.3: a name that does not exist, be it at the end of a chain of aliases, has no
 * A records either; every other failure counts as "no AAAA". */
static bool needs_translation(const struct dns64 *d, sodns_reply_t *r)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	if (sodns_reply_rcode(r) == SODNS_NXDOMAIN)
		return false;
	for (size_t i = 0; !d->translate_all && i < count; i++)
		if (sets[i].type == SODNS_TYPE_AAAA)
			return false;
	return true;
}

static uint32_t ttl_bound(sodns_reply_t *r)
{
	uint32_t ttl = TTL_WITHOUT_SOA;
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_AUTHORITY, &count);
	for (size_t i = 0; i < count; i++)
		if (sets[i].type == SODNS_TYPE_SOA)
			ttl = sets[i].ttl;
	return ttl;
}

/* RFC 6052, 2.2: the address stands behind the prefix and leaves byte 8 free. */
static void embed(const struct dns64 *d, const uint8_t v4[4], uint8_t out[AAAA_LENGTH])
{
	unsigned at = d->bytes;
	memset(out, 0, AAAA_LENGTH);
	memcpy(out, d->prefix, at);
	for (unsigned i = 0; i < 4; i++) {
		at += at == 8;
		out[at++] = v4[i];
	}
}

static void add_translated(const struct dns64 *d, sodns_query_t *q, sodns_reply_t *r,
			   const sodns_rrset_t *a, uint32_t bound)
{
	uint8_t *data = sodns_alloc(q, a->count * (2u + AAAA_LENGTH)), *out = data;
	const uint8_t *at = a->data;
	sodns_rrset_t set = *a;
	set.count = 0;
	for (unsigned i = 0; i < a->count; i++) {
		uint16_t len;
		const uint8_t *v4 = sodns_rdata(at, &len);
		at = v4 + len;
		if (len != 4)
			continue;
		out[0] = 0;
		out[1] = AAAA_LENGTH;
		embed(d, v4, out + 2);
		out += 2u + AAAA_LENGTH;
		set.count++;
	}
	set.type = SODNS_TYPE_AAAA;
	set.ttl = a->ttl < bound ? a->ttl : bound;
	set.data = data;
	set.data_len = (uint32_t)(out - data);
	sodns_reply_add(r, SODNS_ANSWER, &set);
}

static void copy_section(sodns_reply_t *to, sodns_reply_t *from, enum sodns_section section)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(from, section, &count);
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(to, section, &sets[i]);
}

/* The reply to the A query, with AAAA records in place of the A records (RFC 6147, 5.1.6, 5.3). */
static sodns_reply_t *synthesize(const struct dns64 *d, sodns_query_t *q, sodns_reply_t *from,
				 uint32_t bound)
{
	sodns_reply_t *r = sodns_reply(q);
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(from, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++) {
		if (sets[i].type == SODNS_TYPE_A)
			add_translated(d, q, r, &sets[i], bound);
		else
			sodns_reply_add(r, SODNS_ANSWER, &sets[i]);
	}
	copy_section(r, from, SODNS_AUTHORITY);
	copy_section(r, from, SODNS_ADDITIONAL);
	sodns_reply_set_flags(r, sodns_reply_flags(from) & SODNS_TC, 0);
	return r;
}

static void count_translated(const sodns_query_t *q)
{
	static const char *const labels[] = {"server", NULL};
	static const sodns_family_t family = {
		.name = "coredns_dns64_requests_translated_total",
		.help = "Counter of DNS requests translated by dns64.",
		.labels = labels,
	};
	const char *server = sodns_query_server(q);
	sodns_metric_count(&family, &server, 1);
}

sodns_reply_t *dns64_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct dns64 *d = h->self;
	sodns_reply_t *r = sodns_next(h, q);
	enum sodns_reply_kind kind = sodns_reply_kind(r);
	if (!is_ours(d, q) || kind == SODNS_ERROR || kind == SODNS_DROP || !needs_translation(d, r))
		return r;
	uint32_t bound = ttl_bound(r);
	sodns_reply_t *a = sodns_ask(q, sodns_query_name(q), SODNS_TYPE_A);
	if (sodns_reply_kind(a) == SODNS_DROP)
		return sodns_fail(q, SODNS_SERVFAIL, "no answer to the A query");
	/* Where that fails there is nothing to make records of: the failure is no denial. */
	if (sodns_reply_rcode(a) != SODNS_NOERROR)
		return r;
	count_translated(q);
	return synthesize(d, q, a, bound);
}
