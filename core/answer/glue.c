/*
 * The additional section: addresses of names that the records of an answer or a referral point to.
 */
#include <string.h>

#include "message/rdata.h"
#include "answer/answer.h"

/* A and AAAA of a name in the zone; delegated names have theirs here too (glue). */
static void add_addresses(answer_t *a, const uint8_t *name)
{
	sodns_zone_match_t m;
	if (!sodns_zone_find(a->view, name, &m) || !m.node)
		return;
	answer_add(a, SODNS_ADDITIONAL, m.node, name, SODNS_TYPE_A);
	answer_add(a, SODNS_ADDITIONAL, m.node, name, SODNS_TYPE_AAAA);
}

void glue_servers(answer_t *a, const sodns_rrset_t *ns)
{
	const uint8_t *at = ns->data;
	uint16_t len;
	for (unsigned i = 0; i < ns->count; i++, at += len) {
		at = sodns_rdata(at, &len);
		if (rdata_name(at, len) && sodns_name_is_below(at, ns->owner))
			add_addresses(a, at);
	}
}

static bool seen(const uint8_t *const *names, size_t count, const uint8_t *name)
{
	for (size_t i = 0; i < count; i++)
		if (sodns_name_equal(names[i], name))
			return true;
	return false;
}

static void add_targets(answer_t *a, const sodns_rrset_t *set, size_t offset)
{
	const uint8_t **done = sodns_alloc(a->q, set->count * sizeof(*done)), *at = set->data;
	size_t count = 0;
	uint16_t len;
	for (unsigned i = 0; i < set->count; i++, at += len) {
		at = sodns_rdata(at, &len);
		const uint8_t *name = at + offset;
		/* The set may be another plugin's work. */
		if (len <= offset || !rdata_name(name, len - offset) ||
		    !sodns_name_is_below(name, a->zone->origin) || seen(done, count, name))
			continue;
		uint8_t *lower = sodns_alloc(a->q, SODNS_NAME_MAX);
		sodns_name_lower(name, lower);
		done[count++] = name;
		add_addresses(a, lower);
	}
}

static bool has_targets(uint16_t type)
{
	return type == SODNS_TYPE_MX || type == SODNS_TYPE_SRV || type == SODNS_TYPE_SVCB ||
	       type == SODNS_TYPE_HTTPS;
}

void glue_targets(answer_t *a)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(a->reply, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		if (has_targets(sets[i].type))
			add_targets(a, &sets[i], rdata_target(sets[i].type));
}
