/*
 * cancel: a deadline for queries. Waits end when it has passed; what comes of that late is not sent.
 */
#include <sodns/plugin.h>

struct cancel {
	uint64_t timeout; /* ns */
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct cancel *c = h->self;
	uint64_t end = sodns_query_received(q) + c->timeout;
	sodns_query_limit(q, end);
	sodns_reply_t *r = sodns_next(h, q);
	/* A plugin that answers in time is heard, however slow it is to notice. */
	return sodns_reply_kind(r) == SODNS_ERROR && sodns_now() >= end ? sodns_drop(q) : r;
}

static const sodns_option_t args[] = {
	{"TIMEOUT", SODNS_OPT_DURATION, SODNS_FIELD(struct cancel, timeout), .min = 1,
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "5001ms", .help = "the time that a query has",
	 .says = {.bad = "invalid duration: \"{}\"",
		  .low = "invalid negative duration: \"{}\" (it must be more than 0s)"}},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args), .help = "a deadline for queries"};

static int setup(sodns_setup_t *s)
{
	struct cancel *c = sodns_setup_alloc(s, sizeof(*c));
	return sodns_setup_read_all(s, c) ? SODNS_EINVAL : sodns_add_handler(s, c);
}

SODNS_PLUGIN(.name = "cancel", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
