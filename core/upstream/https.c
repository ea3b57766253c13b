/*
 * Asking over HTTPS (RFC 8484): the questions of a connection that speaks TLS are streams of HTTP/2.
 * The HTTP/2 is in a library that is opened with the first upstream of the kind.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/http_session.h>
#include <sodns/log.h>
#include <sodns/text.h>

#include "upstream/upstream.h"

#define HEADER_SIZE 12u
#define ANSWER_MAX 65535u
#define WINDOW (1u << 20)
#define PATH "/dns-query"
#define TYPE "application/dns-message"

/* A question; it lies in its stream. */
struct asked {
	uint16_t id;
	bool forgotten, whole;
	unsigned status;
	uint8_t *answer;
	size_t len, room;
};

bool https_load(void)
{
	char why[512];
	bool loaded = sodns_http_load(why, sizeof(why));
	if (!loaded)
		sodns_log(SODNS_LOG_ERROR, NULL, "%s", why);
	return loaded;
}

static void seal(void *arg, const uint8_t *bytes, size_t len)
{
	carrier_t *c = arg;
	if (sodns_tls_write(c->tls, bytes, len))
		c->broken = true;
}

static void give_up(sodns_exchange_t *x, const char *why)
{
	lane_t *l = own(x)->carrier->lane;
	snprintf(l->why, sizeof(l->why), "%s", why);
	x->error = EPROTO;
	exchange_note_local(x);
	exchange_unhang(x);
	exchange_done(x, SODNS_EIO);
}

/* A stream brings one answer: if its question is another, no right one comes behind it. */
static void take_answer(carrier_t *c, uint16_t id, uint8_t *message, size_t len)
{
	enum question question;
	message[0] = (uint8_t)(id >> 8);
	message[1] = (uint8_t)id;
	sodns_exchange_t *x = exchange_find(c, message, len, &question);
	if (x)
		exchange_receive(x, message, len,
				 question == QUESTION_SAME ? QUESTION_SAME : QUESTION_NONE);
	else if ((x = exchange_of(c, id)))
		give_up(x, "the answer is none");
}

/* What the server has not looked at is asked once more, elsewhere. */
static void take_refusal(carrier_t *c, uint16_t id, bool unseen, const char *why)
{
	sodns_exchange_t *x = exchange_of(c, id);
	if (!x)
		return;
	if (!unseen || own(x)->again) {
		give_up(x, why);
		return;
	}
	exchange_unhang(x);
	own(x)->again = true;
	upstream_send_stream(c->lane, x);
}

static void on_head(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head)
{
	struct asked *q = sodns_http_stream_state(s);
	(void)arg;
	q->status = head->status;
}

static bool append(struct asked *q, const uint8_t *bytes, size_t len)
{
	if (len > ANSWER_MAX - q->len)
		return false;
	if (q->len + len > q->room) {
		size_t room = 2 * q->room + len + 256;
		uint8_t *more = realloc(q->answer, room);
		if (!more)
			return false;
		q->answer = more;
		q->room = room;
	}
	memcpy(q->answer + q->len, bytes, len);
	q->len += len;
	return true;
}

static void on_data(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len)
{
	struct asked *q = sodns_http_stream_state(s);
	(void)arg;
	if (!q->forgotten && !append(q, bytes, len))
		sodns_http_stream_reset(s, false);
}

static void on_end(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers)
{
	struct asked *q = sodns_http_stream_state(s);
	(void)arg;
	(void)trailers;
	q->whole = true;
}

/* As with CoreDNS, a body that is a DNS message counts, whatever the status says. */
static void on_closed(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		      const char *why)
{
	struct asked *q = sodns_http_stream_state(s);
	char text[64];
	if (q->whole)
		snprintf(text, sizeof(text), "HTTP status %u and no DNS message", q->status);
	if (!q->forgotten && q->whole && q->len >= HEADER_SIZE)
		take_answer(arg, q->id, q->answer, q->len);
	else if (!q->forgotten)
		take_refusal(arg, q->id, how == SODNS_HTTP_UNSEEN, q->whole ? text : why);
	free(q->answer);
	q->answer = NULL;
}

bool https_begin(carrier_t *c)
{
	static const sodns_http_owner_t owner = {.size = sizeof(owner),
						 .send = seal,
						 .head = on_head,
						 .data = on_data,
						 .end = on_end,
						 .closed = on_closed};
	static const sodns_http_session_options_t options = {.size = sizeof(options),
							     .http2 = true,
							     .stream_size = sizeof(struct asked),
							     .window = WINDOW};
	return (c->http = sodns_http_session_new(&options, &owner, c));
}

/* The message goes with the id 0, for caches on the way (RFC 8484, 4.1). */
bool https_ask(carrier_t *c, const sodns_exchange_t *x)
{
	static const sodns_http_field_t fields[] = {{"accept", TYPE, 0, 0},
						    {"content-type", TYPE, 0, 0}};
	uint8_t message[QUERY_MAX];
	char authority[96], target[sizeof(PATH "?dns=") + SODNS_BASE64_ROOM(QUERY_MAX)] = PATH;
	bool get = https_gets(x);
	if (x->len < HEADER_SIZE || x->len > sizeof(message))
		return false;
	memcpy(message, x->query, x->len);
	message[0] = message[1] = 0;
	upstream_put_endpoint(authority, sizeof(authority), &c->lane->upstream->options.address);
	const size_t at = sizeof(PATH "?dns=") - 1;
	if (get) {
		memcpy(target, PATH "?dns=", at);
		sodns_base64url_encode(message, x->len, target + at, sizeof(target) - at);
	}
	const sodns_http_ask_t ask = {.method = get ? "GET" : "POST",
				      .scheme = "https",
				      .authority = authority,
				      .target = target,
				      .fields = fields,
				      .field_count = get ? 1 : 2,
				      .body = get ? NULL : message,
				      .len = get ? 0 : x->len};
	sodns_http_stream_t *s = sodns_http_session_ask(c->http, &ask);
	if (s)
		((struct asked *)sodns_http_stream_state(s))->id = own(x)->id;
	return s;
}

void https_forget(carrier_t *c, uint16_t id)
{
	sodns_http_stream_t *s = NULL;
	while ((s = sodns_http_session_next(c->http, s))) {
		struct asked *q = sodns_http_stream_state(s);
		if (q->id != id || q->forgotten)
			continue;
		q->forgotten = true;
		sodns_http_stream_reset(s, false);
		return;
	}
}

bool https_input(carrier_t *c, const uint8_t *bytes, size_t len)
{
	ptrdiff_t used = sodns_http_session_receive(c->http, bytes, len);
	c->last = sodns_now();
	if (used < 0)
		snprintf(c->lane->why, sizeof(c->lane->why), "%s", sodns_http_session_why(c->http));
	else if (!sodns_http_session_free(c->http) && !c->closed)
		carrier_retire(c);
	return used >= 0;
}

void https_end(carrier_t *c)
{
	sodns_http_stream_t *s = NULL;
	while (c->http && (s = sodns_http_session_next(c->http, s)))
		free(((struct asked *)sodns_http_stream_state(s))->answer);
	sodns_http_session_end(c->http);
}
