/*
 * any: the short answer of RFC 8482 to queries for type ANY.
 */
#include <sodns/plugin.h>

static const uint8_t hinfo[] = "\x0d"
			       "ANY obsoleted"
			       "\x0c"
			       "See RFC 8482";

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	if (sodns_query_type(q) != SODNS_TYPE_ANY)
		return sodns_next(h, q);
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_original_name(q), SODNS_TYPE_HINFO,
			       8482, hinfo, sizeof(hinfo) - 1);
	return r;
}

static const sodns_options_t options = {.repeats = SODNS_FIRST,
					.help = "answers queries for ANY shortly"};

static int setup(sodns_setup_t *s)
{
	return sodns_setup_read_all(s, NULL) ? SODNS_EINVAL : sodns_add_handler(s, NULL);
}

SODNS_PLUGIN(.name = "any", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve);
