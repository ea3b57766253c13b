/*
 * fallback: lets the chain answer first. Where that has no such name, or fails, it asks another
 * server and hands on what that one says.
 *
 *	fallback ADDRESS[:PORT]
 */
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/random.h>
#include <sodns/wait.h>

#define PATIENCE (1500 * SODNS_MS)
#define ANSWER_MAX 4096

struct fallback {
	sodns_address_t server;
};

static size_t put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return 2;
}

/* The question as a message of our own, with an id that nobody can guess (RFC 5452). */
static size_t write_query(sodns_query_t *q, uint8_t out[12 + SODNS_NAME_MAX + 4])
{
	const uint8_t *name = sodns_query_name(q);
	size_t n = sodns_name_length(name);
	memset(out, 0, 12);
	sodns_random_bytes(out, 2);
	put16(out + 2, SODNS_RD);
	put16(out + 4, 1);
	memcpy(out + 12, name, n);
	put16(out + 12 + n, sodns_query_type(q));
	put16(out + 12 + n + 2, sodns_query_class(q));
	return 12 + n + 4;
}

/* The other server's answer, or NULL. Other queries are served meanwhile. [may wait] */
static sodns_reply_t *ask(const struct fallback *f, sodns_query_t *q)
{
	uint8_t query[12 + SODNS_NAME_MAX + 4];
	uint8_t *answer = sodns_alloc(q, ANSWER_MAX);
	size_t len = write_query(q, query);
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
	size_t count;
	while (sodns_setup_next(s)) {
		const char *const *args = sodns_setup_args(s, &count);
		if (count != 1)
			return sodns_error_args(s);
		if (sodns_endpoint_from_text(args[0], 53, &f->server))
			return sodns_error(s, "not an IP address: '%s'", args[0]);
	}
	return sodns_add_handler(s, f);
}

SODNS_PLUGIN(.name = "fallback", .version = "0.1", .setup = setup, .serve_dns = serve);
