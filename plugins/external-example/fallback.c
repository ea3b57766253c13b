/*
 * fallback: lets the chain answer first. Where that has no such name, or fails, it asks another
 * server and hands on what that one says.
 *
 *	fallback ADDRESS[:PORT]
 */
#include <sodns/message.h>
#include <sodns/plugin.h>
#include <sodns/wait.h>

#define PATIENCE (1500 * SODNS_MS)
#define ANSWER_MAX 4096

struct fallback {
	sodns_address_t server;
};

static const sodns_option_t args[] = {
	{"ADDRESS", SODNS_OPT_ENDPOINT, SODNS_FIELD(struct fallback, server), .min = 53,
	 .help = "of the server that is asked"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.repeats = SODNS_ONCE,
	.help = "asks another server where the chain has no answer"};

/* The other server's answer, or NULL. Other queries are served meanwhile. [may wait] */
static sodns_reply_t *ask(const struct fallback *f, sodns_query_t *q)
{
	uint8_t query[SODNS_MESSAGE_QUERY_MAX];
	uint8_t *answer = sodns_alloc(q, ANSWER_MAX);
	size_t len = sodns_message_query(query, SODNS_RD, sodns_query_name(q), sodns_query_type(q),
					 sodns_query_class(q));
	int n = sodns_exchange_udp(&f->server, query, len, answer, ANSWER_MAX, PATIENCE);
	if (n >= 12 && answer[2] & SODNS_TC >> 8)
		n = sodns_exchange_tcp(&f->server, query, len, answer, ANSWER_MAX, PATIENCE);
	return n < 0 ? NULL : sodns_reply_parse(q, answer, (size_t)n);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	sodns_reply_t *ours = sodns_next(h, q);
	int rcode = sodns_reply_rcode(ours);
	if (sodns_reply_kind(ours) == SODNS_DROP ||
	    (rcode != SODNS_NXDOMAIN && rcode != SODNS_SERVFAIL && rcode != SODNS_REFUSED))
		return ours;
	sodns_reply_t *theirs = ask(h->self, q);
	return theirs ? theirs : ours;
}

static int setup(sodns_setup_t *s)
{
	struct fallback *f = sodns_setup_alloc(s, sizeof(*f));
	if (sodns_setup_read_all(s, f))
		return SODNS_EINVAL;
	return sodns_add_handler(s, f);
}

SODNS_PLUGIN(.name = "fallback", .version = "0.1", .setup = setup, .options = &options,
	     .serve_dns = serve);
