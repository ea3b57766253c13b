/*
 * Aliases: CNAME and DNAME (RFC 1034, 3.6.2; RFC 6672). A chain is followed through the zone as
 * long as it stays there, and asked for from routing on where it leaves.
 */
#include <string.h>

#include "zone/answer.h"

/* CNAMEs of one zone in an answer, at most; as many as CoreDNS follows. */
#define CHAIN_MAX 10

/* Asks for what the zone does not have. The reply's answer becomes part of this one (RFC 6604, 3:
 * and its rcode). */
static enum sodns_zone_result ask(answer_t *a, const uint8_t *target)
{
	sodns_reply_t *r = sodns_ask(a->q, target, a->type);
	enum sodns_zone_result result = SODNS_ZONE_SUCCESS;
	int rcode = sodns_reply_rcode(r);
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(a->reply, SODNS_ANSWER, &sets[i]);
	/* What was cut short says nothing of what is not in it. */
	bool cut = sodns_reply_flags(r) & SODNS_TC;
	if (cut)
		sodns_reply_set_flags(a->reply, SODNS_TC, 0);
	if (rcode == SODNS_NXDOMAIN)
		result = SODNS_ZONE_NXDOMAIN;
	else if (rcode == SODNS_SERVFAIL)
		result = SODNS_ZONE_FAILURE;
	else if (rcode == SODNS_NOERROR && !count && !cut && sodns_reply_kind(r) != SODNS_DROP)
		result = SODNS_ZONE_NODATA;
	if (result == SODNS_ZONE_NXDOMAIN || result == SODNS_ZONE_NODATA)
		answer_soa(a);
	else
		answer_ns(a);
	glue_targets(a);
	return result;
}

static enum sodns_zone_result complete(answer_t *a)
{
	answer_ns(a);
	glue_targets(a);
	return SODNS_ZONE_SUCCESS;
}

static bool must_ask(const answer_t *a, const sodns_node_t *n, const uint8_t *target)
{
	if (!n || !answer_has_data(a, n) || a->type == SODNS_TYPE_NS)
		return true;
	return a->type == SODNS_TYPE_SOA && sodns_name_equal(target, a->zone->origin);
}

enum sodns_zone_result chase_alias(answer_t *a, const uint8_t *target)
{
	sodns_zone_match_t m;
	sodns_rrset_t cname;
	for (int links = 1;; links++) {
		bool inside = sodns_zone_find(a->view, target, &m);
		if (inside && m.cut && (a->type != SODNS_TYPE_DS || m.cut != m.node)) {
			unsigned labels = sodns_name_labels(target);
			answer_referral(a, m.cut, sodns_name_parent(target, labels - m.cut_labels));
			return SODNS_ZONE_REFERRAL;
		}
		if (!inside || must_ask(a, m.node, target))
			return ask(a, target);
		if (links == CHAIN_MAX)
			return complete(a);
		if (!sodns_node_set(a->view, m.node, target, SODNS_TYPE_CNAME, 0, &cname))
			break;
		answer_add(a, SODNS_ANSWER, m.node, target, SODNS_TYPE_CNAME);
		target = cname.data + 2;
	}
	answer_add(a, SODNS_ANSWER, m.node, target, a->type);
	return complete(a);
}

/* The name asked with `owner` replaced by `target`; NULL if that is too long for a name (RFC
 * 6672, 2.2). */
static const uint8_t *substitute(answer_t *a, const uint8_t *owner, const uint8_t *target)
{
	const uint8_t *name = sodns_query_name(a->q);
	size_t prefix = sodns_name_length(name) - sodns_name_length(owner),
	       len = sodns_name_length(target);
	if (prefix + len > SODNS_NAME_MAX)
		return NULL;
	uint8_t *out = sodns_alloc(a->q, prefix + len);
	memcpy(out, name, prefix);
	memcpy(out + prefix, target, len);
	return out;
}

enum sodns_zone_result chase_dname(answer_t *a, const sodns_node_t *n, const uint8_t *owner)
{
	sodns_rrset_t dname;
	if (!sodns_node_set(a->view, n, owner, SODNS_TYPE_DNAME, 0, &dname))
		return SODNS_ZONE_FAILURE;
	const uint8_t *name = sodns_query_name(a->q);
	const uint8_t *target = substitute(a, owner, dname.data + 2);
	/* A substitution that changes nothing could only loop. */
	if (target && sodns_name_equal(target, name))
		return SODNS_ZONE_FAILURE;
	answer_add(a, SODNS_ANSWER, n, owner, SODNS_TYPE_DNAME);
	if (!target) {
		sodns_reply_set_rcode(a->reply, SODNS_YXDOMAIN);
		return SODNS_ZONE_SUCCESS;
	}
	sodns_reply_add_record(a->reply, SODNS_ANSWER, name, SODNS_TYPE_CNAME, dname.ttl, target,
			       (uint16_t)sodns_name_length(target));
	if (a->type != SODNS_TYPE_CNAME)
		return chase_alias(a, target);
	answer_ns(a);
	return SODNS_ZONE_SUCCESS;
}
