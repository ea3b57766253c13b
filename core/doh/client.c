/*
 * DNS over HTTPS (RFC 8484), the client: each question is a stream of HTTP/2, many at once. As with
 * CoreDNS, a body that is a DNS message counts, whatever the status says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include <sodns/abi.h>

#include "doh/provider.h"

#define HEADER_SIZE 12u
#define ANSWER_MAX 65535u
#define HEADERS_MAX 16384u
#define WINDOW (1 << 20)
#define OUT_MAX 16384u
#define PATH "/dns-query"

struct question {
	struct question *next, **at;
	int32_t stream;
	uint16_t id;
	bool forgotten;
	unsigned status;
	size_t sent; /* of the message */
	uint8_t *answer;
	size_t answer_len, answer_room;
	size_t len;
	uint8_t message[];
};

struct doh {
	nghttp2_session *session;
	const doh_owner_t *owner;
	void *arg;
	bool going;
	bool receiving; /* nghttp2 calls us: what is to be said waits */
	struct question *questions;
	size_t out_len;
	uint8_t out[OUT_MAX];
	char authority[];
};

static struct question *question_of(nghttp2_session *session, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(session, stream);
}

static void question_free(struct question *q)
{
	*q->at = q->next;
	if (q->next)
		q->next->at = q->at;
	free(q->answer);
	free(q);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *arg)
{
	struct question *q = question_of(session, frame->hd.stream_id);
	(void)flags;
	(void)arg;
	/* nghttp2 lets through three digits only. */
	if (q && name_len == 7 && !memcmp(name, ":status", 7) && value_len == 3)
		q->status = (unsigned)(value[0] - '0') * 100 + (unsigned)(value[1] - '0') * 10 +
			    (unsigned)(value[2] - '0');
	return 0;
}

static bool append(struct question *q, const uint8_t *bytes, size_t len)
{
	if (len > ANSWER_MAX - q->answer_len)
		return false;
	if (q->answer_len + len > q->answer_room) {
		size_t room = 2 * q->answer_room + len + 256;
		uint8_t *more = realloc(q->answer, room);
		if (!more)
			return false;
		q->answer = more;
		q->answer_room = room;
	}
	memcpy(q->answer + q->answer_len, bytes, len);
	q->answer_len += len;
	return true;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
		   size_t len, void *arg)
{
	struct question *q = question_of(session, stream);
	(void)flags;
	(void)arg;
	if (q && !q->forgotten && !append(q, bytes, len))
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		((doh_t *)arg)->going = true;
	return 0;
}

static void refuse(doh_t *d, const struct question *q, uint32_t code)
{
	char why[64];
	if (code)
		snprintf(why, sizeof(why), "HTTP/2 stream closed: %s",
			 nghttp2_http2_strerror(code));
	else
		snprintf(why, sizeof(why), "HTTP status %u and no DNS message", q->status);
	d->owner->refuse(d->arg, q->id, code == NGHTTP2_REFUSED_STREAM, why);
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
	doh_t *d = arg;
	struct question *q = question_of(session, stream);
	if (!q)
		return 0;
	nghttp2_session_set_stream_user_data(session, stream, NULL);
	if (!q->forgotten && !code && q->answer_len >= HEADER_SIZE)
		d->owner->answer(d->arg, q->id, q->answer, q->answer_len);
	else if (!q->forgotten)
		refuse(d, q, code);
	question_free(q);
	return 0;
}

static nghttp2_session *session_new(doh_t *d)
{
	nghttp2_session_callbacks *calls;
	nghttp2_session *session = NULL;
	if (nghttp2_session_callbacks_new(&calls))
		return NULL;
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	if (nghttp2_session_client_new(&session, calls, d))
		session = NULL;
	nghttp2_session_callbacks_del(calls);
	return session;
}

/* What nghttp2 has to say, frames together. Not from its own calls, where it forbids that: the end of
 * doh_input() sends what was put off. */
static bool send_out(doh_t *d)
{
	const uint8_t *bytes;
	ssize_t n;
	if (d->receiving)
		return true;
	while ((n = nghttp2_session_mem_send(d->session, &bytes)) > 0)
		for (size_t left = (size_t)n, part; left; left -= part, bytes += part) {
			part = left < OUT_MAX - d->out_len ? left : OUT_MAX - d->out_len;
			memcpy(d->out + d->out_len, bytes, part);
			d->out_len += part;
			if (d->out_len < OUT_MAX)
				continue;
			d->owner->send(d->arg, d->out, d->out_len);
			d->out_len = 0;
		}
	if (d->out_len)
		d->owner->send(d->arg, d->out, d->out_len);
	d->out_len = 0;
	return !n;
}

static void doh_end(doh_t *d)
{
	if (!d)
		return;
	/* nghttp2 closes its streams without saying so. */
	nghttp2_session_del(d->session);
	while (d->questions)
		question_free(d->questions);
	free(d);
}

