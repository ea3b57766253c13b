/*
 * HTTP/1.1: one request at a time, the next one is read when its answer is on the way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "doh.h"

/* As much as matters of a header's name or value; len is that of all of it. */
struct word {
	char text[16];
	size_t len;
};

struct http1 {
	sodns_conn_t *conn;
	http_parser parser;
	struct request request;
	bool complete;           /* request is whole, and waits to be handed over */
	bool waiting;            /* for the answer */
	bool keep;               /* the connection, behind it */
	unsigned wrong;          /* status for what can't be read on; 0: 400 */
	struct word name, value; /* of the header that is read */
	bool valued;             /* its value has begun */
};

static void reset(struct request *r)
{
	request_drop_buffers(r);
	*r = (struct request){0};
}

static int on_begin(http_parser *p)
{
	struct http1 *h = p->data;
	uint64_t read, write, idle;
	reset(&h->request);
	sodns_conn_timeouts(h->conn, &read, &write, &idle);
	h->request.deadline = sodns_now() + read;
	return 0;
}

static int fail(struct http1 *h, unsigned status)
{
	h->wrong = status;
	return -1;
}

static int on_url(http_parser *p, const char *at, size_t len)
{
	struct http1 *h = p->data;
	struct request *r = &h->request;
	bool kept = request_append(&r->target, &r->target_len, &r->target_room, at, len,
				   TARGET_MAX);
	return kept ? 0 : fail(h, 431);
}

static int count_header(struct http1 *h, size_t len)
{
	h->request.header_bytes += len;
	return h->request.header_bytes > HEADERS_MAX ? fail(h, 431) : 0;
}

static void word_add(struct word *w, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++, w->len++)
		if (w->len < sizeof(w->text))
			w->text[w->len] = at[i];
}

static bool word_is(const struct word *w, const char *what)
{
	return w->len == strlen(what) && !strncasecmp(w->text, what, w->len);
}

/* A header is whole when the next one begins, or the body. */
static void take_header(struct http1 *h)
{
	bool expect = word_is(&h->name, "expect");
	if (expect && word_is(&h->value, "100-continue"))
		h->request.expects = true;
	else if (expect)
		h->request.wrong = 417;
	h->name.len = h->value.len = 0;
	h->valued = false;
}

static int on_header_name(http_parser *p, const char *at, size_t len)
{
	struct http1 *h = p->data;
	if (h->valued)
		take_header(h);
	word_add(&h->name, at, len);
	return count_header(h, len);
}

static int on_header_value(http_parser *p, const char *at, size_t len)
{
	struct http1 *h = p->data;
	h->valued = true;
	word_add(&h->value, at, len);
	return count_header(h, len);
}

/* Before the body: what is too long is refused before it comes (RFC 9110, 10.1.1). */
static int on_headers(http_parser *p)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http1 *h = p->data;
	bool has_body = p->flags & F_CHUNKED || (p->flags & F_CONTENTLENGTH && p->content_length);
	take_header(h);
	h->request.head = p->method == HTTP_HEAD;
	if (p->flags & F_CONTENTLENGTH && p->content_length > MESSAGE_MAX)
		return fail(h, 413);
	if (p->http_major == 1 && p->http_minor == 0)
		return 0;
	if (h->request.wrong)
		return fail(h, h->request.wrong);
	if (h->request.expects && has_body)
		sodns_conn_write(h->conn, (const uint8_t *)go_on, sizeof(go_on) - 1);
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
	struct http1 *h = p->data;
	struct request *r = &h->request;
	bool kept = request_append(&r->body, &r->body_len, &r->body_room, at, len, MESSAGE_MAX);
	return kept ? 0 : fail(h, 413);
}

static int on_complete(http_parser *p)
{
	struct http1 *h = p->data;
	h->complete = true;
	h->request.deadline = 0;
	h->keep = http_should_keep_alive(p);
	h->request.post = p->method == HTTP_POST;
	h->request.other = p->method != HTTP_POST && p->method != HTTP_GET;
	http_parser_pause(p, 1);
	return 0;
}

struct http1 *http1_new(sodns_conn_t *c)
{
	struct http1 *h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->conn = c;
	http_parser_init(&h->parser, HTTP_REQUEST);
	h->parser.data = h;
	return h;
}

