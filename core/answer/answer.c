/*
 * An authoritative answer from a zone: RFC 1034, 4.3.2 with wildcards (RFC 4592), DNAME (RFC 6672)
 * and the proofs of signed zones (RFC 4035, 3.1; RFC 5155, 7.2). Where the standards leave a choice
 * it does as CoreDNS's file plugin does: people's tests compare the two.
 */
#include "answer/answer.h"

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

/* MINIMUM, the last field of the SOA. */
static uint32_t negative_ttl(const sodns_rrset_t *soa)
{
	uint16_t len;
	const uint8_t *rdata = sodns_rdata(soa->data, &len);
	if (len < 22)
		return soa->ttl;
	const uint8_t *p = rdata + len - 4;
	uint32_t minimum = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return minimum < soa->ttl ? minimum : soa->ttl;
}

void answer_soa(answer_t *a)
{
	const sodns_node_t *apex = a->zone->apex;
	sodns_rrset_t soa, sig;
	if (!sodns_node_set(a->view, apex, a->apex, SODNS_TYPE_SOA, 0, &soa))
		return;
	soa.ttl = negative_ttl(&soa);
	sodns_reply_add(a->reply, SODNS_AUTHORITY, &soa);
	if (!a->dnssec ||
	    !sodns_node_set(a->view, apex, a->apex, SODNS_TYPE_RRSIG, SODNS_TYPE_SOA, &sig))
		return;
	sig.ttl = soa.ttl;
	sodns_reply_add(a->reply, SODNS_AUTHORITY, &sig);
}

enum sodns_zone_result answer_complete(answer_t *a)
{
	answer_ns(a);
	glue_targets(a);
	return SODNS_ZONE_SUCCESS;
}

const uint8_t *answer_name_of(answer_t *a, const sodns_node_t *n)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t len = sodns_node_name(n, name);
	return memcpy(sodns_alloc(a->q, len), name, len);
}

/* Whether the node has records besides those that make the apex: for a plugin that falls through, an apex with
 * only SOA and NS is like an empty non-terminal, as in CoreDNS. */
static bool has_data(const answer_t *a, const sodns_node_t *n)
{
	sodns_rrset_t set;
	unsigned at = 0;
	if (n != a->zone->apex)
		return sodns_node_has_records(a->view, n);
	while (sodns_node_next(a->view, n, a->apex, &at, &set))
		if (set.type != SODNS_TYPE_SOA && set.type != SODNS_TYPE_NS)
			return true;
	return false;
}

/* The name with so many labels that ends the one looked for. */
static const uint8_t *suffix(const answer_t *a, unsigned labels)
{
	unsigned all = a->name == a->q->name ? a->q->labels.count : sodns_name_labels(a->name);
	return sodns_name_parent(a->name, all - labels);
}

static enum sodns_zone_result referral(answer_t *a, const sodns_node_t *cut, const uint8_t *owner)
{
	sodns_rrset_t ns;
	if (!sodns_node_set(a->view, cut, owner, SODNS_TYPE_NS, 0, &ns))
		return SODNS_ZONE_FAILURE;
	sodns_reply_add(a->reply, SODNS_AUTHORITY, &ns);
	if (a->dnssec && !answer_add(a, SODNS_AUTHORITY, cut, owner, SODNS_TYPE_DS))
		deny_ds(a, cut, owner);
	glue_servers(a, &ns);
	return SODNS_ZONE_REFERRAL;
}

/* All signatures of a node, for a question for type RRSIG. */
static bool add_signatures(answer_t *a, const sodns_node_t *n)
{
	sodns_rrset_t set;
	unsigned at = 0;
	bool any = false;
	while (sodns_node_next(a->view, n, a->name, &at, &set)) {
		if (set.type != SODNS_TYPE_RRSIG)
			continue;
		sodns_reply_add(a->reply, SODNS_ANSWER, &set);
		any = true;
	}
	return any;
}