static doh_t *doh_begin(const char *authority, const doh_owner_t *owner, void *arg)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADERS_MAX},
	};
	size_t len = strlen(authority) + 1;
	doh_t *d = malloc(sizeof(*d) + len);
	if (!d)
		return NULL;
	memset(d, 0, offsetof(struct doh, out));
	memcpy(d->authority, authority, len);
	d->owner = owner;
	d->arg = arg;
	d->session = session_new(d);
	if (!d->session || nghttp2_submit_settings(d->session, NGHTTP2_FLAG_NONE, settings, 2) ||
	    nghttp2_session_set_local_window_size(d->session, NGHTTP2_FLAG_NONE, 0, WINDOW) ||
	    !send_out(d)) {
		doh_end(d);
		return NULL;
	}
	return d;
}

static ssize_t read_message(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size,
			    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct question *q = source->ptr;
	size_t n = q->len - q->sent < size ? q->len - q->sent : size;
	(void)session;
	(void)stream;
	(void)arg;
	memcpy(out, q->message + q->sent, n);
	q->sent += n;
	if (q->sent == q->len)
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

/* RFC 4648, 5, without padding. */
static void put_base64(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = digits[bits >> (have - 6) & 63];
	}
	if (have)
		*out++ = digits[bits << (6 - have) & 63];
	*out = 0;
}

static int32_t submit_get(doh_t *d, struct question *q)
{
	static const char before[] = PATH "?dns=";
	char *path = malloc(sizeof(before) + (q->len * 4 + 2) / 3);
	if (!path)
		return -1;
	memcpy(path, before, sizeof(before));
	put_base64(path + sizeof(before) - 1, q->message, q->len);
	const nghttp2_nv headers[] = {header(":method", "GET"), header(":scheme", "https"),
				      header(":authority", d->authority), header(":path", path),
				      header("accept", "application/dns-message")};
	int32_t stream = nghttp2_submit_request(d->session, NULL, headers, 5, NULL, q);
	free(path);
	return stream;
}

static int32_t submit_post(doh_t *d, struct question *q)
{
	char length[16];
	snprintf(length, sizeof(length), "%zu", q->len);
	const nghttp2_nv headers[] = {header(":method", "POST"),
				      header(":scheme", "https"),
				      header(":authority", d->authority),
				      header(":path", PATH),
				      header("accept", "application/dns-message"),
				      header("content-type", "application/dns-message"),
				      header("content-length", length)};
	const nghttp2_data_provider body = {.source = {.ptr = q}, .read_callback = read_message};
	return nghttp2_submit_request(d->session, NULL, headers, 7, &body, q);
}

static bool doh_ask(doh_t *d, bool get, uint16_t id, const uint8_t *message, size_t len)
{
	struct question *q = calloc(1, sizeof(*q) + len);
	if (!q || len < HEADER_SIZE) {
		free(q);
		return false;
	}
	q->id = id;
	q->len = len;
	memcpy(q->message, message, len);
	q->message[0] = q->message[1] = 0;
	q->next = d->questions;
	q->at = &d->questions;
	if (q->next)
		q->next->at = &q->next;
	d->questions = q;
	q->stream = get ? submit_get(d, q) : submit_post(d, q);
	if (q->stream > 0)
		return send_out(d);
	question_free(q);
	return false;
}

static void doh_forget(doh_t *d, uint16_t id)
{
	for (struct question *q = d->questions; q; q = q->next) {
		if (q->id != id || q->forgotten)
			continue;
		q->forgotten = true;
		nghttp2_submit_rst_stream(d->session, NGHTTP2_FLAG_NONE, q->stream, NGHTTP2_CANCEL);
		send_out(d);
		return;
	}
}

static const char *doh_input(doh_t *d, const uint8_t *bytes, size_t len)
{
	d->receiving = true;
	ssize_t used = nghttp2_session_mem_recv(d->session, bytes, len);
	d->receiving = false;
	if (used < 0)
		return nghttp2_strerror((int)used);
	if (!send_out(d))
		return "HTTP/2: no memory";
	if (!nghttp2_session_want_read(d->session) && !nghttp2_session_want_write(d->session))
		return "HTTP/2 connection ended";
	return NULL;
}

static bool doh_is_open(const doh_t *d)
{
	return !d->going && nghttp2_session_check_request_allowed(d->session);
}

SODNS_LIBRARY(doh, doh_provider_t) = {
	.head = {.id = DOH_ID, .version = DOH_VERSION, .size = sizeof(doh_provider_t)},
	.begin = doh_begin,
	.ask = doh_ask,
	.forget = doh_forget,
	.input = doh_input,
	.is_open = doh_is_open,
	.end = doh_end,
};
