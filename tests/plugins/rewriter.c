/*
 * A test plugin that decorates every reply, as nsid, header and loadbalance do: what it does to an
 * error must not show.
 */
#include <sodns/plugin.h>

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	static const uint8_t address[4] = {192, 0, 2, 1};
	sodns_reply_t *r = sodns_next(h, q);
	sodns_reply_add_option(r, 3, "me", 2);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_cap_ttl(r, 1);
	sodns_reply_add_record(r, SODNS_ADDITIONAL, sodns_query_name(q), SODNS_TYPE_A, 60, address,
			       4);
	return r;
}

static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "rewriter", .setup = setup, .serve_dns = serve);
