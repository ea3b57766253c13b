/*
 * file: answers from zones that were read from master files.
 */
#include "file.h"

static void drop_notify(sodns_query_t *q, const uint8_t *origin)
{
	char peer[SODNS_ADDRESS_TEXT_MAX], zone[SODNS_NAME_TEXT_MAX];
	sodns_address_to_text(sodns_query_peer(q), peer);
	sodns_name_to_text(origin, zone);
	sodns_log(SODNS_LOG_INFO, "file", "Dropping notify from %s for %s", peer, zone);
}

/* The zone next above a zone's own name, or NULL. */
static const struct served *find_parent(const struct file *f, const struct served *zone)
{
	const uint8_t *up = *zone->origin ? sodns_name_parent(zone->origin, 1) : NULL;
	const uint8_t *origin = up ? sodns_name_match(up, f->origins, f->count) : NULL;
	for (size_t i = 0; origin && i < f->count; i++)
		if (f->origins[i] == origin && sodns_zonefile_zone(f->zones[i].source))
			return &f->zones[i];
	return NULL;
}

/* Whether the reply is of a zone above the name: its DS records, or its SOA. */
static bool is_of_parent(sodns_reply_t *r, const uint8_t *name)
{
	size_t answers, count;
	sodns_reply_sets(r, SODNS_ANSWER, &answers);
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_AUTHORITY, &count);
	if (!(sodns_reply_flags(r) & SODNS_AA))
		return false;
	for (size_t i = 0; i < count; i++)
		if (sets[i].type == SODNS_TYPE_SOA)
			return !sodns_name_equal(sets[i].owner, name);
	return answers > 0;
}

sodns_reply_t *file_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct file *f = h->self;
	enum sodns_zone_result result;
	const struct served *zone = file_match(f, q);
	if (!zone)
		return sodns_has_next(h) ? sodns_next(h, q) : sodns_fail(q, SODNS_REFUSED, NULL);
	uint16_t type = sodns_query_type(q);
	bool apex = sodns_name_equal(sodns_query_name(q), zone->origin);
	if (type == SODNS_TYPE_AXFR || type == SODNS_TYPE_IXFR)
		return sodns_fail(q, apex ? SODNS_REFUSED : SODNS_NOTAUTH, NULL);
	if (type == SODNS_TYPE_DS && apex) {
		/* DS records live with the parent (RFC 4035, 3.1.4.1). */
		const struct served *parent = find_parent(f, zone);
		sodns_reply_t *r = !parent && f->others ? sodns_next(h, q) : NULL;
		if (r && is_of_parent(r, zone->origin))
			return r;
		zone = parent ? parent : zone;
	}
	if (sodns_query_opcode(q) == SODNS_OPCODE_NOTIFY) {
		drop_notify(q, zone->origin);
		return sodns_drop(q);
	}
	const sodns_zone_t *z = sodns_zonefile_zone(zone->source);
	if (!z)
		return sodns_fail(q, SODNS_SERVFAIL, NULL);
	sodns_reply_t *r = sodns_zone_answer(q, z, &result);
	if (!f->fallthrough.set || (result != SODNS_ZONE_NXDOMAIN && result != SODNS_ZONE_SUCCESS))
		return r;
	size_t answers;
	sodns_reply_sets(r, SODNS_ANSWER, &answers);
	return !answers && sodns_fallthrough_match(&f->fallthrough, sodns_query_name(q))
		       ? sodns_next(h, q)
		       : r;
}

const struct served *file_match(const struct file *f, const sodns_query_t *q)
{
	int i = sodns_query_match(q, f->origins, f->count);
	return i < 0 ? NULL : &f->zones[i];
}

void file_touch(void *self, const sodns_query_t *q, unsigned stage)
{
	const struct served *zone = file_match(self, q);
	const sodns_zone_t *z = zone ? sodns_zonefile_zone(zone->source) : NULL;
	if (z)
		sodns_zone_prefetch(z, q, stage);
}
