/*
 * An authoritative answer from a zone: RFC 1034, 4.3.2 with wildcards (RFC 4592), DNAME (RFC 6672)
 * and the proofs of signed zones (RFC 4035, 3.1). Where the standards leave a choice, and in a few
 * places where it departs from them, it does as CoreDNS's file plugin does: people's tests compare
 * the two.
 */
#include "zone/answer.h"

#include <string.h>

bool answer_add(answer_t *a, enum sodns_section section, const sodns_node_t *n,
		const uint8_t *owner, uint16_t type)
{
	sodns_rrset_t set;
	if (!sodns_node_set(a->view, n, owner, type, 0, &set))
		return false;
	sodns_reply_add(a->reply, section, &set);
	if (a->dnssec && sodns_node_set(a->view, n, owner, SODNS_TYPE_RRSIG, type, &set))
		sodns_reply_add(a->reply, section, &set);
	return true;
}

void answer_ns(answer_t *a)
{
	answer_add(a, SODNS_AUTHORITY, a->zone->apex, a->apex, SODNS_TYPE_NS);
}

void answer_soa(answer_t *a)
{
	answer_add(a, SODNS_AUTHORITY, a->zone->apex, a->apex, SODNS_TYPE_SOA);
}

static bool makes_apex(const sodns_rrset_t *s)
{
	uint16_t type = s->type == SODNS_TYPE_RRSIG ? s->covers : s->type;
	return type == SODNS_TYPE_SOA || type == SODNS_TYPE_NS;
}

bool answer_has_data(const answer_t *a, const sodns_node_t *n)
{
	sodns_rrset_t set;
	unsigned at = 0;
	if (n != a->zone->apex)
		return sodns_node_has_records(a->view, n);
	while (sodns_node_next(a->view, n, a->apex, &at, &set))
		if (!makes_apex(&set))
			return true;
	return false;
}

static const uint8_t *name_of(answer_t *a, const sodns_node_t *n)
{
	uint8_t *out = sodns_alloc(a->q, SODNS_NAME_MAX);
	sodns_node_name(n, out);
	return out;
}

enum sodns_zone_result answer_referral(answer_t *a, const sodns_node_t *cut, const uint8_t *owner)
{
	sodns_rrset_t ns;
	if (!sodns_node_set(a->view, cut, owner, SODNS_TYPE_NS, 0, &ns))
		return SODNS_ZONE_FAILURE;
	sodns_reply_add(a->reply, SODNS_AUTHORITY, &ns);
	if (a->dnssec)
		answer_add(a, SODNS_AUTHORITY, cut, owner, SODNS_TYPE_DS);
	glue_servers(a, &ns);
	return SODNS_ZONE_REFERRAL;
}

/* All signatures of a node, for a question for type RRSIG. */
static bool add_signatures(answer_t *a, const sodns_node_t *n, const uint8_t *owner)
{
	sodns_rrset_t set;
	unsigned at = 0;
	bool any = false;
	while (sodns_node_next(a->view, n, owner, &at, &set)) {
		if (set.type != SODNS_TYPE_RRSIG || (n == a->zone->apex && makes_apex(&set)))
			continue;
		sodns_reply_add(a->reply, SODNS_ANSWER, &set);
		any = true;
	}
	return any;
}

static bool add_asked(answer_t *a, const sodns_node_t *n, const uint8_t *owner)
{
	if (a->type == SODNS_TYPE_RRSIG)
		return add_signatures(a, n, owner);
	return answer_add(a, SODNS_ANSWER, n, owner, a->type);
}

static enum sodns_zone_result no_data(answer_t *a, const sodns_node_t *n, const uint8_t *owner)
{
	answer_soa(a);
	if (a->dnssec)
		answer_add(a, SODNS_AUTHORITY, n, owner, SODNS_TYPE_NSEC);
	return SODNS_ZONE_NODATA;
}

/* The answer at a node: the name asked itself, or the wildcard that stands for it. */
static enum sodns_zone_result at_node(answer_t *a, const sodns_node_t *n, bool wildcard)
{
	const uint8_t *name = sodns_query_name(a->q);
	sodns_rrset_t cname, sig;
	if (a->type != SODNS_TYPE_CNAME &&
	    sodns_node_set(a->view, n, name, SODNS_TYPE_CNAME, 0, &cname)) {
		sodns_reply_add(a->reply, SODNS_ANSWER, &cname);
		if (a->dnssec && sodns_node_set(a->view, n, wildcard ? name_of(a, n) : name,
						SODNS_TYPE_RRSIG, SODNS_TYPE_CNAME, &sig))
			sodns_reply_add(a->reply, SODNS_ANSWER, &sig);
		return chase_alias(a, cname.data + 2);
	}
	if (!add_asked(a, n, name))
		return no_data(a, n, wildcard ? name_of(a, n) : name);
	answer_ns(a);
	glue_targets(a);
	return SODNS_ZONE_SUCCESS;
}

/* The NSEC that covers a name. Returns the node that has it. */
static const sodns_node_t *add_cover(answer_t *a, const uint8_t *name, const sodns_node_t *but_not)
{
	const sodns_node_t *n = sodns_zone_previous(a->view, name);
	if (n && n != but_not)
		answer_add(a, SODNS_AUTHORITY, n, name_of(a, n), SODNS_TYPE_NSEC);
	return n;
}

