/*
 * Aliases: CNAME and DNAME (RFC 1034, 3.6.2; RFC 6672). A chain is followed through the zone as
 * long as it stays there, and asked for from routing on where it leaves.
 */
#include <string.h>

#include "answer/answer.h"

/* CNAMEs of one zone in an answer, at most; as many as CoreDNS follows. */
#define CHAIN_MAX 10

/* The chain has been at this name. */
static bool is_passed(answer_t *a, const uint8_t *name)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(a->reply, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		if (sets[i].type == SODNS_TYPE_CNAME && sodns_name_equal(sets[i].owner, name))
			return true;
	return false;
}

enum sodns_zone_result chase_alias(answer_t *a, const uint8_t *target)
{
	if (++a->links >= CHAIN_MAX || is_passed(a, target))
		return answer_complete(a);
	uint8_t *lower = sodns_alloc(a->q, sodns_name_length(target));
	sodns_name_lower(target, lower);
	a->next = lower;
	return SODNS_ZONE_SUCCESS;
}

/* The name with `owner` replaced by `target`; NULL if that is too long for a name (RFC 6672, 2.2). */
static const uint8_t *substitute(answer_t *a, const uint8_t *owner, const uint8_t *target)
{
	size_t prefix = (size_t)(owner - a->name), len = sodns_name_length(target);
	if (prefix + len > SODNS_NAME_MAX)
		return NULL;
	uint8_t *out = sodns_alloc(a->q, prefix + len);
	memcpy(out, a->name, prefix);
	memcpy(out + prefix, target, len);
	return out;
}

enum sodns_zone_result chase_dname(answer_t *a, const sodns_node_t *n, const uint8_t *owner)
{
	sodns_rrset_t dname;
	if (!sodns_node_set(a->view, n, owner, SODNS_TYPE_DNAME, 0, &dname))
		return SODNS_ZONE_FAILURE;
	const uint8_t *target = substitute(a, owner, dname.data + 2);
	bool ends = a->type == SODNS_TYPE_CNAME || a->type == SODNS_TYPE_ANY;
	/* A substitution that changes nothing could only loop. */
	if (target && !ends && sodns_name_equal(target, a->name))
		return SODNS_ZONE_FAILURE;
	answer_add(a, SODNS_ANSWER, n, owner, SODNS_TYPE_DNAME);
	if (!target) {
		sodns_reply_set_rcode(a->reply, SODNS_YXDOMAIN);
		return SODNS_ZONE_SUCCESS;
	}
	sodns_reply_add_record(a->reply, SODNS_ANSWER, a->name, SODNS_TYPE_CNAME, dname.ttl, target,
			       (uint16_t)sodns_name_length(target));
	return ends ? answer_complete(a) : chase_alias(a, target);
}

static bool is_proof(const sodns_rrset_t *set)
{
	uint16_t type = set->type == SODNS_TYPE_RRSIG ? set->covers : set->type;
	return type == SODNS_TYPE_NSEC || type == SODNS_TYPE_NSEC3;
}

static bool ends_in_data(sodns_reply_t *r)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	return count && sets[count - 1].type != SODNS_TYPE_CNAME;
}

/* Takes over what the reply says about the end of the chain: the SOA, proofs; or the referral. True:
 * there was one or the other. */
static bool take_authority(answer_t *a, sodns_reply_t *r)
{
	size_t count, glue;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_AUTHORITY, &count), *more;
	bool soa = false, referral = false;
	for (size_t i = 0; i < count; i++) {
		soa |= sets[i].type == SODNS_TYPE_SOA;
		referral |= sets[i].type == SODNS_TYPE_NS;
	}
	referral = referral && !soa && !ends_in_data(r) && !(sodns_reply_flags(r) & SODNS_AA);
	for (size_t i = 0; i < count; i++)
		if (referral || sets[i].type == SODNS_TYPE_SOA || is_proof(&sets[i]) ||
		    sets[i].covers == SODNS_TYPE_SOA)
			sodns_reply_add(a->reply, SODNS_AUTHORITY, &sets[i]);
	more = referral ? sodns_reply_sets(r, SODNS_ADDITIONAL, &glue) : NULL;
	for (size_t i = 0; more && i < glue; i++)
		sodns_reply_add(a->reply, SODNS_ADDITIONAL, &more[i]);
	return soa || referral;
}

enum sodns_zone_result chase_out(answer_t *a, bool inside)
{
	sodns_reply_t *r = sodns_ask(a->q, a->name, a->type);
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
	bool negative = result == SODNS_ZONE_NXDOMAIN || result == SODNS_ZONE_NODATA;
	if (!take_authority(a, r) && negative && inside)
		answer_soa(a);
	else if (!negative)
		answer_ns(a);
	glue_targets(a);
	return result;
}
