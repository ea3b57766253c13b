/*
 * What an answer is, and for how long it is good: CoreDNS's rules, which are RFC 2308's with a few
 * of its own.
 */
#include <time.h>

#include "cache.h"

/* Aliases that are followed; longer chains are not kept. */
#define ALIASES_MAX 64u
/* Of answers that say nothing of a TTL, in seconds. */
#define TTL_FALLBACK 5u

static bool class_matches(const sodns_rrset_t *s, uint16_t rclass)
{
	return rclass == SODNS_CLASS_ANY || s->rclass == rclass;
}

/* Where the name's CNAME points to; NULL: it has none. False: it has several. */
static bool alias_of(const sodns_rrset_t *sets, size_t count, const uint8_t *name, uint16_t rclass,
		     const uint8_t **target)
{
	*target = NULL;
	for (size_t i = 0; i < count; i++) {
		const sodns_rrset_t *s = &sets[i];
		const uint8_t *at = s->data;
		uint16_t len;
		if (s->type != SODNS_TYPE_CNAME || !class_matches(s, rclass) ||
		    !sodns_name_equal(s->owner, name))
			continue;
		for (unsigned k = 0; k < s->count; k++, at += len) {
			at = sodns_rdata(at, &len);
			if (*target && !sodns_name_equal(*target, at))
				return false;
			*target = at;
		}
	}
	return true;
}

static bool has_set(const sodns_rrset_t *sets, size_t count, const uint8_t *name, uint16_t type,
		    uint16_t rclass)
{
	for (size_t i = 0; i < count; i++)
		if ((type == SODNS_TYPE_ANY || sets[i].type == type) &&
		    class_matches(&sets[i], rclass) && sodns_name_equal(sets[i].owner, name))
			return true;
	return false;
}

/* The name at the end of the aliases that begin at the name asked; NULL: the chain forks, or has no
 * end. */
static const uint8_t *chain_end(const sodns_query_t *q, const sodns_rrset_t *sets, size_t count)
{
	const uint8_t *name = sodns_query_name(q), *target;
	for (unsigned i = 0; i <= ALIASES_MAX; i++) {
		if (!alias_of(sets, count, name, sodns_query_class(q), &target))
			return NULL;
		if (!target)
			return name;
		name = target;
	}
	return NULL;
}

/* Whether a record of the type asked stands at the end of the aliases. */
static bool answers_question(sodns_query_t *q, sodns_reply_t *r)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &count);
	const uint8_t *name = sodns_query_name(q), *target;
	uint16_t type = sodns_query_type(q), rclass = sodns_query_class(q);
	if (sodns_reply_rcode(r) != SODNS_NOERROR || !count)
		return false;
	if (type == SODNS_TYPE_CNAME)
		return alias_of(sets, count, name, rclass, &target) && target;
	if (type != SODNS_TYPE_ANY)
		name = chain_end(q, sets, count);
	return name && has_set(sets, count, name, type, rclass);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Whether one of the set's signatures is not valid now (RFC 4034, 3.1.5: serial arithmetic). */
static bool signature_expired(const sodns_rrset_t *s, uint32_t now)
{
	const uint8_t *at = s->data;
	uint16_t len;
	for (unsigned i = 0; i < s->count; i++, at += len) {
		at = sodns_rdata(at, &len);
		if (len < 16 || (int32_t)(get32(at + 8) - now) < 0 ||
		    (int32_t)(now - get32(at + 12)) < 0)
			return true;
	}
	return false;
}

static bool any_expired(sodns_reply_t *r)
{
	uint32_t now = (uint32_t)time(NULL);
	for (int k = SODNS_ANSWER; k <= SODNS_ADDITIONAL; k++) {
		size_t count;
		const sodns_rrset_t *sets = sodns_reply_sets(r, (enum sodns_section)k, &count);
		for (size_t i = 0; i < count; i++)
			if (sets[i].type == SODNS_TYPE_RRSIG && signature_expired(&sets[i], now))
				return true;
	}
	return false;
}

static bool authority_has(sodns_reply_t *r, uint16_t type)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_AUTHORITY, &count);
	for (size_t i = 0; i < count; i++)
		if (sets[i].type == type)
			return true;
	return false;
}