static enum sodns_zone_result at_wildcard(answer_t *a, const sodns_node_t *n)
{
	if (!sodns_node_has_records(a->view, n)) {
		answer_soa(a);
		return SODNS_ZONE_NODATA;
	}
	enum sodns_zone_result result = at_node(a, n, true);
	sodns_rrset_t cname;
	bool alias = sodns_node_set(a->view, n, a->apex, SODNS_TYPE_CNAME, 0, &cname);
	if (result == SODNS_ZONE_SUCCESS && a->dnssec && (!alias || a->type == SODNS_TYPE_CNAME))
		add_cover(a, sodns_query_name(a->q), NULL);
	return result;
}

static const uint8_t *star_below(answer_t *a, const uint8_t *name)
{
	size_t len = sodns_name_length(name);
	uint8_t *out = sodns_alloc(a->q, len + 2);
	out[0] = 1;
	out[1] = '*';
	memcpy(out + 2, name, len);
	return out;
}

/* No such name, or one that only has names below it. */
static enum sodns_zone_result no_name(answer_t *a, const sodns_zone_match_t *m)
{
	const uint8_t *name = sodns_query_name(a->q);
	answer_soa(a);
	if (a->dnssec) {
		const sodns_node_t *cover = add_cover(a, name, NULL), *n = m->encloser;
		while (n && !answer_has_data(a, n))
			n = n->parent;
		const uint8_t *star = n && !m->node ? star_below(a, name_of(a, n)) : NULL;
		if (cover && star && sodns_name_length(star) <= SODNS_NAME_MAX)
			add_cover(a, star, cover);
	}
	bool exists = m->node && (m->node != a->zone->apex || sodns_zone_following(a->view, name));
	return exists ? SODNS_ZONE_SUCCESS : SODNS_ZONE_NXDOMAIN;
}

static enum sodns_zone_result at_apex(answer_t *a)
{
	sodns_rrset_t ns;
	const sodns_node_t *apex = a->zone->apex;
	answer_add(a, SODNS_ANSWER, apex, a->apex, a->type);
	if (a->type == SODNS_TYPE_SOA)
		answer_ns(a);
	else if (sodns_node_set(a->view, apex, a->apex, SODNS_TYPE_NS, 0, &ns))
		glue_servers(a, &ns);
	return SODNS_ZONE_SUCCESS;
}

static enum sodns_zone_result walk(answer_t *a)
{
	const uint8_t *name = sodns_query_name(a->q);
	const unsigned labels = a->q->labels.count;
	sodns_zone_match_t m;
	sodns_zone_find(a->view, name, &m);
	if (m.node == a->zone->apex && (a->type == SODNS_TYPE_SOA || a->type == SODNS_TYPE_NS))
		return at_apex(a);
	if (m.dname && (!m.cut || m.dname_labels <= m.cut_labels))
		return chase_dname(a, m.dname, name + a->q->labels.at[labels - m.dname_labels]);
	if (m.cut && (a->type != SODNS_TYPE_DS || m.cut != m.node))
		return answer_referral(a, m.cut, name + a->q->labels.at[labels - m.cut_labels]);
	if (m.node && answer_has_data(a, m.node))
		return at_node(a, m.node, false);
	if (m.wildcard)
		return at_wildcard(a, m.wildcard);
	if (m.node && m.node != a->zone->apex) {
		/* CoreDNS lets a wildcard answer for an empty non-terminal beside it, RFC 4592 does
		 * not. */
		sodns_zone_match_t beside;
		sodns_zone_find(a->view, star_below(a, sodns_name_parent(name, 1)), &beside);
		if (beside.node)
			return at_wildcard(a, beside.node);
	}
	return no_name(a, &m);
}

sodns_reply_t *sodns_zone_answer(sodns_query_t *q, const sodns_zone_t *z,
				 enum sodns_zone_result *result)
{
	answer_t a = {.q = q,
		      .zone = z,
		      .view = sodns_zone_view(q, z),
		      .type = q->type,
		      .dnssec = sodns_query_do(q),
		      .reply = sodns_reply(q)};
	*result = SODNS_ZONE_FAILURE;
	if (!a.view->version->has_soa || q->labels.count < z->origin_labels)
		return sodns_fail(q, SODNS_SERVFAIL, NULL);
	a.apex = q->name + q->labels.at[q->labels.count - z->origin_labels];
	*result = walk(&a);
	size_t answers;
	sodns_reply_sets(a.reply, SODNS_ANSWER, &answers);
	if (*result == SODNS_ZONE_FAILURE && !answers)
		return sodns_fail(q, SODNS_SERVFAIL, NULL);
	if (*result == SODNS_ZONE_FAILURE)
		sodns_reply_set_rcode(a.reply, SODNS_SERVFAIL);
	if (*result == SODNS_ZONE_NXDOMAIN)
		sodns_reply_set_rcode(a.reply, SODNS_NXDOMAIN);
	if (*result != SODNS_ZONE_REFERRAL || answers)
		sodns_reply_set_flags(a.reply, SODNS_AA, 0);
	return a.reply;
}
