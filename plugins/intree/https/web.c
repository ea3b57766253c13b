/*
 * The requests of a connection, of both versions of HTTP: answers in the order in which they are ready.
 * HTTP/1.1 has one request at a time, HTTP/2 many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>

#include "doh.h"

#define STREAMS_MAX 128u
/* Bytes of a connection's requests and answers: no more queries are begun, and no more is taken in;
 * and what it may have at most, when all answers have come. */
#define HELD_MAX 262144u
#define HELD_MOST (2 * HELD_MAX)

static size_t held(const struct web *w)
{
	return w->held + sodns_http_session_held(w->session);
}

/* The stream is given up; the client may ask again. */
static void reset(sodns_http_stream_t *s, bool busy, const char *limit)
{
	sodns_limit_reached(limit, 1);
	sodns_http_stream_reset(s, busy);
}

static uint64_t deadline_in(uint64_t length)
{
	return sodns_now() + length;
}

static uint64_t read_deadline(const struct web *w)
{
	uint64_t read, write, idle;
	sodns_conn_timeouts(w->conn, &read, &write, &idle);
	return deadline_in(read);
}

static void drop_message(struct web *w, struct request *r)
{
	w->held -= r->room;
	request_clear(r);
}

/* The stream may be gone when this returns. */
static void answer(struct web *w, sodns_http_stream_t *s, const struct answer_head *a,
		   const void *bytes, size_t len)
{
	struct request *r = sodns_http_stream_state(s);
	uint64_t read, write, idle;
	sodns_http_field_t fields[] = {{"content-type", a->type, 12, 0},
				       {"x-content-type-options", "nosniff", 22, 7}};
	if (*a->cache)
		fields[1] = (sodns_http_field_t){"cache-control", a->cache, 13, 0};
	drop_message(w, r);
	if (held(w) + len > HELD_MOST) {
		reset(s, true, "http2 bytes");
		return;
	}
	sodns_conn_timeouts(w->conn, &read, &write, &idle);
	r->deadline = deadline_in(write);
	if (sodns_http_stream_answer(s, a->status, fields, 2, bytes, len))
		count_answer(w->conn, a->status);
	else
		reset(s, true, "http2 bytes");
}

/* Without having asked. */
static void refuse(struct web *w, sodns_http_stream_t *s, unsigned status, const char *text)
{
	const struct answer_head a = {.status = status, .type = "text/plain; charset=utf-8"};
	sodns_conn_answered(w->conn);
	answer(w, s, &a, text, strlen(text));
}

static void on_send(void *arg, const uint8_t *bytes, size_t len)
{
	sodns_conn_write(((struct web *)arg)->conn, bytes, len);
}

static void on_head(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head)
{
	struct web *w = arg;
	struct request *r = sodns_http_stream_state(s);
	if (w->http2)
		r->deadline = read_deadline(w);
	if (head->length > (int64_t)MESSAGE_MAX) {
		refuse(w, s, 413, refusal_text(413));
		return;
	}
	request_begin(r, head);
	w->held += r->room;
}

static void on_data(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len)
{
	struct web *w = arg;
	struct request *r = sodns_http_stream_state(s);
	if (r->received + len > MESSAGE_MAX) {
		refuse(w, s, 413, refusal_text(413));
		return;
	}
	w->held -= r->room;
	bool kept = held(w) + r->room + len <= HELD_MAX && request_append(r, bytes, len);
	w->held += r->room;
	if (!kept)
		reset(s, true, "http2 bytes");
}

static void on_end(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers)
{
	struct web *w = arg;
	struct request *r = sodns_http_stream_state(s);
	(void)trailers;
	w->deadline = 0;
	r->deadline = 0;
	r->queued = true;
	*w->last = r;
	w->last = &r->next;
}

static void unqueue(struct web *w, struct request *r)
{
	struct request **at = &w->first;
	if (!r->queued)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (w->last == &r->next)
		w->last = at;
	r->next = NULL;
	r->queued = false;
}