/* Whether the answer section leads to a name that can be denied: aliases alone, and their
 * signatures, for a type that they are no answer to. */
static bool leads_to_denial(const sodns_query_t *q, const sodns_rrset_t *sets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sets[i].type != SODNS_TYPE_CNAME && sets[i].type != SODNS_TYPE_DNAME &&
		    sets[i].type != SODNS_TYPE_RRSIG)
			return false;
	return !count || (sodns_query_type(q) != SODNS_TYPE_CNAME && chain_end(q, sets, count));
}

static enum answer_type plain_type(sodns_query_t *q, sodns_reply_t *r, bool soa)
{
	uint16_t type = sodns_query_type(q);
	int rcode = sodns_reply_rcode(r);
	size_t answers;
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_ANSWER, &answers);
	if (sodns_query_opcode(q) != SODNS_OPCODE_QUERY || type == SODNS_TYPE_AXFR ||
	    type == SODNS_TYPE_IXFR)
		return META;
	if (sodns_reply_do(r) && any_expired(r))
		return OTHER_ERROR;
	if (answers && rcode == SODNS_NOERROR)
		return NO_ERROR;
	/* NXDOMAIN is of the last name of a chain (RFC 2308, 2.1; RFC 6604, 2); what is kept is kept
	 * for this question alone. */
	if (rcode == SODNS_NXDOMAIN && !leads_to_denial(q, sets, answers))
		return OTHER_ERROR;
	if (soa && rcode == SODNS_NOERROR)
		return NO_DATA;
	if (rcode == SODNS_NXDOMAIN)
		return NAME_ERROR;
	if (rcode == SODNS_SERVFAIL || rcode == SODNS_NOTIMP)
		return SERVER_ERROR;
	if (rcode != SODNS_NOERROR)
		return OTHER_ERROR;
	return authority_has(r, SODNS_TYPE_NS) ? DELEGATION : NO_ERROR;
}

/* For how long a SOA record lets one deny: its TTL or MINIMUM, whichever is lower (RFC 2308, 5). */
static uint32_t denial_ttl(const sodns_rrset_t *soa)
{
	uint16_t len;
	const uint8_t *rdata = sodns_rdata(soa->data, &len);
	/* two names, and five numbers, of which it is the last */
	uint32_t minimum = len >= 22 ? get32(rdata + len - 4) : 0;
	return minimum < soa->ttl ? minimum : soa->ttl;
}

/* The lowest TTL of all records, at most `max`. */
static uint32_t lowest_ttl(sodns_reply_t *r, uint32_t max, bool denies)
{
	size_t all = 0;
	uint32_t ttl = max;
	for (int k = SODNS_ANSWER; k <= SODNS_ADDITIONAL; k++) {
		size_t count;
		const sodns_rrset_t *sets = sodns_reply_sets(r, (enum sodns_section)k, &count);
		for (size_t i = 0; i < count; i++) {
			if (sets[i].type == SODNS_TYPE_OPT)
				continue;
			bool says = denies && k == SODNS_AUTHORITY &&
				    sets[i].type == SODNS_TYPE_SOA;
			uint32_t own = says ? denial_ttl(&sets[i]) : sets[i].ttl;
			ttl = own < ttl ? own : ttl;
			all++;
		}
	}
	return all ? ttl : TTL_FALLBACK;
}

static uint64_t within(const struct cache *c, enum kind k, uint32_t ttl)
{
	ttl = ttl > c->ttl_min[k] ? ttl : c->ttl_min[k];
	ttl = ttl < c->ttl_max[k] ? ttl : c->ttl_max[k];
	return (uint64_t)ttl * SODNS_SECOND;
}

static uint64_t duration_of(const struct cache *c, sodns_reply_t *r, enum answer_type type)
{
	enum kind k = type == NAME_ERROR || type == NO_DATA ? DENIAL : SUCCESS;
	bool says = type == NO_ERROR || k == DENIAL;
	if (type == SERVER_ERROR)
		return c->fail_ttl;
	return within(c, k, says ? lowest_ttl(r, c->ttl_max[k], k == DENIAL) : TTL_FALLBACK);
}

