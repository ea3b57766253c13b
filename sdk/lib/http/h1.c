/*
 * Sessions of HTTP/1.1: one stream at a time. A server reads the next request when this one's response
 * has been given; what has come of it meanwhile waits with the owner of the connection.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodns/text.h>

/* Text in the making. */
struct text {
	char *bytes;
	size_t len, room;
	bool failed;
	char first[1024];
};

static void text_put(struct text *t, const void *bytes, size_t len)
{
	if (t->len + len > t->room) {
		size_t room = 2 * (t->len + len);
		char *more = realloc(t->bytes == t->first ? NULL : t->bytes, room);
		if (!more) {
			t->failed = true;
			return;
		}
		if (t->bytes == t->first)
			memcpy(more, t->first, t->len);
		t->bytes = more;
		t->room = room;
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void text_begin(struct text *t)
{
	t->bytes = t->first;
	t->room = sizeof(t->first);
	t->len = 0;
	t->failed = false;
}

static void put(struct text *t, const char *text)
{
	text_put(t, text, strlen(text));
}

static void put_field(struct text *t, const char *name, const char *value)
{
	put(t, name);
	put(t, ": ");
	put(t, value);
	put(t, "\r\n");
}

static void put_fields(struct text *t, const sodns_http_field_t *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_field(t, fields[i].name, fields[i].value);
}

static void put_length(struct text *t, size_t len)
{
	char digits[21];
	sodns_uint_to_text(len, digits);
	put_field(t, "Content-Length", digits);
}

static bool text_send(struct text *t, sodns_http_session_t *h)
{
	if (!t->failed && t->len)
		h->owner->send(h->arg, (const uint8_t *)t->bytes, t->len);
	if (t->bytes != t->first)
		free(t->bytes);
	return !t->failed;
}

bool http1_open(sodns_http_session_t *h)
{
	h->reader.response = !h->options.server;
	h->reader.limits.target = h->options.target_max;
	h->reader.limits.head = h->options.head_max;
	return true;
}

/* Both sides are whole, or never will be. Waits for the owner's call to return. */
static void settle(sodns_http_stream_t *s)
{
	sodns_http_session_t *h = s->session;
	/* A response that ends before its request ends the connection, and the other way round. */
	bool early = !h->options.server && s->heard && !s->said;
	if (!s->said && !early)
		return;
	if (!s->heard && h->options.server)
		h->over = true;
	else if (!s->heard)
		return;
	if (early || !h->reader.keeps || h->finishing)
		h->over = true;
	s->ended = true;
	if (!h->receiving)
		http_stream_close(s, SODNS_HTTP_DONE, NULL);
}

static bool may_keep(const sodns_http_stream_t *s)
{
	const sodns_http_session_t *h = s->session;
	return s->heard && h->reader.keeps && !h->finishing;
}

bool http1_answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		  size_t count, const void *body, ptrdiff_t len)
{
	sodns_http_session_t *h = s->session;
	struct text t;
	char first[64];
	bool old = h->reader.head.version == 10, keeps = may_keep(s);
	text_begin(&t);
	snprintf(first, sizeof(first), "HTTP/1.1 %u %s\r\n", status, http_reason(status));
	put(&t, first);
	put_fields(&t, fields, count);
	s->chunked = len < 0 && !old;
	if (len >= 0)
		put_length(&t, (size_t)len);
	else if (s->chunked)
		put_field(&t, "Transfer-Encoding", "chunked");
	if (len < 0 && old)
		keeps = h->reader.keeps = false;
	if (!keeps || old)
		put_field(&t, "Connection", keeps ? "keep-alive" : "close");
	put(&t, "\r\n");
	/* A long body is not copied once more to go with its head. */
	bool joined = len > 0 && !s->headless && (size_t)len <= t.room - t.len;
	if (joined)
		text_put(&t, body, (size_t)len);
	if (!text_send(&t, h))
		return false;
	if (len > 0 && !s->headless && !joined)
		h->owner->send(h->arg, body, (size_t)len);
	s->begun = true;
	s->said = len >= 0;
	if (!keeps)
		h->finishing = true;
	settle(s);
	return true;
}

bool http1_write(sodns_http_stream_t *s, const void *bytes, size_t len)
{
	sodns_http_session_t *h = s->session;
	char size[24];
	if (s->headless)
		return true;
	if (s->chunked) {
		int n = snprintf(size, sizeof(size), "%zx\r\n", len);
		h->owner->send(h->arg, (const uint8_t *)size, (size_t)n);
	}
	h->owner->send(h->arg, bytes, len);
	if (s->chunked)
		h->owner->send(h->arg, (const uint8_t *)"\r\n", 2);
	return true;
}

bool http1_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers, size_t count)
{
	struct text t;
	text_begin(&t);
	if (s->chunked && !s->headless) {
		put(&t, "0\r\n");
		put_fields(&t, trailers, count);
		put(&t, "\r\n");
	}
	if (!text_send(&t, s->session))
		return false;
	s->said = true;
	settle(s);
	return true;
}