void http1_free(struct http1 *h)
{
	if (!h)
		return;
	request_drop_buffers(&h->request);
	free(h);
}

static const char *reason(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 413:
		return "Content Too Large";
	case 417:
		return "Expectation Failed";
	case 431:
		return "Request Header Fields Too Large";
	}
	return "Internal Server Error";
}

/* To HEAD goes the head alone (RFC 9110, 9.3.2). */
static void write_answer(struct http1 *h, const struct answer_head *a, const void *body, size_t len)
{
	char head[512];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n", a->status,
			 reason(a->status), a->type);
	if (*a->cache)
		n += snprintf(head + n, sizeof(head) - (size_t)n, "Cache-Control: %s\r\n",
			      a->cache);
	n += snprintf(head + n, sizeof(head) - (size_t)n, "%s%sContent-Length: %zu\r\n\r\n",
		      a->status == 200 ? "" : "X-Content-Type-Options: nosniff\r\n",
		      h->keep ? "" : "Connection: close\r\n", len);
	sodns_conn_write(h->conn, (const uint8_t *)head, (size_t)n);
	if (!h->request.head)
		sodns_conn_write(h->conn, body, len);
	count_answer(h->conn, a->status);
	if (!h->keep)
		sodns_conn_finish(h->conn);
}

static void refuse(struct http1 *h, unsigned status, const char *text)
{
	const struct answer_head a = {.status = status, .type = "text/plain; charset=utf-8"};
	h->complete = false;
	h->request.deadline = 0;
	sodns_conn_answered(h->conn);
	write_answer(h, &a, text, strlen(text));
}

/* Hands the whole request over. False: not now. */
static bool hand_over(struct http1 *h)
{
	static __thread uint8_t message[MESSAGE_MAX];
	unsigned status;
	const char *text;
	size_t len = request_message(&h->request, message, &status, &text);
	if (!len) {
		refuse(h, status, text);
		return true;
	}
	if (!sodns_conn_query(h->conn, 0, message, len))
		return false;
	request_drop_buffers(&h->request);
	h->complete = false;
	h->waiting = true;
	return true;
}

static ptrdiff_t read_requests(struct http1 *h, const uint8_t *bytes, size_t len)
{
	static const http_parser_settings settings = {.on_message_begin = on_begin,
						      .on_url = on_url,
						      .on_header_field = on_header_name,
						      .on_header_value = on_header_value,
						      .on_headers_complete = on_headers,
						      .on_body = on_body,
						      .on_message_complete = on_complete};
	size_t at = 0;
	for (;;) {
		if (h->complete && !hand_over(h))
			return (ptrdiff_t)at;
		if (h->waiting)
			sodns_conn_pause(h->conn);
		if (h->waiting || at == len || !h->parser.data)
			return (ptrdiff_t)at;
		http_parser_pause(&h->parser, 0);
		at += http_parser_execute(&h->parser, &settings, (const char *)bytes + at,
					  len - at);
		enum http_errno failure = HTTP_PARSER_ERRNO(&h->parser);
		if (h->parser.upgrade || (failure != HPE_OK && failure != HPE_PAUSED)) {
			unsigned status = failure == HPE_HEADER_OVERFLOW ? 431
					  : h->wrong                     ? h->wrong
									 : 400;
			h->keep = false;
			refuse(h, status, refusal_text(status));
			return (ptrdiff_t)len;
		}
	}
}

ptrdiff_t http1_receive(struct http1 *h, const uint8_t *bytes, size_t len)
{
	ptrdiff_t used = read_requests(h, bytes, len);
	sodns_conn_held(h->conn, h->request.target_room + h->request.body_room);
	return used;
}

int http1_tick(const struct http1 *h, uint64_t now)
{
	return h->request.deadline && now > h->request.deadline ? -1 : 0;
}

void http1_reply(struct http1 *h, const uint8_t *message, size_t len)
{
	struct answer_head a;
	const char *text;
	answer_head(message, len, &a, &text);
	h->waiting = false;
	write_answer(h, &a, text ? (const void *)text : message, text ? strlen(text) : len);
}
