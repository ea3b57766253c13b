/*
 * minimal: answers without authority and additional records, where a client does not need them.
 */
#include <sodns/plugin.h>

/* An answer to the question: not a denial, an error or a referral, which are nothing without their
 * authority section. */
static bool is_success(sodns_query_t *q, sodns_reply_t *r)
{
	size_t answers, count;
	uint16_t type = sodns_query_type(q);
	if (sodns_query_opcode(q) != SODNS_OPCODE_QUERY || type == SODNS_TYPE_AXFR ||
	    type == SODNS_TYPE_IXFR || sodns_reply_rcode(r) != SODNS_NOERROR)
		return false;
	sodns_reply_sets(r, SODNS_ANSWER, &answers);
	const sodns_rrset_t *sets = sodns_reply_sets(r, SODNS_AUTHORITY, &count);
	for (size_t i = 0; !answers && i < count; i++)
		if (sets[i].type == SODNS_TYPE_SOA || sets[i].type == SODNS_TYPE_NS)
			return false;
	return true;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	sodns_reply_t *r = sodns_next(h, q);
	enum sodns_reply_kind kind = sodns_reply_kind(r);
	if (kind == SODNS_ERROR || kind == SODNS_DROP || !is_success(q, r))
		return r;
	sodns_reply_clear(r, SODNS_AUTHORITY);
	sodns_reply_clear(r, SODNS_ADDITIONAL);
	return r;
}

static const sodns_options_t options = {
	.repeats = SODNS_FIRST, .help = "leaves out the sections that a client does not need"};

static int setup(sodns_setup_t *s)
{
	return sodns_setup_read_all(s, NULL) ? SODNS_EINVAL : sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "minimal", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
