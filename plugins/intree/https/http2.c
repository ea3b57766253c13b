/*
 * HTTP/2, by nghttp2: many requests at once, answers in the order in which they are ready.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include <sodns/metrics.h>

#include "doh.h"

#define STREAMS_MAX 128u

struct http2 {
	nghttp2_session *session;
	sodns_conn_t *conn;
	struct request *first, **last; /* complete, and not handed over yet */
	struct request *open;          /* of all open streams */
	uint8_t message[MESSAGE_MAX];
};

/* The body of an answer while it leaves. */
struct body {
	size_t len, at;
	uint8_t bytes[];
};

static struct request *request_of(nghttp2_session *session, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(session, stream);
}

static void link_open(struct http2 *h, struct request *r)
{
	r->open_next = h->open;
	r->open_at = &h->open;
	if (r->open_next)
		r->open_next->open_at = &r->open_next;
	h->open = r;
}

static void unlink_open(struct request *r)
{
	*r->open_at = r->open_next;
	if (r->open_next)
		r->open_next->open_at = r->open_at;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct request *r = calloc(1, sizeof(*r));
	if (!r)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	r->stream = frame->hd.stream_id;
	link_open(arg, r);
	nghttp2_session_set_stream_user_data(session, r->stream, r);
	return 0;
}

static bool is(const uint8_t *text, size_t len, const char *what)
{
	return len == strlen(what) && !memcmp(text, what, len);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *arg)
{
	struct request *r = request_of(session, frame->hd.stream_id);
	(void)flags;
	(void)arg;
	if (!r)
		return 0;
	r->header_bytes += name_len + value_len;
	if (is(name, name_len, ":path")) {
		if (!request_append(&r->target, &r->target_len, &r->target_room, value, value_len,
				    TARGET_MAX))
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
		r->header_bytes -= value_len;
	} else if (is(name, name_len, ":method")) {
		r->post = is(value, value_len, "POST");
		r->other = !r->post && !is(value, value_len, "GET");
	}
	return r->header_bytes > HEADERS_MAX ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
		   size_t len, void *arg)
{
	struct request *r = request_of(session, stream);
	(void)flags;
	(void)arg;
	if (r && !request_append(&r->body, &r->body_len, &r->body_room, bytes, len, MESSAGE_MAX))
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream,
					  NGHTTP2_REFUSED_STREAM);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct http2 *h = arg;
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
	    (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	struct request *r = request_of(session, frame->hd.stream_id);
	if (r && !r->ended) {
		r->ended = true;
		*h->last = r;
		h->last = &r->next;
	}
	return 0;
}

/* A stream ends: with its answer, or because the client gave it up. */
static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
	struct http2 *h = arg;
	struct request *r = request_of(session, stream);
	(void)code;
	if (!r)
		return 0;
	for (struct request **at = &h->first; *at; at = &(*at)->next)
		if (*at == r) {
			*at = r->next;
			if (h->last == &r->next)
				h->last = at;
			break;
		}
	unlink_open(r);
	request_free(r);
	nghttp2_session_set_stream_user_data(session, stream, NULL);
	return 0;
}

/* A stream more than were offered is refused by nghttp2. */
static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int error, void *arg)
{
	(void)session;
	(void)arg;
	if (frame->hd.type == NGHTTP2_HEADERS && error == NGHTTP2_ERR_REFUSED_STREAM)
		sodns_limit_reached("http2 streams", 1);
	return 0;
}

static nghttp2_session *session_new(struct http2 *h)
{
	nghttp2_session_callbacks *calls;
	nghttp2_session *session = NULL;
	if (nghttp2_session_callbacks_new(&calls))
		return NULL;
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, on_invalid);
	if (nghttp2_session_server_new(&session, calls, h))
		session = NULL;
	nghttp2_session_callbacks_del(calls);
	return session;
}

