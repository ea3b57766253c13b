/*
 * header: sets and clears header bits of queries on their way down and of replies on their way up.
 */
#include <string.h>
#include <strings.h>

#include <sodns/plugin.h>

struct flags {
	uint16_t set, clear;
};

struct header {
	struct flags query, response;
};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct header *c = h->self;
	sodns_query_t *down = q;
	if (c->query.set | c->query.clear) {
		down = sodns_query_derive(q);
		uint16_t flags = sodns_query_flags(q);
		sodns_query_set_flags(down, (uint16_t)((flags & ~c->query.clear) | c->query.set));
	}
	sodns_reply_t *r = sodns_next(h, down);
	if (c->response.set | c->response.clear)
		sodns_reply_set_flags(r, c->response.set, c->response.clear);
	return r;
}

static uint16_t flag_of(const char *text)
{
	return !strcasecmp(text, "aa")   ? SODNS_AA
	       : !strcasecmp(text, "ra") ? SODNS_RA
	       : !strcasecmp(text, "rd") ? SODNS_RD
					 : 0;
}

/* "query set rd": a later rule for the same bit wins. */
static int read_rule(sodns_setup_t *s, struct header *c)
{
	const char *selector = sodns_setup_value(s);
	bool query = !strcasecmp(selector, "query");
	size_t count;
	if (!query && strcasecmp(selector, "response"))
		return sodns_error(
			s, "setting up rule: invalid selector=%s should be query or response",
			selector);
	struct flags *f = query ? &c->query : &c->response;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error(s, "setting up rule: no flag action provided");
	if (count < 2)
		return sodns_error(s, "setting up rule: invalid length for flags, at least one "
				      "should be provided");
	bool set = !strcasecmp(args[0], "set");
	if (!set && strcasecmp(args[0], "clear"))
		return sodns_error(
			s, "setting up rule: unknown flag action=%s, should be set or clear",
			args[0]);
	for (size_t i = 1; i < count; i++) {
		uint16_t bit = flag_of(args[i]);
		if (!bit)
			return sodns_error(
				s, "setting up rule: unknown/unsupported flag=%s (aa, ra or rd)",
				args[i]);
		f->set = (uint16_t)(set ? f->set | bit : f->set & ~bit);
		f->clear = (uint16_t)(set ? f->clear & ~bit : f->clear | bit);
	}
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct header *c = sodns_setup_alloc(s, sizeof(*c));
	bool any = false;
	while (!any && sodns_setup_next(s))
		for (; sodns_setup_block(s); any = true) {
			int rc = read_rule(s, c);
			if (rc)
				return rc;
		}
	return any ? sodns_add_handler(s, c) : sodns_error_args(s);
}

SODNS_PLUGIN(.name = "header", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve);
