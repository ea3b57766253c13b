/*
 * Sessions and their streams: what is the same whichever version is spoken.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"

#define STREAMS_MAX 100u
#define TARGET_MAX 8192u
#define HEAD_MAX 16384u

const char *http_field(const sodns_http_head_t *h, const char *name)
{
	for (size_t i = 0; h && i < h->field_count; i++)
		if (!strcasecmp(h->fields[i].name, name))
			return h->fields[i].value;
	return NULL;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

sodns_http_session_t *http_session_new(const sodns_http_session_options_t *options,
				       const sodns_http_owner_t *owner, void *arg)
{
	sodns_http_session_t *h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	memcpy(&h->options, options,
	       options->size < sizeof(h->options) ? options->size : sizeof(h->options));
	h->options.streams_max = or_default(h->options.streams_max, STREAMS_MAX);
	h->options.target_max = or_default(h->options.target_max, TARGET_MAX);
	h->options.head_max = or_default(h->options.head_max, HEAD_MAX);
	h->owner = owner;
	h->arg = arg;
	if (h->options.http2 ? http2_open(h) : http1_open(h))
		return h;
	http_session_end(h);
	return NULL;
}

static void stream_free(sodns_http_stream_t *s)
{
	sodns_http_session_t *h = s->session;
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	h->held -= sizeof(*s) + h->options.stream_size + s->out_room;
	if (h->current == s)
		h->current = NULL;
	if (h->asking == s)
		h->asking = NULL;
	free(s->trailers);
	free(s->out);
	free(s);
}

void http_session_end(sodns_http_session_t *h)
{
	if (!h)
		return;
	/* nghttp2 closes its streams without saying so. */
	nghttp2_session_del(h->h2);
	while (h->streams)
		stream_free(h->streams);
	http2_head_drop(h);
	free(h->in);
	http1_reader_clear(&h->reader);
	free(h);
}

sodns_http_stream_t *http_stream_new(sodns_http_session_t *h, uint64_t id)
{
	sodns_http_stream_t *s = calloc(1, sizeof(*s) + h->options.stream_size);
	if (!s)
		return NULL;
	s->session = h;
	s->id = id;
	s->next = h->streams;
	s->at = &h->streams;
	if (s->next)
		s->next->at = &s->next;
	h->streams = s;
	h->held += sizeof(*s) + h->options.stream_size;
	return s;
}

void http_stream_close(sodns_http_stream_t *s, enum sodns_http_closed how, const char *why)
{
	const sodns_http_session_t *h = s->session;
	if (s->told && h->owner->closed)
		h->owner->closed(h->arg, s, how, why);
	stream_free(s);
}

void http_stream_refuse(sodns_http_stream_t *s, unsigned status)
{
	const sodns_http_session_t *h = s->session;
	if (s->begun)
		return;
	if (h->owner->refused) {
		s->told = true;
		h->owner->refused(h->arg, s, status);
	}
	if (!s->begun)
		http_stream_answer(s, status, NULL, 0, NULL, 0);
}

ptrdiff_t http_session_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len)
{
	return h->h2 ? http2_receive(h, bytes, len) : http1_receive(h, bytes, len);
}

void http_session_closed(sodns_http_session_t *h)
{
	if (!h->h2)
		http1_closed(h);
	h->over = true;
	while (h->streams)
		http_stream_close(h->streams, SODNS_HTTP_BROKEN, "the connection was closed");
}

void http_session_finish(sodns_http_session_t *h)
{
	h->finishing = true;
	if (h->h2)
		http2_finish_session(h);
	else if (!h->current && !http1_is_within(&h->reader))
		h->over = true;
}

bool http_session_over(const sodns_http_session_t *h)
{
	return h->over || (h->h2 && http2_over(h));
}

bool http_session_waits(const sodns_http_session_t *h)
{
	return h->options.server && h->current && h->current->heard && !h->current->said;
}

