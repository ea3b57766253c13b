/*
 * One half of a connection, fed in pieces of any size to a session of the other side: of a server to a client
 * that has a few requests in flight, or of a client to a server that answers some at once, some later, some
 * in pieces, some never. Each stream ends once, and what is kept for them is bounded.
 *
 * The first byte is the size of the pieces, the second one how: bit 0: requests by GET; bit 1: one is given up on
 * the way; bit 2: a server; bit 3: HTTP/1.1; bits 4, 5: how a server answers; bit 6: what comes is taken late.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http/table.h"

#define REQUESTS 4u
#define ASKS_MAX 64u

struct state {
	bool known, heads, whole;
};

struct owner {
	unsigned how, open;
	size_t sent, untaken;
	sodns_http_session_t *session;
};

static void take_bytes(void *arg, const uint8_t *bytes, size_t len)
{
	struct owner *o = arg;
	volatile uint8_t last = bytes[len - 1];
	(void)last;
	o->sent += len;
}

static void answer(struct owner *o, sodns_http_stream_t *s)
{
	static const char body[5000];
	static const sodns_http_field_t fields[] = {{"content-type", "text/plain", 0, 0}};
	switch (o->how >> 4 & 3) {
	case 0:
		http_stream_answer(s, 200, fields, 1, body, sizeof(body));
		break;
	case 1:
		if (http_stream_begin(s, 200, fields, 1)) {
			http_stream_write(s, body, sizeof(body));
			http_stream_finish(s, fields, 1);
		}
		break;
	case 2:
		http_stream_reset(s, o->how & 1);
		break;
	default:
		break;
	}
}

static void on_head(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head)
{
	struct owner *o = arg;
	struct state *state = http_stream_state(s);
	for (size_t i = 0; i < head->field_count; i++)
		if (strlen(head->fields[i].name) != head->fields[i].name_len)
			abort();
	if (o->how & 4 && (state->known || !*head->target || !*head->method))
		abort();
	if (!(o->how & 4) && (!state->known || head->status < 100 || state->heads))
		abort();
	state->heads = head->status >= 200;
	o->open += !state->known;
	state->known = true;
	if (o->how & 4 && o->how & 2)
		answer(o, s);
}

static void on_data(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len)
{
	struct owner *o = arg;
	const struct state *state = http_stream_state(s);
	volatile uint8_t last = len ? bytes[len - 1] : 0;
	(void)last;
	if (!state->known || state->whole)
		abort();
	if (o->how & 64)
		o->untaken += len;
	else
		http_stream_taken(s, len);
}

static void on_end(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers)
{
	struct owner *o = arg;
	struct state *state = http_stream_state(s);
	if (!state->known || state->whole || (trailers && trailers->method))
		abort();
	state->whole = true;
	if (o->how & 4)
		answer(o, s);
}

static void on_closed(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		      const char *why)
{
	struct owner *o = arg;
	struct state *state = http_stream_state(s);
	(void)why;
	if (state->known && !o->open--)
		abort();
	if (how == SODNS_HTTP_DONE && !state->whole && !(o->how & 4))
		abort();
	*state = (struct state){0};
}

static const sodns_http_owner_t calls = {.size = sizeof(calls),
					 .send = take_bytes,
					 .head = on_head,
					 .data = on_data,
					 .end = on_end,
					 .closed = on_closed};

static void ask(struct owner *o)
{
	static const sodns_http_field_t fields[] = {{"accept", "application/dns-message", 0, 0}};
	const sodns_http_ask_t a = {.method = o->how & 1 ? "GET" : "POST",
				    .scheme = "https",
				    .authority = "192.0.2.1:443",
				    .target = "/dns-query",
				    .fields = fields,
				    .field_count = 1,
				    .body = o->how & 1 ? NULL : "message",
				    .len = o->how & 1 ? 0 : 7};
	sodns_http_stream_t *s = http_session_ask(o->session, &a);
	if (!s)
		return;
	o->open++;
	((struct state *)http_stream_state(s))->known = true;
}

static void look(struct owner *o, unsigned *asked)
{
	sodns_http_stream_t *first = http_session_next(o->session, NULL);
	if (http_session_held(o->session) > 2000000)
		abort();
	/* The server's end waits for its owner to answer. */
	if (http_session_waits(o->session))
		http_stream_answer(first, 200, NULL, 0, "x", 1);
	else if (first && o->how & 2 && !(o->how & 4))
		http_stream_reset(first, false);
	if (!(o->how & 4) && ++*asked < ASKS_MAX)
		ask(o);
}

static void converse(struct owner *o, const uint8_t *data, size_t len, size_t step)
{
	unsigned asked = 0;
	for (size_t at = 0, end = 0; at < len && !http_session_over(o->session);) {
		end = len - at < step ? len : at + step;
		/* A copy of just this, so that reading beyond it shows. */
		uint8_t *piece = malloc(end - at);
		if (!piece)
			abort();
		memcpy(piece, data + at, end - at);
		ptrdiff_t used = http_session_receive(o->session, piece, end - at);
		free(piece);
		if (used < 0 && !*http_session_why(o->session))
			abort();
		if (used < 0)
			return;
		if (used > (ptrdiff_t)(end - at) || (!used && !http_session_waits(o->session)))
			abort();
		at += (size_t)used;
		look(o, &asked);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	struct owner o = {.how = data[1]};
	const sodns_http_session_options_t options = {.size = sizeof(options),
						      .server = data[1] & 4,
						      .http2 = !(data[1] & 8),
						      .stream_size = sizeof(struct state),
						      .takes = true,
						      .head_max = 1000};
	o.session = http_session_new(&options, &calls, &o);
	if (!o.session)
		return 0;
	for (unsigned i = 0; i < REQUESTS && !options.server; i++)
		ask(&o);
	converse(&o, data + 2, len - 2, data[0] + 1u);
	if (data[1] & 128)
		http_session_closed(o.session);
	http_session_end(o.session);
	return 0;
}