/* What nghttp2 has to say goes to the connection. */
static bool send_out(struct http2 *h)
{
	const uint8_t *bytes;
	ssize_t n;
	while ((n = nghttp2_session_mem_send(h->session, &bytes)) > 0)
		sodns_conn_write(h->conn, bytes, (size_t)n);
	if (!n && !nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
		sodns_conn_finish(h->conn);
	return n >= 0;
}

struct http2 *http2_new(sodns_conn_t *c)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADERS_MAX + TARGET_MAX},
	};
	struct http2 *h = malloc(sizeof(*h));
	if (!h)
		return NULL;
	memset(h, 0, offsetof(struct http2, message));
	h->conn = c;
	h->last = &h->first;
	h->session = session_new(h);
	if (!h->session || nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, 2)) {
		http2_free(h);
		return NULL;
	}
	return h;
}

void http2_free(struct http2 *h)
{
	if (!h)
		return;
	nghttp2_session_del(h->session);
	/* nghttp2 closes its streams without saying so. */
	for (struct request *r = h->open, *next; r; r = next) {
		next = r->open_next;
		request_free(r);
	}
	free(h);
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size,
			 uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct body *b = source->ptr;
	size_t n = b->len - b->at < size ? b->len - b->at : size;
	(void)session;
	(void)stream;
	(void)arg;
	memcpy(out, b->bytes + b->at, n);
	b->at += n;
	if (b->at == b->len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
			    .value = (uint8_t *)(uintptr_t)value,
			    .namelen = strlen(name),
			    .valuelen = strlen(value)};
}

static void answer(struct http2 *h, struct request *r, const struct answer_head *a,
		   const void *bytes, size_t len)
{
	char status[8], length[16];
	snprintf(status, sizeof(status), "%u", a->status);
	snprintf(length, sizeof(length), "%zu", len);
	nghttp2_nv headers[] = {header(":status", status), header("content-type", a->type),
				header("content-length", length),
				header(*a->cache ? "cache-control" : "x-content-type-options",
				       *a->cache ? a->cache : "nosniff")};
	/* The request's buffers are no longer needed: the body takes their place. */
	struct body *b = malloc(sizeof(*b) + len);
	if (!b) {
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, r->stream,
					  NGHTTP2_INTERNAL_ERROR);
		return;
	}
	b->len = len;
	b->at = 0;
	memcpy(b->bytes, bytes, len);
	free(r->body);
	r->body = (char *)b;
	const nghttp2_data_provider provider = {.source = {.ptr = b}, .read_callback = read_body};
	nghttp2_submit_response(h->session, r->stream, headers, 4, &provider);
	count_answer(h->conn, a->status);
}

/* Hands complete requests over, as long as they are taken. */
static void hand_over(struct http2 *h)
{
	while (h->first) {
		struct request *r = h->first;
		unsigned status;
		const char *text;
		size_t len = request_message(r, h->message, &status, &text);
		if (len && !sodns_conn_query(h->conn, (uint64_t)r->stream, h->message, len))
			return;
		h->first = r->next;
		if (!h->first)
			h->last = &h->first;
		r->next = NULL;
		if (len)
			continue;
		const struct answer_head a = {.status = status,
					      .type = "text/plain; charset=utf-8"};
		answer(h, r, &a, text, strlen(text));
	}
}

ptrdiff_t http2_receive(struct http2 *h, const uint8_t *bytes, size_t len)
{
	ssize_t used = len ? nghttp2_session_mem_recv(h->session, bytes, len) : 0;
	if (used < 0)
		return -1;
	hand_over(h);
	return send_out(h) ? used : -1;
}

void http2_reply(struct http2 *h, uint64_t token, const uint8_t *message, size_t len)
{
	struct request *r = request_of(h->session, (int32_t)token);
	struct answer_head a;
	const char *text;
	if (!r)
		return;
	answer_head(message, len, &a, &text);
	answer(h, r, &a, text ? (const void *)text : message, text ? strlen(text) : len);
	send_out(h);
}
