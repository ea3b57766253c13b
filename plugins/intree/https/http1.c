/*
 * HTTP/1.1: one request at a time, the next one is read when its answer is on the way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <http_parser.h>

#include "doh.h"

struct http1 {
	http_parser parser;
	struct request request;
	bool complete; /* request is whole, and waits to be handed over */
	bool waiting;  /* for the answer */
	bool keep;     /* the connection, behind it */
	bool failed;
	uint8_t message[MESSAGE_MAX];
};

static void reset(struct request *r)
{
	char *target = r->target, *body = r->body;
	size_t target_room = r->target_room, body_room = r->body_room;
	*r = (struct request){
		.target = target, .target_room = target_room, .body = body, .body_room = body_room};
}

static int on_begin(http_parser *p)
{
	struct http1 *h = p->data;
	reset(&h->request);
	return 0;
}

static int on_url(http_parser *p, const char *at, size_t len)
{
	struct request *r = &((struct http1 *)p->data)->request;
	return !request_append(&r->target, &r->target_len, &r->target_room, at, len, TARGET_MAX);
}

static int on_header(http_parser *p, const char *at, size_t len)
{
	struct request *r = &((struct http1 *)p->data)->request;
	(void)at;
	r->header_bytes += len;
	return r->header_bytes > HEADERS_MAX;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
	struct request *r = &((struct http1 *)p->data)->request;
	return !request_append(&r->body, &r->body_len, &r->body_room, at, len, MESSAGE_MAX);
}

static int on_complete(http_parser *p)
{
	struct http1 *h = p->data;
	h->complete = true;
	h->keep = http_should_keep_alive(p);
	h->request.post = p->method == HTTP_POST;
	h->request.other = p->method != HTTP_POST && p->method != HTTP_GET;
	http_parser_pause(p, 1);
	return 0;
}

struct http1 *http1_new(void)
{
	struct http1 *h = malloc(sizeof(*h));
	if (!h)
		return NULL;
	memset(h, 0, offsetof(struct http1, message));
	http_parser_init(&h->parser, HTTP_REQUEST);
	h->parser.data = h;
	return h;
}

void http1_free(struct http1 *h)
{
	if (!h)
		return;
	free(h->request.target);
	free(h->request.body);
	free(h);
}

static const char *reason(unsigned status)
{
	return status == 200   ? "OK"
	       : status == 400 ? "Bad Request"
	       : status == 404 ? "Not Found"
			       : "Internal Server Error";
}

static void write_answer(struct http1 *h, sodns_conn_t *c, const struct answer_head *a,
			 const void *body, size_t len)
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
	sodns_conn_write(c, (const uint8_t *)head, (size_t)n);
	sodns_conn_write(c, body, len);
	count_answer(c, a->status);
	if (!h->keep)
		sodns_conn_finish(c);
}

static void refuse(struct http1 *h, sodns_conn_t *c, unsigned status, const char *text)
{
	const struct answer_head a = {.status = status, .type = "text/plain; charset=utf-8"};
	h->complete = false;
	write_answer(h, c, &a, text, strlen(text));
}

/* Hands the whole request over. False: not now. */
static bool hand_over(struct http1 *h, sodns_conn_t *c)
{
	unsigned status;
	const char *text;
	size_t len = request_message(&h->request, h->message, &status, &text);
	if (!len) {
		refuse(h, c, status, text);
		return true;
	}
	if (!sodns_conn_query(c, 0, h->message, len))
		return false;
	h->complete = false;
	h->waiting = true;
	return true;
}

ptrdiff_t http1_receive(struct http1 *h, sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	static const http_parser_settings settings = {.on_message_begin = on_begin,
						      .on_url = on_url,
						      .on_header_field = on_header,
						      .on_header_value = on_header,
						      .on_body = on_body,
						      .on_message_complete = on_complete};
	size_t at = 0;
	for (;;) {
		if (h->complete && !hand_over(h, c))
			return (ptrdiff_t)at;
		if (h->waiting)
			sodns_conn_pause(c);
		if (h->waiting || at == len || !h->parser.data)
			return (ptrdiff_t)at;
		http_parser_pause(&h->parser, 0);
		at += http_parser_execute(&h->parser, &settings, (const char *)bytes + at,
					  len - at);
		enum http_errno failure = HTTP_PARSER_ERRNO(&h->parser);
		if (h->parser.upgrade || (failure != HPE_OK && failure != HPE_PAUSED)) {
			h->keep = false;
			refuse(h, c, 400, "400 Bad Request");
			return (ptrdiff_t)len;
		}
	}
}

void http1_reply(struct http1 *h, sodns_conn_t *c, const uint8_t *message, size_t len)
{
	struct answer_head a;
	const char *text;
	answer_head(message, len, &a, &text);
	h->waiting = false;
	write_answer(h, c, &a, text ? (const void *)text : message, text ? strlen(text) : len);
}
