/*
 * Sessions of HTTP/2, by nghttp2: frames, header compression, windows and priorities are its business,
 * and most of what a peer may do wrong.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodns/metrics.h>
#include <sodns/text.h>

#define NV_MAX 64u

static sodns_http_stream_t *stream_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

/* What nghttp2 has to say, a few frames together: each call of the owner may be a record of TLS. Not from
 * its own calls, where it forbids that; the end of receive() sends what was put off. */
static bool flush(sodns_http_session_t *h)
{
	uint8_t out[4096];
	size_t len = 0;
	const uint8_t *bytes;
	ssize_t n;
	if (h->receiving)
		return true;
	while ((n = nghttp2_session_mem_send(h->h2, &bytes)) > 0) {
		size_t more = (size_t)n;
		if (len && len + more > sizeof(out)) {
			h->owner->send(h->arg, out, len);
			len = 0;
		}
		if (more > sizeof(out)) {
			h->owner->send(h->arg, bytes, more);
			continue;
		}
		memcpy(out + len, bytes, more);
		len += more;
	}
	if (len)
		h->owner->send(h->arg, out, len);
	if (n < 0) {
		h->over = true;
		snprintf(h->why, sizeof(h->why), "HTTP/2: %s", nghttp2_strerror((int)n));
	}
	return !n;
}

void http2_head_drop(sodns_http_session_t *h)
{
	struct http2_head *in = h->in;
	if (!in)
		return;
	for (size_t i = 0; i < in->text_count; i++)
		nghttp2_rcbuf_decref(in->texts[i]);
	in->text_count = in->field_count = 0;
}

static void head_begin(struct http2_head *in)
{
	in->head = (sodns_http_head_t){
		.version = 20, .length = -1, .authority = "", .fields = in->fields};
	in->bytes = 0;
	in->expects = false;
	in->wrong = 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	sodns_http_session_t *h = arg;
	sodns_http_stream_t *s;
	http2_head_drop(h);
	head_begin(h->in);
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s = http_stream_new(h, (uint64_t)frame->hd.stream_id);
	if (!s)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, s);
	return 0;
}

static const char *keep_text(struct http2_head *in, nghttp2_rcbuf *text)
{
	nghttp2_rcbuf_incref(text);
	in->texts[in->text_count++] = text;
	return (const char *)nghttp2_rcbuf_get_buf(text).base;
}

static bool is(nghttp2_vec text, const char *what, size_t len)
{
	return text.len == len && !memcmp(text.base, what, len);
}
#define IS(text, what) is(text, what, sizeof(what) - 1)

/* A pseudo-field (RFC 9113, 8.3); each stands once, and nghttp2 has seen to it. */
static void take_pseudo(const sodns_http_session_t *h, sodns_http_stream_t *s, nghttp2_vec name,
			nghttp2_rcbuf *value)
{
	struct http2_head *in = h->in;
	if (IS(name, ":path")) {
		if (nghttp2_rcbuf_get_buf(value).len > h->options.target_max)
			in->wrong = 431;
		in->head.target = keep_text(in, value);
	} else if (IS(name, ":method")) {
		in->head.method = keep_text(in, value);
		s->headless = !strcmp(in->head.method, "HEAD");
	} else if (IS(name, ":authority")) {
		in->head.authority = keep_text(in, value);
	} else if (IS(name, ":status")) {
		/* nghttp2 lets through three digits only. */
		in->head.status = (unsigned)strtoul((const char *)nghttp2_rcbuf_get_buf(value).base,
						    NULL, 10);
	}
}

static void look_at_field(struct http2_head *in, const sodns_http_field_t *f)
{
	if (f->name_len == 14 && !memcmp(f->name, "content-length", 14)) {
		/* nghttp2 has seen that it is a number. */
		in->head.length = f->value_len > 18 ? INT64_MAX : strtoll(f->value, NULL, 10);
	} else if (f->name_len == 4 && !memcmp(f->name, "host", 4)) {
		if (!*in->head.authority)
			in->head.authority = f->value;
	} else if (f->name_len == 6 && !memcmp(f->name, "expect", 6)) {
		in->expects = !strcasecmp(f->value, "100-continue");
		if (!in->expects)
			in->wrong = 417;
	}
}