sodns_http_stream_t *http1_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask)
{
	struct text t;
	sodns_http_stream_t *s = http_stream_new(h, ++h->last);
	if (!s)
		return NULL;
	text_begin(&t);
	put(&t, ask->method);
	put(&t, " ");
	put(&t, ask->target);
	put(&t, " HTTP/1.1\r\n");
	put_field(&t, "Host", ask->authority);
	put_fields(&t, ask->fields, ask->field_count);
	s->chunked = ask->more;
	if (ask->more)
		put_field(&t, "Transfer-Encoding", "chunked");
	else if (ask->len || !strcmp(ask->method, "POST") || !strcmp(ask->method, "PUT"))
		put_length(&t, ask->len);
	put(&t, "\r\n");
	if (!ask->more && ask->len)
		text_put(&t, ask->body, ask->len);
	s->begun = s->told = true;
	h->reader.no_body = !strcmp(ask->method, "HEAD");
	h->current = s;
	if (!text_send(&t, h)) {
		s->told = false;
		http_stream_close(s, SODNS_HTTP_BROKEN, NULL);
		return NULL;
	}
	s->said = !ask->more;
	if (ask->more && ask->len)
		http1_write(s, ask->body, ask->len);
	return s;
}

static void take_request(sodns_http_session_t *h)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const sodns_http_head_t *head = &h->reader.head;
	sodns_http_stream_t *s = http_stream_new(h, ++h->last);
	if (!s) {
		h->over = true;
		return;
	}
	h->current = s;
	s->headless = !strcmp(head->method, "HEAD");
	s->told = true;
	h->owner->head(h->arg, s, head);
	if (h->reader.expects && !head->end && !s->begun)
		h->owner->send(h->arg, (const uint8_t *)go_on, sizeof(go_on) - 1);
}

static void fail(sodns_http_session_t *h, const char *why)
{
	h->over = true;
	snprintf(h->why, sizeof(h->why), "%s", why);
}

static void take_response(sodns_http_session_t *h)
{
	sodns_http_stream_t *s = h->current;
	unsigned status = h->reader.head.status;
	if (!s || status == 101) {
		fail(h, s ? "the server changes to a protocol that was not asked for"
			  : "the server answers what was not asked");
		return;
	}
	s->interim = status < 200;
	h->owner->head(h->arg, s, &h->reader.head);
}

static void take_end(sodns_http_session_t *h)
{
	sodns_http_stream_t *s = h->current;
	if (!s || s->interim || s->ended)
		return;
	s->heard = true;
	if (h->owner->end)
		h->owner->end(h->arg, s, h->reader.trailers ? &h->reader.head : NULL);
	settle(s);
}

/* A server says so, naming itself; a client has nothing more to say. */
static void take_wrong(sodns_http_session_t *h)
{
	unsigned status = h->reader.status;
	snprintf(h->why, sizeof(h->why), "no HTTP: %s", h->reader.why);
	h->reader.keeps = false;
	h->finishing = true;
	if (h->options.server) {
		if (!h->current)
			h->current = http_stream_new(h, ++h->last);
		if (h->current)
			http_stream_refuse(h->current, status);
	}
	h->over = true;
}

static void take_event(sodns_http_session_t *h, enum http1_event e)
{
	sodns_http_stream_t *s = h->current;
	if (e == HTTP1_HEAD && h->options.server)
		take_request(h);
	else if (e == HTTP1_HEAD)
		take_response(h);
	else if (e == HTTP1_DATA && s && !s->ended && h->owner->data)
		h->owner->data(h->arg, s, h->reader.data, h->reader.data_len);
	else if (e == HTTP1_END)
		take_end(h);
	else if (e == HTTP1_WRONG)
		take_wrong(h);
}

/* What has ended in the owner's calls. */
static void bury(sodns_http_session_t *h)
{
	sodns_http_stream_t *s = h->current;
	h->receiving = false;
	if (s && s->ended)
		http_stream_close(s, s->heard ? SODNS_HTTP_DONE : SODNS_HTTP_RESET, NULL);
	else if (s && h->over)
		http_stream_close(s, SODNS_HTTP_BROKEN, h->why);
}

ptrdiff_t http1_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	enum http1_event e = HTTP1_DATA;
	while (e != HTTP1_MORE && !h->over &&
	       !(h->options.server && h->current && h->current->heard)) {
		h->receiving = true;
		e = http1_read(&h->reader, bytes, len, &at);
		take_event(h, e);
		bury(h);
	}
	if (h->over && *h->why && !h->options.server)
		return -1;
	return h->over ? (ptrdiff_t)len : (ptrdiff_t)at;
}

void http1_closed(sodns_http_session_t *h)
{
	if (h->over || h->options.server || !h->current)
		return;
	h->receiving = true;
	take_event(h, http1_read_end(&h->reader));
	bury(h);
}
