/*
 * header: sets and clears header bits of queries on their way down and of replies on their way up.
 */
#include <sodns/plugin.h>

struct flags {
	uint16_t set, clear;
	/* the rule that is read */
	bool clears;
	uint8_t *named;
	size_t count;
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

/* A later rule for the same bit wins. */
static int apply(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	static const uint16_t bits[] = {SODNS_AA, SODNS_RA, SODNS_RD};
	struct flags *f = to;
	(void)s;
	(void)o;
	(void)word;
	for (size_t i = 0; i < f->count; i++) {
		uint16_t bit = bits[f->named[i]];
		f->set = (uint16_t)(f->clears ? f->set & ~bit : f->set | bit);
		f->clear = (uint16_t)(f->clears ? f->clear | bit : f->clear & ~bit);
	}
	return SODNS_OK;
}

static const char *const actions[] = {"set", "clear"};
static const char *const flags[] = {"aa", "ra", "rd"};
static const sodns_option_t rule[] = {
	{"ACTION", SODNS_OPT_WORD, SODNS_FIELD(struct flags, clears), .words = SODNS_WORDS(actions),
	 .flags = SODNS_OPT_ANY_CASE,
	 .says = {.missing = "setting up rule: no flag action provided",
		  .bad = "setting up rule: unknown flag action={}, should be set or clear"}},
	{"FLAGS", SODNS_OPT_WORD, SODNS_LIST(struct flags, named, count),
	 .words = SODNS_WORDS(flags), .flags = SODNS_OPT_ANY_CASE, .form = "FLAGS...",
	 .says = {.missing = "setting up rule: invalid length for flags, at least one should be "
			     "provided",
		  .bad = "setting up rule: unknown/unsupported flag={} (aa, ra or rd)"}},
};
static const sodns_option_t properties[] = {
	{"query", SODNS_OPT_GROUP, SODNS_FIELD(struct header, query), .args = SODNS_ROWS(rule),
	 .flags = SODNS_OPT_ANY_CASE, .check = apply, .help = "of queries on their way down"},
	{"response", SODNS_OPT_GROUP, SODNS_FIELD(struct header, response),
	 .args = SODNS_ROWS(rule), .flags = SODNS_OPT_ANY_CASE, .check = apply,
	 .help = "of replies on their way up"},
};
static const sodns_option_t args[] = {
	{"WORDS", SODNS_OPT_IGNORED, .help = "passed over, as by CoreDNS"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_FIRST,
	.says = {.unknown = "setting up rule: invalid selector={} should be query or response",
		 .empty = SODNS_SAYS_ARGS},
	.help = "sets and clears bits of the header",
};

static int setup(sodns_setup_t *s)
{
	struct header *c = sodns_setup_alloc(s, sizeof(*c));
	return sodns_setup_read_all(s, c) ? SODNS_EINVAL : sodns_add_handler(s, c);
}

SODNS_PLUGIN(.name = "header", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
