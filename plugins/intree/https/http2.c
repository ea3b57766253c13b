/*
 * HTTP/2, by nghttp2: many requests at once, answers in the order in which they are ready.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <nghttp2/nghttp2.h>

#include <sodns/metrics.h>

#include "doh.h"

#define STREAMS_MAX 128u
/* Bytes of a connection's requests and answers: no more queries are begun, and no more is taken in;
 * and what it may have at most, when all answers have come. */
#define HELD_MAX 262144u
#define HELD_MOST (2 * HELD_MAX)

struct http2 {
	nghttp2_session *session;
	sodns_conn_t *conn;
	struct request *first, **last; /* complete, and not handed over yet */
	struct request *open;          /* of all open streams */
	size_t held;                   /* bytes of them all */
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

/* Counts what the request keeps; `answer`: bytes that have taken the place of its body. */
static void count_held(struct http2 *h, struct request *r, size_t answer)
{
	size_t now = sizeof(*r) + r->target_room + r->body_room + answer;
	h->held += now - r->held;
	r->held = now;
}

/* The stream is given up; the client may ask again. */
static void reset(struct http2 *h, const struct request *r, uint32_t why, const char *limit)
{
	sodns_limit_reached(limit, 1);
	nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, r->stream, why);
}

static uint64_t deadline_in(uint64_t length)
{
	return sodns_now() + length;
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
	struct http2 *h = arg;
	uint64_t read, write, idle;
	if (!r)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	r->stream = frame->hd.stream_id;
	sodns_conn_timeouts(h->conn, &read, &write, &idle);
	r->deadline = deadline_in(read);
	link_open(h, r);
	count_held(h, r, 0);
	nghttp2_session_set_stream_user_data(session, r->stream, r);
	return 0;
}

static bool is(const uint8_t *text, size_t len, const char *what)
{
	return len == strlen(what) && !memcmp(text, what, len);
}

static bool is_continue(const uint8_t *text, size_t len)
{
	static const char what[] = "100-continue";
	return len == sizeof(what) - 1 && !strncasecmp((const char *)text, what, len);
}

/* What a field says of the request. False: its target is too long. */
static bool take_header(struct request *r, const uint8_t *name, size_t name_len,
			const uint8_t *value, size_t value_len)
{
	if (is(name, name_len, ":path")) {
		r->header_bytes -= value_len;
		return request_append(&r->target, &r->target_len, &r->target_room, value, value_len,
				      TARGET_MAX);
	}
	if (is(name, name_len, ":method")) {
		r->post = is(value, value_len, "POST");
		r->head = is(value, value_len, "HEAD");
		r->other = !r->post && !is(value, value_len, "GET");
	} else if (is(name, name_len, "expect")) {
		r->expects = is_continue(value, value_len);
		r->wrong = r->expects ? r->wrong : 417;
	} else if (is(name, name_len, "content-length")) {
		/* nghttp2 has seen that it is a number. */
		if (value_len > 18 || strtoull((const char *)value, NULL, 10) > MESSAGE_MAX)
			r->wrong = 413;
	}
	return true;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *arg)
{
	struct request *r = request_of(session, frame->hd.stream_id);
	struct http2 *h = arg;
	(void)flags;
	if (!r)
		return 0;
	r->header_bytes += name_len + value_len;
	bool kept = take_header(r, name, name_len, value, value_len);
	count_held(h, r, 0);
	return kept && r->header_bytes <= HEADERS_MAX ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void refuse(struct http2 *h, struct request *r, unsigned status, const char *text);

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
		   size_t len, void *arg)
{
	struct request *r = request_of(session, stream);
	struct http2 *h = arg;
	(void)flags;
	if (!r || r->answered)
		return 0;
	if (r->body_len + len > MESSAGE_MAX)
		refuse(h, r, 413, refusal_text(413));
	else if (h->held + len > HELD_MAX ||
		 !request_append(&r->body, &r->body_len, &r->body_room, bytes, len, MESSAGE_MAX))
		reset(h, r, NGHTTP2_ENHANCE_YOUR_CALM, "http2 bytes");
	else
		count_held(h, r, 0);
	return 0;
}