bool http_session_within(const sodns_http_session_t *h)
{
	return !h->h2 && http1_is_within(&h->reader);
}

bool http_session_free(const sodns_http_session_t *h)
{
	if (h->options.server || h->over || h->finishing)
		return false;
	return h->h2 ? http2_free(h) : !h->current;
}

const char *http_session_why(const sodns_http_session_t *h)
{
	return h->why;
}

size_t http_session_held(const sodns_http_session_t *h)
{
	return h->held + h->reader.room;
}

sodns_http_stream_t *http_session_next(const sodns_http_session_t *h, const sodns_http_stream_t *s)
{
	return s ? s->next : h->streams;
}

sodns_http_stream_t *http_session_stream(const sodns_http_session_t *h, uint64_t id)
{
	if (h->h2 && h->options.server)
		return nghttp2_session_get_stream_user_data(h->h2, (int32_t)id);
	/* nghttp2 does not know a client's stream that waits for others to end. */
	sodns_http_stream_t *s = h->streams;
	while (s && s->id != id)
		s = s->next;
	return s;
}

/* What would end the line it stands in is not said, in either version: a proxy that passes it on may speak the other. */
static bool are_sound(const sodns_http_field_t *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!http1_is_token(fields[i].name) || !http1_is_value(fields[i].value))
			return false;
	return true;
}

sodns_http_stream_t *http_session_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask)
{
	if (!http_session_free(h) || !http1_is_token(ask->method) ||
	    !http1_is_target(ask->target) || !http1_is_value(ask->authority) ||
	    !are_sound(ask->fields, ask->field_count))
		return NULL;
	return h->h2 ? http2_ask(h, ask) : http1_ask(h, ask);
}

void *http_stream_state(sodns_http_stream_t *s)
{
	return s->state;
}

uint64_t http_stream_id(const sodns_http_stream_t *s)
{
	return s->id;
}

sodns_http_stream_t *http_stream_of(void *state)
{
	return (sodns_http_stream_t *)(void *)((char *)state -
					       offsetof(sodns_http_stream_t, state));
}

static bool answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		   size_t count, const void *body, ptrdiff_t len)
{
	if (!s->session->options.server || s->begun || !are_sound(fields, count))
		return false;
	return s->session->h2 ? http2_answer(s, status, fields, count, body, len)
			      : http1_answer(s, status, fields, count, body, len);
}

bool http_stream_answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
			size_t count, const void *body, size_t len)
{
	return answer(s, status, fields, count, body, (ptrdiff_t)len);
}

bool http_stream_begin(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		       size_t count)
{
	return answer(s, status, fields, count, NULL, -1);
}

bool http_stream_write(sodns_http_stream_t *s, const void *bytes, size_t len)
{
	if (!s->begun || s->said)
		return false;
	if (!len)
		return true;
	return s->session->h2 ? http2_write(s, bytes, len) : http1_write(s, bytes, len);
}

bool http_stream_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers, size_t count)
{
	if (!s->begun || s->said || !are_sound(trailers, count))
		return false;
	return s->session->h2 ? http2_finish(s, trailers, count) : http1_finish(s, trailers, count);
}

size_t http_stream_held(const sodns_http_stream_t *s)
{
	return s->out_len - s->out_at;
}

void http_stream_taken(sodns_http_stream_t *s, size_t len)
{
	if (s->session->h2)
		http2_taken(s, len);
}

void http_stream_reset(sodns_http_stream_t *s, bool busy)
{
	sodns_http_session_t *h = s->session;
	if (h->h2) {
		http2_reset(s, busy);
		return;
	}
	h->over = true;
	s->ended = true;
	if (!h->receiving)
		http_stream_close(s, SODNS_HTTP_RESET, "it was given up");
}

const char *http_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} reasons[] = {
		{200, "OK"},
		{204, "No Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return status < 300 ? "OK" : status < 500 ? "Error" : "Server Error";
}
