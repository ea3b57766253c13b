/*
 * Inside a session: what both versions share, and what each does for it.
 */
#ifndef SODNS_LIB_HTTP_SESSION_H
#define SODNS_LIB_HTTP_SESSION_H

#include <nghttp2/nghttp2.h>

#include "parse.h"

struct sodns_http_stream {
	sodns_http_session_t *session;
	sodns_http_stream_t *next, **at; /* at: what points here */
	uint64_t id;
	bool headless;                /* the request is HEAD */
	bool told;                    /* the owner knows it */
	bool begun;                   /* our head is on its way */
	bool said;                    /* our side is whole */
	bool heard;                   /* the peer's is */
	bool interim;                 /* client: what comes is a 1xx response */
	bool chunked;                 /* HTTP/1.1: how our body goes */
	bool ended;                   /* HTTP/1.1: to be closed when the owner's call returns */
	bool deferred;                /* HTTP/2: nghttp2 waits for more of our body */
	unsigned refused;             /* HTTP/2: its request could not be taken, for this reason */
	sodns_http_field_t *trailers; /* HTTP/2: of ours, until they are said */
	size_t trailer_count;
	size_t untaken; /* HTTP/2: bytes that the owner has not said to have taken */
	uint8_t *out;   /* HTTP/2: our body, as far as it has not left */
	size_t out_len, out_at, out_room;
	_Alignas(16) uint8_t state[];
};

/* A head of HTTP/2 that comes in; there is one at a time. Its texts are nghttp2's, counted. */
#define HTTP2_TEXTS_MAX (2 * HTTP1_FIELDS_MAX + 8)
struct http2_head {
	sodns_http_head_t head;
	sodns_http_field_t fields[HTTP1_FIELDS_MAX];
	nghttp2_rcbuf *texts[HTTP2_TEXTS_MAX];
	size_t field_count, text_count;
	size_t bytes; /* of its fields, but for the target */
	bool expects;
	unsigned wrong; /* what it can't be met with; 0: it can */
};

struct sodns_http_session {
	sodns_http_session_options_t options;
	const sodns_http_owner_t *owner;
	void *arg;
	sodns_http_stream_t *streams;
	size_t held;
	bool receiving; /* within receive(): what is to be said, and what has ended, waits */
	bool finishing, over;
	char why[96];

	/* HTTP/1.1 */
	http1_reader_t reader;
	sodns_http_stream_t *current;
	uint64_t last;

	/* HTTP/2 */
	nghttp2_session *h2;
	bool going;                  /* the server takes no more streams */
	sodns_http_stream_t *asking; /* begins just now; NULL: it has ended already */
	struct http2_head *in;
};

/* session.c: a new stream of the session; NULL: no memory. */
sodns_http_stream_t *http_stream_new(sodns_http_session_t *h, uint64_t id);
/* Tells the owner, if it knows the stream, and frees it. */
void http_stream_close(sodns_http_stream_t *s, enum sodns_http_closed how, const char *why);
/* A server's stream that can't be taken: the owner answers, or the session. */
void http_stream_refuse(sodns_http_stream_t *s, unsigned status);
/* The text of a status: "Not Found". */
const char *http_reason(unsigned status);

bool http1_open(sodns_http_session_t *h);
ptrdiff_t http1_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len);
void http1_closed(sodns_http_session_t *h);
sodns_http_stream_t *http1_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask);
/* `len` -1: not known yet. */
bool http1_answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		  size_t count, const void *body, ptrdiff_t len);
bool http1_write(sodns_http_stream_t *s, const void *bytes, size_t len);
bool http1_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers, size_t count);

/* Lets go of what the head that came in last is made of. */
void http2_head_drop(sodns_http_session_t *h);
bool http2_open(sodns_http_session_t *h);
ptrdiff_t http2_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len);
void http2_finish_session(sodns_http_session_t *h);
bool http2_over(const sodns_http_session_t *h);
bool http2_free(const sodns_http_session_t *h);
sodns_http_stream_t *http2_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask);
bool http2_answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		  size_t count, const void *body, ptrdiff_t len);
bool http2_write(sodns_http_stream_t *s, const void *bytes, size_t len);
bool http2_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers, size_t count);
void http2_taken(sodns_http_stream_t *s, size_t len);
void http2_reset(sodns_http_stream_t *s, bool busy);

#endif
