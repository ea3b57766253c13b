/*
 * metadata: lets plugins tell each other what they know about a query.
 */
#include <sodns/plugin.h>
#include <sodns/server.h>

/* In the chain for those who look at it: what it is for has been done before. */
static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	return sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	size_t count;
	sodns_setup_next(s);
	const uint8_t *const *zones = sodns_setup_zone_args(s, &count);
	if (!zones)
		return SODNS_EINVAL;
	if (sodns_setup_block(s) || sodns_setup_next(s))
		return sodns_error_args(s);
	sodns_server_metadata(s, zones, count);
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "metadata", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve);
