/*
 * The way up: what the rules that were applied have noted is done to the reply's records, the last
 * rule's first.
 */
#include <stdio.h>
#include <string.h>

#include "rewrite.h"

/* How many bytes of RDATA stand in front of the name that can be rewritten, in SRV, MX, CNAME, NS,
 * DNAME, NAPTR, SOA and PTR; false: it has none. */
static bool name_offset(uint16_t type, const uint8_t *rdata, size_t len, size_t *at)
{
	*at = 0;
	switch (type) {
	case SODNS_TYPE_CNAME:
	case SODNS_TYPE_NS:
	case SODNS_TYPE_DNAME:
	case SODNS_TYPE_PTR:
	case SODNS_TYPE_SOA:
		return true;
	case SODNS_TYPE_MX:
		*at = 2;
		return true;
	case SODNS_TYPE_SRV:
		*at = 6;
		return true;
	case SODNS_TYPE_NAPTR:
		*at = 4;
		for (int i = 0; i < 3 && *at < len; i++)
			*at += rdata[*at] + 1u;
		return true;
	default:
		return false;
	}
}

/* Bytes of the name at `at`, 0 if the RDATA ends before it does. */
static size_t name_size(const uint8_t *rdata, size_t len, size_t at)
{
	size_t begin = at;
	while (at < len && rdata[at] && rdata[at] < 64)
		at += rdata[at] + 1u;
	return at < len && !rdata[at] && at + 1 - begin <= SODNS_NAME_MAX ? at + 1 - begin : 0;
}

static bool ends_in(const char *text, size_t len, const char *end, size_t end_len)
{
	return len >= end_len && !memcmp(text + len - end_len, end, end_len);
}

/* The text that a rule makes of one; false: it stays. */
static bool new_text(const struct response *r, const char *text, size_t len, char out[TEXT_MAX])
{
	sodns_span_t groups[GROUPS_MAX] = {{0}};
	if (r->kind == RESPONSE_REGEX)
		return sodns_regex_match(r->regex, text, len, groups, GROUPS_MAX) > 0 &&
		       replacement_fill(r->replacement, groups, out);
	size_t from = strlen(r->from), to = strlen(r->to);
	if (!ends_in(text, len, r->from, from))
		return false;
	size_t kept = len - from;
	/* A remapped name ends where a label does. */
	if (r->kind == RESPONSE_REMAP && kept && text[kept - 1] != '.')
		return false;
	if (kept + to >= TEXT_MAX)
		return false;
	memcpy(out, text, kept);
	memcpy(out + kept, r->to, to + 1);
	return true;
}

/* The name after the rule, in the arena; NULL: it stays. */
static const uint8_t *new_name(sodns_query_t *q, const struct response *r, const uint8_t *name)
{
	char text[TEXT_MAX], changed[TEXT_MAX];
	uint8_t wire[SODNS_NAME_MAX];
	size_t len = sodns_name_to_text(name, text);
	if (!new_text(r, text, len, changed))
		return NULL;
	int n = sodns_name_from_text(changed, NULL, wire);
	if (n < 0)
		return NULL;
	uint8_t *out = sodns_alloc(q, (size_t)n);
	memcpy(out, wire, (size_t)n);
	return out;
}

/* One record with its name rewritten, behind its length; returns what follows. RDATA that comes from
 * elsewhere may be broken: that stays as it is. */
static uint8_t *rewrite_value(sodns_query_t *q, const struct response *r, uint16_t type,
			      const uint8_t *rdata, uint16_t len, uint8_t *out)
{
	size_t offset, old;
	const uint8_t *name = NULL;
	if (name_offset(type, rdata, len, &offset) && (old = name_size(rdata, len, offset)))
		name = new_name(q, r, rdata + offset);
	size_t now = name ? sodns_name_length(name) : 0;
	size_t total = name ? len - old + now : len;
	if (total > UINT16_MAX)
		name = NULL;
	total = name ? total : len;
	out[0] = (uint8_t)(total >> 8);
	out[1] = (uint8_t)total;
	if (!name)
		return (uint8_t *)memcpy(out + 2, rdata, len) + len;
	memcpy(out + 2, rdata, offset);
	memcpy(out + 2 + offset, name, now);
	memcpy(out + 2 + offset + now, rdata + offset + old, len - offset - old);
	return out + 2 + total;
}

/* The set's data with the names in them rewritten, one record after the other. */
static void rewrite_values(sodns_query_t *q, const struct response *r, sodns_rrset_t *set)
{
	size_t ignored;
	if (!set->count || !name_offset(set->type, set->data, 0, &ignored))
		return;
	const uint8_t *data = set->data;
	uint8_t *out = sodns_alloc(q, set->data_len + (size_t)set->count * SODNS_NAME_MAX);
	uint8_t *at = out;
	for (unsigned i = 0; i < set->count; i++) {
		uint16_t len;
		const uint8_t *rdata = sodns_rdata(data, &len);
		at = rewrite_value(q, r, set->type, rdata, len, at);
		data = rdata + len;
	}
	set->data = out;
	set->data_len = (uint32_t)(at - out);
}

