/*
 * A test plugin with nothing to do: what a link of the chain costs.
 */
#include <sodns/plugin.h>

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	return sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s))
		sodns_add_handler(s, NULL);
	return 0;
}

SODNS_PLUGIN(.name = "pass", .setup = setup, .serve_dns = serve);