static bool is_excepted(const struct cache *c, const sodns_query_t *q, enum kind k)
{
	return c->except_count[k] && sodns_query_match(q, c->except[k], c->except_count[k]) >= 0;
}

/* What may stand beside an answer without changing what it is: the zone's servers and addresses. */
static bool is_beside(const sodns_image_record_t *rr)
{
	return rr->section == SODNS_AUTHORITY
		       ? rr->type == SODNS_TYPE_NS
		       : rr->type == SODNS_TYPE_A || rr->type == SODNS_TYPE_AAAA;
}

/* The answer that most are: records of the name, type and class asked for, and nothing that it would take to
 * have a look into. Nothing has to be opened for it. */
static bool is_plain(const sodns_query_t *q, const sodns_reply_t *r, uint32_t *lowest)
{
	sodns_image_record_t rr;
	uint16_t type = sodns_query_type(q);
	size_t i = 0, answers = 0;
	if (sodns_reply_rcode(r) != SODNS_NOERROR || type == SODNS_TYPE_RRSIG ||
	    type == SODNS_TYPE_CNAME || type >= SODNS_TYPE_IXFR)
		return false;
	for (; sodns_reply_image_record(r, i, &rr); i++) {
		bool answer = rr.section == SODNS_ANSWER;
		if (answer ? !rr.asked || rr.type != type || rr.rclass != sodns_query_class(q)
			   : !is_beside(&rr))
			return false;
		*lowest = rr.ttl < *lowest ? rr.ttl : *lowest;
		answers += answer;
	}
	return answers;
}

static bool assess_plain(const struct cache *c, const sodns_query_t *q, const sodns_reply_t *r,
			 struct assessment *out)
{
	uint32_t ttl = c->ttl_max[SUCCESS];
	/* In an image the owner is the question, in whatever letters that comes; records keep their own. */
	bool capitals = sodns_query_original_name(q) != sodns_query_name(q);
	if (capitals || sodns_query_opcode(q) != SODNS_OPCODE_QUERY || !is_plain(q, r, &ttl))
		return false;
	*out = (struct assessment){.plain = NO_ERROR,
				   .type = NO_ERROR,
				   .kind = SUCCESS,
				   .answers = true,
				   .duration = within(c, SUCCESS, ttl)};
	out->cacheable = out->duration && !sodns_query_private(q) &&
			 !(sodns_reply_flags(r) & SODNS_TC) && !is_excepted(c, q, SUCCESS);
	return true;
}

struct assessment assess(const struct cache *c, sodns_query_t *q, sodns_reply_t *r)
{
	struct assessment a;
	if (assess_plain(c, q, r, &a))
		return a;
	if (!sodns_reply_open(r))
		return (struct assessment){.plain = META, .type = META};
	bool soa = authority_has(r, SODNS_TYPE_SOA);
	size_t count;
	a = (struct assessment){.plain = plain_type(q, r, soa), .answers = answers_question(q, r)};
	sodns_reply_sets(r, SODNS_ANSWER, &count);
	/* Aliases that end nowhere: with a SOA no data, without one nothing to keep (RFC 2308, 5). */
	bool nowhere = a.plain == NO_ERROR && count && !a.answers;
	a.type = nowhere && soa ? NO_DATA : a.plain;
	a.kind = a.type == NO_ERROR || a.type == DELEGATION ? SUCCESS : DENIAL;
	a.duration = duration_of(c, r, a.type);
	a.cacheable = a.type != META && a.type != OTHER_ERROR && !sodns_query_private(q) &&
		      !(sodns_reply_flags(r) & SODNS_TC) && (soa || a.type != NAME_ERROR) &&
		      (soa || !nowhere) && a.duration && !is_excepted(c, q, a.kind);
	return a;
}

bool refreshes(const struct cache *c, const struct assessment *a, const sodns_reply_t *r)
{
	int rcode = sodns_reply_rcode(r);
	if (sodns_reply_flags(r) & SODNS_TC)
		return false;
	if (c->prefer_positive)
		return a->type == NO_ERROR && a->answers;
	return a->plain != OTHER_ERROR && a->plain != META &&
	       (rcode == SODNS_NOERROR || rcode == SODNS_NXDOMAIN);
}