/* What is too much is not kept, but read on: the compression has a memory of it. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
		     nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
	sodns_http_session_t *h = arg;
	struct http2_head *in = h->in;
	sodns_http_stream_t *s = stream_of(session, frame->hd.stream_id);
	nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value);
	(void)flags;
	if (!s)
		return 0;
	if (n.len && *n.base == ':') {
		take_pseudo(h, s, n, value);
		return 0;
	}
	in->bytes += n.len + v.len;
	if (in->bytes > h->options.head_max || in->field_count == HTTP1_FIELDS_MAX) {
		in->wrong = 431;
		return 0;
	}
	sodns_http_field_t *f = &in->fields[in->field_count++];
	*f = (sodns_http_field_t){.name = keep_text(in, name),
				  .value = keep_text(in, value),
				  .name_len = (uint32_t)n.len,
				  .value_len = (uint32_t)v.len};
	look_at_field(in, f);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
		   size_t len, void *arg)
{
	sodns_http_session_t *h = arg;
	sodns_http_stream_t *s = stream_of(session, stream);
	(void)flags;
	/* What is not wanted any more is not waited for. */
	bool wanted = s && s->told && !s->refused && !(h->options.server && s->said);
	if (wanted && h->options.takes)
		s->untaken += len;
	if (wanted && h->owner->data)
		h->owner->data(h->arg, s, bytes, len);
	if (h->options.takes && !wanted)
		nghttp2_session_consume(session, stream, len);
	return 0;
}

static void take_request(sodns_http_session_t *h, sodns_http_stream_t *s, bool end)
{
	static const nghttp2_nv go_on = {(uint8_t *)":status", (uint8_t *)"100", 7, 3,
					 NGHTTP2_NV_FLAG_NONE};
	struct http2_head *in = h->in;
	if (in->wrong || !in->head.target || !in->head.method) {
		s->refused = in->wrong ? in->wrong : 400;
		http_stream_refuse(s, s->refused);
		return;
	}
	in->head.end = end;
	s->told = true;
	h->owner->head(h->arg, s, &in->head);
	if (in->expects && !end && !s->begun)
		nghttp2_submit_headers(h->h2, NGHTTP2_FLAG_NONE, (int32_t)s->id, NULL, &go_on, 1,
				       NULL);
}

static void take_head(sodns_http_session_t *h, sodns_http_stream_t *s, const nghttp2_frame *frame,
		      bool end)
{
	struct http2_head *in = h->in;
	in->head.field_count = in->field_count;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		take_request(h, s, end);
		return;
	}
	if (in->wrong == 431) {
		nghttp2_submit_rst_stream(h->h2, NGHTTP2_FLAG_NONE, (int32_t)s->id,
					  NGHTTP2_ENHANCE_YOUR_CALM);
		s->refused = 431;
		return;
	}
	if (in->head.status) {
		in->head.end = end;
		h->owner->head(h->arg, s, &in->head);
	}
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	sodns_http_session_t *h = arg;
	bool headers = frame->hd.type == NGHTTP2_HEADERS;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		h->going = true;
	if (!headers && frame->hd.type != NGHTTP2_DATA)
		return 0;
	bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	sodns_http_stream_t *s = stream_of(session, frame->hd.stream_id);
	if (!s || s->refused)
		return 0;
	if (headers)
		take_head(h, s, frame, end);
	if (end && !s->heard && !s->refused) {
		bool trailers = headers && !h->in->head.status && !h->in->head.method;
		s->heard = true;
		if (!(h->options.server && s->said) && h->owner->end)
			h->owner->end(h->arg, s, trailers ? &h->in->head : NULL);
	}
	if (headers)
		http2_head_drop(h);
	return 0;
}

/* A stream ends: both sides are whole, or one has given it up. */
static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
	sodns_http_stream_t *s = stream_of(session, stream);
	char why[64] = "";
	(void)arg;
	if (!s)
		return 0;
	nghttp2_session_set_stream_user_data(session, stream, NULL);
	/* What was not taken is given up. */
	if (s->untaken)
		nghttp2_session_consume_connection(session, s->untaken);
	enum sodns_http_closed how = code == NGHTTP2_REFUSED_STREAM  ? SODNS_HTTP_UNSEEN
				     : code || !s->heard || !s->said ? SODNS_HTTP_RESET
								     : SODNS_HTTP_DONE;
	if (how)
		snprintf(why, sizeof(why), "HTTP/2 stream closed: %s",
			 nghttp2_http2_strerror(code));
	http_stream_close(s, how, why);
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

static void set_calls(nghttp2_session_callbacks *calls)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback2(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, on_invalid);
}