/* The headers are there: the body may come, or need not (RFC 9110, 10.1.1). */
static void look_at_headers(struct http2 *h, struct request *r, bool has_body)
{
	static const nghttp2_nv go_on = {(uint8_t *)":status", (uint8_t *)"100", 7, 3,
					 NGHTTP2_NV_FLAG_NONE};
	if (r->wrong)
		refuse(h, r, r->wrong, refusal_text(r->wrong));
	else if (r->expects && has_body)
		nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, r->stream, NULL, &go_on, 1,
				       NULL);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct http2 *h = arg;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct request *r = request_of(session, frame->hd.stream_id);
	if (r && !r->answered && frame->hd.type == NGHTTP2_HEADERS &&
	    frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		look_at_headers(h, r, !end);
	if (r && end && !r->ended && !r->answered) {
		r->ended = true;
		r->deadline = 0;
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
	h->held -= r->held;
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
	sodns_conn_held(h->conn, h->held);
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
	struct http2 *h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->conn = c;
	h->last = &h->first;
	h->session = session_new(h);
	if (!h->session || nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, 2)) {
		http2_free(h);
		return NULL;
	}
	/* Who has come so far may take the time between two requests to the first. */
	sodns_conn_answered(c);
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

/* The answer's body takes the place of the request's buffers, which are no longer needed. */
static struct body *make_body(struct http2 *h, struct request *r, const void *bytes, size_t len)
{
	request_drop_buffers(r);
	struct body *b = h->held - r->held + len <= HELD_MOST ? malloc(sizeof(*b) + len) : NULL;
	if (!b)
		return NULL;
	b->len = len;
	b->at = 0;
	memcpy(b->bytes, bytes, len);
	r->body = (char *)b;
	count_held(h, r, sizeof(*b) + len);
	return b;
}

static void answer(struct http2 *h, struct request *r, const struct answer_head *a,
		   const void *bytes, size_t len)
{
	char status[8], length[16];
	uint64_t read, write, idle;
	snprintf(status, sizeof(status), "%u", a->status);
	snprintf(length, sizeof(length), "%zu", len);
	nghttp2_nv headers[] = {header(":status", status), header("content-type", a->type),
				header("content-length", length),
				header(*a->cache ? "cache-control" : "x-content-type-options",
				       *a->cache ? a->cache : "nosniff")};
	struct body *b = make_body(h, r, bytes, len);
	if (!b) {
		reset(h, r, NGHTTP2_ENHANCE_YOUR_CALM, "http2 bytes");
		return;
	}
	r->answered = true;
	sodns_conn_timeouts(h->conn, &read, &write, &idle);
	r->deadline = deadline_in(write);
	/* To HEAD goes the head alone (RFC 9110, 9.3.2). */
	const nghttp2_data_provider provider = {.source = {.ptr = b}, .read_callback = read_body};
	nghttp2_submit_response(h->session, r->stream, headers, 4, r->head ? NULL : &provider);
	count_answer(h->conn, a->status);
}

/* Without having asked. */
static void refuse(struct http2 *h, struct request *r, unsigned status, const char *text)
{
	const struct answer_head a = {.status = status, .type = "text/plain; charset=utf-8"};
	sodns_conn_answered(h->conn);
	answer(h, r, &a, text, strlen(text));
}

/* Hands complete requests over, as long as they are taken and answers leave. */
static void hand_over(struct http2 *h)
{
	static __thread uint8_t message[MESSAGE_MAX];
	while (h->first && h->held <= HELD_MAX) {
		struct request *r = h->first;
		unsigned status;
		const char *text;
		size_t len = request_message(r, message, &status, &text);
		if (len && !sodns_conn_query(h->conn, (uint64_t)r->stream, message, len))
			return;
		h->first = r->next;
		if (!h->first)
			h->last = &h->first;
		r->next = NULL;
		if (!len) {
			refuse(h, r, status, text);
			continue;
		}
		request_drop_buffers(r);
		count_held(h, r, 0);
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

int http2_tick(struct http2 *h, uint64_t now)
{
	for (struct request *r = h->open; r; r = r->open_next)
		if (r->deadline && now > r->deadline) {
			r->deadline = 0;
			reset(h, r, NGHTTP2_CANCEL, "slow http2 streams");
		}
	return send_out(h) ? 0 : -1;
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