/* For a question for type ANY: everything, but one RRset over UDP (RFC 8482, 4.1). */
static bool add_any(answer_t *a, const sodns_node_t *n)
{
	sodns_rrset_t set;
	unsigned at = 0;
	bool any = false;
	while ((!any || a->q->protocol != SODNS_UDP) &&
	       sodns_node_next(a->view, n, a->name, &at, &set))
		if (set.type != SODNS_TYPE_RRSIG)
			any |= answer_add(a, SODNS_ANSWER, n, a->name, set.type);
	return any;
}

static bool add_asked(answer_t *a, const sodns_node_t *n)
{
	if (a->type == SODNS_TYPE_RRSIG)
		return add_signatures(a, n);
	if (a->type == SODNS_TYPE_ANY)
		return add_any(a, n);
	return answer_add(a, SODNS_ANSWER, n, a->name, a->type);
}

/* What may stand beside a CNAME answers for itself, and is not looked for behind it (RFC 4035, 2.5). */
static bool is_beside_alias(uint16_t type)
{
	return type == SODNS_TYPE_CNAME || type == SODNS_TYPE_NSEC || type == SODNS_TYPE_RRSIG ||
	       type == SODNS_TYPE_ANY;
}

static bool is_soa_signature(void *arg, const sodns_rrset_t *set)
{
	(void)arg;
	return set->type == SODNS_TYPE_RRSIG && set->covers == SODNS_TYPE_SOA;
}

static void unsign_soa(answer_t *a)
{
	sodns_reply_filter(a->reply, SODNS_AUTHORITY, is_soa_signature, NULL);
}

static enum sodns_zone_result no_data(answer_t *a, const sodns_zone_match_t *m)
{
	answer_soa(a);
	if (!(m->node ? deny_type(a, m->node) : deny_wildcard_type(a, m)))
		unsign_soa(a);
	return !m->node || has_data(a, m->node) ? SODNS_ZONE_NODATA : SODNS_ZONE_SUCCESS;
}

/* The answer at the name, or at the wildcard that stands for it. */
static enum sodns_zone_result at_node(answer_t *a, const sodns_zone_match_t *m)
{
	const sodns_node_t *n = m->node ? m->node : m->wildcard;
	sodns_rrset_t cname;
	bool alias = !is_beside_alias(a->type) &&
		     sodns_node_set(a->view, n, a->name, SODNS_TYPE_CNAME, 0, &cname);
	if (alias)
		answer_add(a, SODNS_ANSWER, n, a->name, SODNS_TYPE_CNAME);
	else if (!add_asked(a, n))
		return no_data(a, m);
	if (!m->node)
		deny_closer(a, m);
	return alias ? chase_alias(a, cname.data + 2) : answer_complete(a);
}

/* No such name. Behind an alias others may have it: plugins before and behind this one. */
static enum sodns_zone_result no_name(answer_t *a, const sodns_zone_match_t *m)
{
	if (a->links)
		return chase_out(a, true);
	answer_soa(a);
	if (!deny_name(a, m))
		unsign_soa(a);
	return SODNS_ZONE_NXDOMAIN;
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

/* The answer at one name. It may go on at another one, a->next. */
static enum sodns_zone_result look_up(answer_t *a)
{
	sodns_zone_match_t m;
	if (!sodns_zone_find(a->view, a->name, &m))
		return chase_out(a, false);
	if (m.dname && (!m.cut || m.dname_labels <= m.cut_labels))
		return chase_dname(a, m.dname, suffix(a, m.dname_labels));
	if (m.cut && (a->type != SODNS_TYPE_DS || m.cut != m.node))
		return referral(a, m.cut, suffix(a, m.cut_labels));
	if (m.node == a->zone->apex && (a->type == SODNS_TYPE_SOA || a->type == SODNS_TYPE_NS))
		return at_apex(a);
	return m.node || m.wildcard ? at_node(a, &m) : no_name(a, &m);
}

static enum sodns_zone_result walk(answer_t *a)
{
	enum sodns_zone_result result;
	do {
		a->next = NULL;
		result = look_up(a);
		a->name = a->next;
	} while (a->next);
	return result;
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
	a.name = q->name;
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