static bool make_session(sodns_http_session_t *h)
{
	nghttp2_session_callbacks *calls = NULL;
	nghttp2_option *option = NULL;
	int rc = NGHTTP2_ERR_NOMEM;
	if (!nghttp2_session_callbacks_new(&calls) && !nghttp2_option_new(&option)) {
		set_calls(calls);
		nghttp2_option_set_no_auto_window_update(option, h->options.takes);
		rc = h->options.server ? nghttp2_session_server_new2(&h->h2, calls, h, option)
				       : nghttp2_session_client_new2(&h->h2, calls, h, option);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(calls);
	return !rc;
}

bool http2_open(sodns_http_session_t *h)
{
	const sodns_http_session_options_t *o = &h->options;
	nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		 o->head_max + (o->server ? o->target_max : 0)},
		{o->server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
		 o->server ? o->streams_max : 0},
	};
	h->in = calloc(1, sizeof(*h->in));
	if (!h->in || !make_session(h) ||
	    nghttp2_submit_settings(h->h2, NGHTTP2_FLAG_NONE, settings, 2) ||
	    (o->window && nghttp2_session_set_local_window_size(h->h2, NGHTTP2_FLAG_NONE, 0,
								(int32_t)o->window)))
		return false;
	return o->server || flush(h);
}

ptrdiff_t http2_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len)
{
	h->receiving = true;
	ssize_t used = len ? nghttp2_session_mem_recv(h->h2, bytes, len) : 0;
	h->receiving = false;
	if (used < 0) {
		snprintf(h->why, sizeof(h->why), "HTTP/2: %s", nghttp2_strerror((int)used));
		h->over = true;
	} else if (flush(h) && http2_over(h) && !h->options.server) {
		snprintf(h->why, sizeof(h->why), "HTTP/2 connection ended");
		h->over = true;
	}
	return *h->why ? -1 : used;
}

void http2_finish_session(sodns_http_session_t *h)
{
	nghttp2_submit_goaway(h->h2, NGHTTP2_FLAG_NONE,
			      nghttp2_session_get_last_proc_stream_id(h->h2), NGHTTP2_NO_ERROR,
			      NULL, 0);
	flush(h);
}

bool http2_over(const sodns_http_session_t *h)
{
	return !nghttp2_session_want_read(h->h2) && !nghttp2_session_want_write(h->h2);
}

bool http2_free(const sodns_http_session_t *h)
{
	return !h->going && nghttp2_session_check_request_allowed(h->h2);
}

static nghttp2_nv field(const char *name, size_t name_len, const char *value, size_t value_len)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
			    .value = (uint8_t *)(uintptr_t)value,
			    .namelen = name_len ? name_len : strlen(name),
			    .valuelen = value_len ? value_len : strlen(value)};
}

static size_t put_fields(nghttp2_nv *nv, const sodns_http_field_t *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		nv[i] = field(fields[i].name, fields[i].name_len, fields[i].value,
			      fields[i].value_len);
	return count;
}

/* Room for `len` bytes more of the body. */
static bool reserve(sodns_http_stream_t *s, size_t len)
{
	size_t kept = s->out_len - s->out_at, room = s->out_len ? 2 * (kept + len) : len;
	if (s->out_len + len <= s->out_room)
		return true;
	uint8_t *more = malloc(room);
	if (!more)
		return false;
	if (kept)
		memcpy(more, s->out + s->out_at, kept);
	free(s->out);
	s->session->held += room - s->out_room;
	s->out = more;
	s->out_room = room;
	s->out_len = kept;
	s->out_at = 0;
	return true;
}

static bool add_body(sodns_http_stream_t *s, const void *bytes, size_t len)
{
	if (!len)
		return true;
	if (!reserve(s, len))
		return false;
	memcpy(s->out + s->out_len, bytes, len);
	s->out_len += len;
	return true;
}

/* They go out when all of the body has: nghttp2 would send them before what waits for its window. */
static uint32_t say_trailers(sodns_http_stream_t *s)
{
	nghttp2_nv nv[NV_MAX];
	if (!s->trailers)
		return 0;
	put_fields(nv, s->trailers, s->trailer_count);
	return nghttp2_submit_trailer(s->session->h2, (int32_t)s->id, nv, s->trailer_count)
		       ? 0
		       : NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size,
			 uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	const sodns_http_session_t *h = arg;
	sodns_http_stream_t *s = source->ptr;
	size_t n = s->out_len - s->out_at < size ? s->out_len - s->out_at : size;
	(void)session;
	(void)stream;
	if (n)
		memcpy(out, s->out + s->out_at, n);
	s->out_at += n;
	bool empty = s->out_at == s->out_len;
	if (empty && s->said)
		*flags |= NGHTTP2_DATA_FLAG_EOF | say_trailers(s);
	if (n && h->owner->drained && !s->said)
		h->owner->drained(h->arg, s);
	s->deferred = !n && !s->said;
	return s->deferred ? NGHTTP2_ERR_DEFERRED : (ssize_t)n;
}

