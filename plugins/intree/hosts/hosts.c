/*
 * hosts: answers A, AAAA and PTR from the tables of a hosts file and of the Corefile.
 */
#include "hosts.h"

/* What the two tables know about the name asked. */
struct known {
	const struct entry *entries[2];
};

/* The name itself, else a wildcard one label above. */
static const struct entry *look_up(const struct table *t, const sodns_query_t *q)
{
	const uint8_t *name = sodns_query_name(q);
	if (!t)
		return NULL;
	const struct entry *e = table_find(t, sodns_query_name_hash(q, 0), name, false);
	if ((e && (e->sets[SET_A].count || e->sets[SET_AAAA].count)) || !t->wilds ||
	    sodns_query_name_labels(q) < 2)
		return e;
	const struct entry *wild = table_find(t, sodns_query_name_hash(q, 1),
					      sodns_name_parent(name, 1), true);
	return wild ? wild : e;
}

static bool add_sets(const struct hosts *h, const struct known *k, sodns_query_t *q,
		     sodns_reply_t *r, int set)
{
	static const uint16_t types[SETS] = {SODNS_TYPE_A, SODNS_TYPE_AAAA, SODNS_TYPE_PTR};
	bool any = false;
	for (int i = 0; i < 2; i++) {
		const struct entry *e = k->entries[i];
		if (!e || !e->sets[set].count)
			continue;
		const sodns_rrset_t rr = {.owner = sodns_query_name(q),
					  .type = types[set],
					  .rclass = SODNS_CLASS_IN,
					  .ttl = h->ttl,
					  .count = e->sets[set].count,
					  .data = e->sets[set].data,
					  .data_len = e->sets[set].len};
		if (r)
			sodns_reply_add(r, SODNS_ANSWER, &rr);
		any = true;
	}
	return any;
}

static int set_of(uint16_t type)
{
	return type == SODNS_TYPE_A      ? SET_A
	       : type == SODNS_TYPE_AAAA ? SET_AAAA
	       : type == SODNS_TYPE_PTR  ? SET_PTR
					 : SETS;
}

sodns_reply_t *hosts_serve(const sodns_handler_t *handler, sodns_query_t *q)
{
	const struct hosts *h = handler->self;
	int set = set_of(sodns_query_type(q));
	if (set != SET_PTR && sodns_query_match(q, h->zones, h->zone_count) < 0)
		return sodns_next(handler, q);
	bool falls = sodns_fallthrough_match(&h->fallthrough, sodns_query_name(q));
	if (set == SETS && h->fallthrough_unsupported && falls)
		return sodns_next(handler, q);
	const struct known k = {{look_up(sodns_follow_reach(h->file), q), look_up(h->lines, q)}};
	if (set == SET_PTR && !add_sets(h, &k, q, NULL, SET_PTR))
		return sodns_next(handler, q);
	if (set != SET_PTR && !add_sets(h, &k, q, NULL, SET_A) &&
	    !add_sets(h, &k, q, NULL, SET_AAAA))
		return falls ? sodns_next(handler, q) : sodns_fail(q, SODNS_SERVFAIL, NULL);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	if (set != SETS)
		add_sets(h, &k, q, r, set);
	return r;
}
