/*
 * bufsize: a ceiling for clients' EDNS sizes, so that answers are not fragmented.
 */
#include <sodns/plugin.h>

struct bufsize {
	uint16_t size;
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct bufsize *b = h->self;
	sodns_query_limit_size(q, b->size);
	return sodns_next(h, q);
}

static const sodns_option_t args[] = {
	{"SIZE", SODNS_OPT_NUMBER, SODNS_FIELD(struct bufsize, size), .min = 512, .max = 4096,
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "1232", .help = "the greatest EDNS size",
	 .says = {.bad = SODNS_SAYS_ARGS ": the size must be {range}",
		  .low = SODNS_SAYS_ARGS ": the size must be {range}"}},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.repeats = SODNS_FIRST,
					.help = "a ceiling for clients' EDNS sizes"};

static int setup(sodns_setup_t *s)
{
	struct bufsize *b = sodns_setup_alloc(s, sizeof(*b));
	return sodns_setup_read_all(s, b) ? SODNS_EINVAL : sodns_add_handler(s, b);
}

SODNS_PLUGIN(.name = "bufsize", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