sodns_http_stream_t *http2_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask)
{
	char length[21];
	nghttp2_nv nv[NV_MAX];
	sodns_http_stream_t *s = ask->field_count + 5 <= NV_MAX ? http_stream_new(h, 0) : NULL;
	if (!s)
		return NULL;
	nv[0] = field(":method", 7, ask->method, 0);
	nv[1] = field(":scheme", 7, ask->scheme, 0);
	nv[2] = field(":authority", 10, ask->authority, 0);
	nv[3] = field(":path", 5, ask->target, 0);
	size_t count = 4 + put_fields(nv + 4, ask->fields, ask->field_count);
	if (ask->len && !ask->more) {
		size_t n = sodns_uint_to_text(ask->len, length);
		nv[count++] = field("content-length", 14, length, n);
	}
	const nghttp2_data_provider body = {.source = {.ptr = s}, .read_callback = read_body};
	bool has_body = ask->len || ask->more;
	s->begun = true;
	s->said = !ask->more;
	int32_t id = add_body(s, ask->body, ask->len)
			     ? nghttp2_submit_request(h->h2, NULL, nv, count,
						      has_body ? &body : NULL, s)
			     : -1;
	if (id <= 0) {
		http_stream_close(s, SODNS_HTTP_BROKEN, NULL);
		return NULL;
	}
	s->id = (uint64_t)id;
	h->asking = s;
	flush(h);
	s = h->asking;
	h->asking = NULL;
	if (s)
		s->told = true;
	return s;
}

bool http2_answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		  size_t count, const void *body, ptrdiff_t len)
{
	sodns_http_session_t *h = s->session;
	char digits[21], length[21];
	nghttp2_nv nv[NV_MAX];
	if (count + 2 > NV_MAX || (len > 0 && !s->headless && !add_body(s, body, (size_t)len)))
		return false;
	nv[0] = field(":status", 7, digits, sodns_uint_to_text(status, digits));
	size_t n = 1 + put_fields(nv + 1, fields, count);
	if (len >= 0)
		nv[n++] = field("content-length", 14, length,
				sodns_uint_to_text((size_t)len, length));
	const nghttp2_data_provider provider = {.source = {.ptr = s}, .read_callback = read_body};
	bool has_body = !s->headless && len;
	s->begun = true;
	s->said = len >= 0 || s->headless;
	if (nghttp2_submit_response(h->h2, (int32_t)s->id, nv, n, has_body ? &provider : NULL))
		return false;
	flush(h);
	return true;
}

/* There is more to send, or that was all. */
static void go_on(sodns_http_stream_t *s)
{
	if (s->deferred)
		nghttp2_session_resume_data(s->session->h2, (int32_t)s->id);
	s->deferred = false;
	flush(s->session);
}

bool http2_write(sodns_http_stream_t *s, const void *bytes, size_t len)
{
	if (s->headless)
		return true;
	if (!add_body(s, bytes, len))
		return false;
	go_on(s);
	return true;
}

/* Fields with their texts, in one piece. */
static sodns_http_field_t *copy_fields(const sodns_http_field_t *fields, size_t count)
{
	size_t size = count * sizeof(*fields);
	for (size_t i = 0; i < count; i++)
		size += strlen(fields[i].name) + strlen(fields[i].value) + 2;
	sodns_http_field_t *copy = malloc(size);
	char *at = copy ? (char *)(copy + count) : NULL;
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = (sodns_http_field_t){.name = at};
		at = stpcpy(at, fields[i].name) + 1;
		copy[i].value = at;
		at = stpcpy(at, fields[i].value) + 1;
	}
	return copy;
}

bool http2_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers, size_t count)
{
	if (count > NV_MAX || (count && !(s->trailers = copy_fields(trailers, count))))
		return false;
	s->trailer_count = count;
	s->said = true;
	go_on(s);
	return true;
}

void http2_taken(sodns_http_stream_t *s, size_t len)
{
	len = len < s->untaken ? len : s->untaken;
	s->untaken -= len;
	nghttp2_session_consume(s->session->h2, (int32_t)s->id, len);
	flush(s->session);
}

void http2_reset(sodns_http_stream_t *s, bool busy)
{
	nghttp2_submit_rst_stream(s->session->h2, NGHTTP2_FLAG_NONE, (int32_t)s->id,
				  busy ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_CANCEL);
	flush(s->session);
}
