/*
 * cancel: a deadline for queries. Waits end when it has passed; what comes of that late is not sent.
 */
#include <sodns/plugin.h>

#define DEFAULT_NS 5001000000

struct cancel {
	uint64_t timeout; /* ns */
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct cancel *c = h->self;
	uint64_t end = sodns_query_received(q) + c->timeout;
	sodns_query_limit(q, end);
	sodns_reply_t *r = sodns_next(h, q);
	/* Who answers in time is heard, however slow he is to notice. */
	return sodns_reply_kind(r) == SODNS_ERROR && sodns_now() >= end ? sodns_drop(q) : r;
}

static int setup(sodns_setup_t *s)
{
	struct cancel *c = sodns_setup_alloc(s, sizeof(*c));
	int64_t ns = DEFAULT_NS;
	size_t count;
	while (sodns_setup_next(s)) {
		const char *const *args = sodns_setup_args(s, &count);
		if (count > 1)
			return sodns_error_args(s);
		if (count && sodns_duration_from_text(args[0], &ns))
			return sodns_error(s, "invalid duration: \"%s\"", args[0]);
		if (ns <= 0)
			return sodns_error(
				s, "invalid negative duration: \"%s\" (it must be more than 0s)",
				args[0]);
	}
	c->timeout = (uint64_t)ns;
	return sodns_add_handler(s, c);
}

SODNS_PLUGIN(.name = "cancel", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve);
