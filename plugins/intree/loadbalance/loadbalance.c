/*
 * loadbalance: reorders what the next plugin answered.
 */
#include "loadbalance.h"

sodns_reply_t *loadbalance_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct loadbalance *l = h->self;
	uint16_t type = sodns_query_type(q);
	sodns_reply_t *r = sodns_next(h, q);
	enum sodns_reply_kind kind = sodns_reply_kind(r);
	if ((kind != SODNS_RECORDS && kind != SODNS_WIRE) ||
	    sodns_reply_rcode(r) != SODNS_NOERROR || type == SODNS_TYPE_AXFR ||
	    type == SODNS_TYPE_IXFR)
		return r;
	if (!l->weighted) {
		for (int i = SODNS_ANSWER; i <= SODNS_ADDITIONAL; i++)
			order_round_robin(q, r, (enum sodns_section)i);
	} else if (type == SODNS_TYPE_A || type == SODNS_TYPE_AAAA || type == SODNS_TYPE_SRV) {
		const struct weights *w = sodns_follow_reach(l->weights);
		order_weighted(w, q, r, SODNS_ANSWER);
		order_weighted(w, q, r, SODNS_ADDITIONAL);
	}
	if (l->prefer_count) {
		order_prefer(l, q, r, SODNS_ANSWER);
		order_prefer(l, q, r, SODNS_ADDITIONAL);
	}
	return r;
}
