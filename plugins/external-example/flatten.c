/*
 * flatten: addresses of another name in a place where an alias may not stand, as at a zone's apex
 * (RFC 1034, 3.6.2; RFC 2181, 10.1).
 *
 *	flatten NAME TARGET
 *
 * A and AAAA of NAME are those of TARGET, whatever serves it. What else there is at NAME is answered by
 * the rest of the chain. The cache, which stands in front, keeps the answers.
 */
#include <sodns/plugin.h>

struct flatten {
	const uint8_t *name, *target;
};

static const sodns_option_t args[] = {
	{"NAME", SODNS_OPT_NAME, SODNS_FIELD(struct flatten, name), .help = "that is asked for"},
	{"TARGET", SODNS_OPT_NAME, SODNS_FIELD(struct flatten, target),
	 .help = "that has addresses"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.repeats = SODNS_EACH,
					.help = "gives a name the addresses of another"};

/* The addresses at the end of the target's aliases; they live as long as the shortest of all lives.
 * NULL: there are none. */
static sodns_reply_t *flat(sodns_query_t *q, sodns_reply_t *theirs)
{
	size_t count;
	const sodns_rrset_t *sets = sodns_reply_sets(theirs, SODNS_ANSWER, &count);
	uint16_t type = sodns_query_type(q);
	sodns_reply_t *r = sodns_reply(q);
	uint32_t ttl = UINT32_MAX;
	bool any = false;
	for (size_t i = 0; i < count; i++)
		if ((sets[i].type == type || sets[i].type == SODNS_TYPE_CNAME) && sets[i].ttl < ttl)
			ttl = sets[i].ttl;
	for (size_t i = 0; i < count; i++) {
		sodns_rrset_t set = sets[i];
		if (set.type != type)
			continue;
		set.owner = sodns_query_name(q);
		set.ttl = ttl;
		sodns_reply_add(r, SODNS_ANSWER, &set);
		any = true;
	}
	sodns_reply_set_flags(r, SODNS_AA, 0);
	return any ? r : NULL;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct flatten *f = h->self;
	uint16_t type = sodns_query_type(q);
	if ((type != SODNS_TYPE_A && type != SODNS_TYPE_AAAA) ||
	    !sodns_name_equal(sodns_query_name(q), f->name))
		return sodns_next(h, q);
	sodns_reply_t *theirs = sodns_ask(q, f->target, type);
	int rcode = sodns_reply_rcode(theirs);
	if (sodns_reply_kind(theirs) == SODNS_DROP ||
	    (rcode != SODNS_NOERROR && rcode != SODNS_NXDOMAIN))
		return sodns_fail(q, SODNS_SERVFAIL, "the target of the name can't be resolved");
	sodns_reply_t *r = flat(q, theirs);
	/* The zone says that there are none, with its SOA. */
	return r ? r : sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s)) {
		struct flatten *f = sodns_setup_alloc(s, sizeof(*f));
		if (sodns_setup_read(s, f))
			return SODNS_EINVAL;
		if (sodns_name_equal(f->name, f->target))
			return sodns_error(s, "a name can't be its own target");
		sodns_add_handler(s, f);
	}
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "flatten", .version = "0.1", .setup = setup, .options = &options,
	     .serve_dns = serve);
