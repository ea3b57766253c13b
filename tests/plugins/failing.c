/*
 * A test plugin that has only errors to give.
 */
#include <sodns/plugin.h>

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	(void)h;
	if (*sodns_query_name(q) == 4)
		return sodns_drop(q);
	return sodns_fail(q, SODNS_SERVFAIL, "this always fails: %s", "indeed");
}

static int setup(sodns_setup_t *s)
{
	sodns_setup_next(s);
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "failing", .setup = setup, .serve_dns = serve);
