/*
 * auto: answers from the zones that there are at the moment.
 */
#include "auto.h"

static const sodns_zonefile_t *match(const struct automatic *a, const sodns_query_t *q)
{
	const struct table *t = sodns_reach(&a->zones->table);
	if (!t || sodns_query_match(q, a->origins, a->origin_count) < 0)
		return NULL;
	return table_match(t, q);
}

sodns_reply_t *auto_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	enum sodns_zone_result result;
	uint16_t type = sodns_query_type(q);
	const sodns_zonefile_t *f = match(h->self, q);
	if (!f)
		return sodns_has_next(h) ? sodns_next(h, q) : sodns_fail(q, SODNS_REFUSED, NULL);
	if (type == SODNS_TYPE_AXFR || type == SODNS_TYPE_IXFR) {
		bool apex = sodns_name_equal(sodns_query_name(q), sodns_zonefile_origin(f));
		return sodns_fail(q, apex ? SODNS_REFUSED : SODNS_NOTAUTH, NULL);
	}
	const sodns_zone_t *z = sodns_zonefile_zone(f);
	return z ? sodns_zone_answer(q, z, &result) : sodns_fail(q, SODNS_SERVFAIL, NULL);
}

void auto_touch(void *self, const sodns_query_t *q, unsigned stage)
{
	const sodns_zonefile_t *f = match(self, q);
	const sodns_zone_t *z = f ? sodns_zonefile_zone(f) : NULL;
	if (z)
		sodns_zone_prefetch(z, q, stage);
}
