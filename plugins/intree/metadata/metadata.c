/*
 * metadata: lets plugins tell each other what they know about a query.
 */
#include <sodns/plugin.h>
#include <sodns/server.h>

/* In the chain for readers of the chain: what it is for has been done before. */
static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	return sodns_next(h, q);
}

struct metadata {
	const uint8_t *const *zones;
	size_t zone_count;
};

static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct metadata, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "whose queries get metadata"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.repeats = SODNS_ONCE,
	.says = {.again = SODNS_SAYS_ARGS, .block = SODNS_SAYS_ARGS},
	.help = "lets plugins tell each other what they know about a query"};

static int setup(sodns_setup_t *s)
{
	struct metadata m = {0};
	if (sodns_setup_read_all(s, &m))
		return SODNS_EINVAL;
	sodns_server_metadata(s, m.zones, m.zone_count);
	return sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "metadata", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