static void rewrite_set(sodns_query_t *q, const struct response *r, sodns_rrset_t *set)
{
	if (r->kind == RESPONSE_TTL) {
		set->ttl = set->ttl < r->min ? r->min : set->ttl > r->max ? r->max : set->ttl;
		return;
	}
	const uint8_t *owner = r->names ? new_name(q, r, set->owner) : NULL;
	if (owner)
		set->owner = owner;
	if (r->values)
		rewrite_values(q, r, set);
}

/* The target that a cname rule makes of one, as text; false: it stays. */
static bool new_target(const struct rule *rule, const char *text, size_t len, char out[TEXT_MAX])
{
	sodns_span_t groups[GROUPS_MAX] = {{0}};
	const struct match *m = &rule->match;
	if (!match_text(m, text, len, groups))
		return false;
	if (m->kind == MATCH_EXACT)
		return snprintf(out, TEXT_MAX, "%s", rule->to) < TEXT_MAX;
	return name_text(rule, text, len, groups, out) > 0;
}

static bool is_no_alias(void *arg, const sodns_rrset_t *set)
{
	(void)arg;
	return set->type != SODNS_TYPE_CNAME;
}

/* Leads an alias elsewhere: its target is looked up, and the answer is the aliases so far and what
 * was found. */
static void redirect(struct passage *p, const struct response *r, sodns_reply_t *reply)
{
	char text[TEXT_MAX], to[TEXT_MAX];
	uint8_t name[SODNS_NAME_MAX];
	size_t count, found;
	sodns_rrset_t *set = sodns_reply_sets(reply, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++) {
		if (set[i].type != SODNS_TYPE_CNAME)
			continue;
		size_t len = sodns_name_to_text(set[i].data + 2, text);
		int n = new_target(r->cname, text, len, to) ? sodns_name_from_text(to, NULL, name)
							    : -1;
		if (n < 0)
			continue;
		sodns_reply_t *up = sodns_ask(p->q, name, sodns_query_type(p->q));
		if (sodns_reply_kind(up) == SODNS_DROP)
			return;
		set = sodns_reply_sets(reply, SODNS_ANSWER, &count);
		uint8_t *data = sodns_alloc(p->q, (size_t)n + 2);
		data[0] = 0;
		data[1] = (uint8_t)n;
		memcpy(data + 2, name, (size_t)n);
		set[i].data = data;
		set[i].data_len = (uint32_t)n + 2;
		set[i].count = 1;
		for (size_t k = i + 1; k < count; k++)
			set[k].type = 0;
		sodns_reply_filter(reply, SODNS_ANSWER, is_no_alias, NULL);
		const sodns_rrset_t *more = sodns_reply_sets(up, SODNS_ANSWER, &found);
		for (size_t k = 0; k < found; k++)
			sodns_reply_add(reply, SODNS_ANSWER, &more[k]);
		sodns_reply_set_flags(reply, sodns_reply_flags(up) & SODNS_TC,
				      (uint16_t)(~sodns_reply_flags(up) & SODNS_TC));
		return;
	}
}

/* Of an error there is a new one, with the same text for the log. */
static sodns_reply_t *change_rcode(struct passage *p, const struct response *r,
				   sodns_reply_t *reply)
{
	if (sodns_reply_rcode(reply) != r->old)
		return reply;
	if (sodns_reply_kind(reply) == SODNS_ERROR) {
		const char *text = sodns_reply_error(reply);
		return sodns_fail(p->q, r->new_, text ? "%s" : NULL, text);
	}
	sodns_reply_set_rcode(reply, r->new_);
	return reply;
}

sodns_reply_t *responses_apply(struct passage *p, sodns_reply_t *reply)
{
	size_t count;
	for (size_t i = p->noted_count; i-- > 0;) {
		const struct response *r = p->noted[i];
		if (r->kind == RESPONSE_RCODE) {
			reply = change_rcode(p, r, reply);
			continue;
		}
		if (r->kind == RESPONSE_CNAME) {
			redirect(p, r, reply);
			continue;
		}
		for (int section = SODNS_ANSWER; section <= SODNS_ADDITIONAL; section++) {
			sodns_rrset_t *set = sodns_reply_sets(reply, (enum sodns_section)section,
							      &count);
			for (size_t k = 0; k < count; k++)
				rewrite_set(p->q, r, &set[k]);
		}
	}
	return reply;
}