static void on_closed(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		      const char *why)
{
	struct request *r = sodns_http_stream_state(s);
	(void)how;
	(void)why;
	unqueue(arg, r);
	drop_message(arg, r);
}

static void on_refused(void *arg, sodns_http_stream_t *s, unsigned status)
{
	refuse(arg, s, status, status == 400 ? "400 Bad Request" : refusal_text(status));
}

bool web_open(struct web *w, sodns_conn_t *c, bool http2)
{
	static const sodns_http_owner_t owner = {.size = sizeof(owner),
						 .send = on_send,
						 .head = on_head,
						 .data = on_data,
						 .end = on_end,
						 .closed = on_closed,
						 .refused = on_refused};
	const sodns_http_session_options_t options = {.size = sizeof(options),
						      .server = true,
						      .http2 = http2,
						      .stream_size = sizeof(struct request),
						      .streams_max = STREAMS_MAX,
						      .target_max = TARGET_MAX,
						      .head_max = HEADERS_MAX};
	*w = (struct web){.conn = c, .http2 = http2};
	w->last = &w->first;
	w->session = sodns_http_session_new(&options, &owner, w);
	/* A client that has come so far with HTTP/2 may take the time between two requests to the first. */
	if (http2)
		sodns_conn_answered(c);
	return w->session;
}

void web_close(struct web *w)
{
	for (sodns_http_stream_t *s = NULL;
	     w->session && (s = sodns_http_session_next(w->session, s));)
		request_clear(sodns_http_stream_state(s));
	sodns_http_session_end(w->session);
	*w = (struct web){0};
}

/* Hands requests over, as long as they are taken and answers leave. */
static void hand_all_over(struct web *w)
{
	while (w->first && held(w) <= HELD_MAX) {
		struct request *r = w->first;
		if (!request_is_query(r)) {
			unqueue(w, r);
			refuse(w, sodns_http_stream_of(r), r->wrong, refusal_text(r->wrong));
			continue;
		}
		uint64_t id = sodns_http_stream_id(sodns_http_stream_of(r));
		if (!sodns_conn_query(w->conn, id, r->message, r->len))
			return;
		unqueue(w, r);
		drop_message(w, r);
	}
}

/* Where the connection stands after whatever has happened. */
static void look(struct web *w)
{
	bool within = sodns_http_session_within(w->session);
	sodns_conn_held(w->conn, held(w));
	if (within && !w->deadline)
		w->deadline = read_deadline(w);
	else if (!within)
		w->deadline = 0;
	if (sodns_http_session_over(w->session))
		sodns_conn_finish(w->conn);
	else if (sodns_http_session_waits(w->session) && !w->first)
		sodns_conn_pause(w->conn);
}

ptrdiff_t web_receive(struct web *w, const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	ptrdiff_t used;
	do {
		used = sodns_http_session_receive(w->session, bytes + at, len - at);
		at += used > 0 ? (size_t)used : 0;
		hand_all_over(w);
	} while (used > 0 && at < len && !sodns_http_session_waits(w->session));
	look(w);
	return used < 0 ? -1 : (ptrdiff_t)at;
}

int web_tick(struct web *w, uint64_t now)
{
	sodns_http_stream_t *s = NULL;
	if (w->deadline && now > w->deadline)
		return -1;
	while (w->http2 && (s = sodns_http_session_next(w->session, s))) {
		struct request *r = sodns_http_stream_state(s);
		if (!r->deadline || now <= r->deadline)
			continue;
		r->deadline = 0;
		reset(s, false, "slow http2 streams");
		/* It is gone, and perhaps its neighbours. */
		s = NULL;
	}
	look(w);
	return 0;
}

void web_reply(struct web *w, uint64_t token, const uint8_t *message, size_t len)
{
	sodns_http_stream_t *s = sodns_http_session_stream(w->session, token);
	struct answer_head a;
	const char *text;
	if (!s)
		return;
	answer_head(message, len, &a, &text);
	answer(w, s, &a, text ? (const void *)text : message, text ? strlen(text) : len);
	look(w);
}
