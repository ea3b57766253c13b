/*
 * Messages of HTTP/1.1 (RFC 9112), requests and responses, as they come in: a head, pieces of a body,
 * its end. Strict where two readers of the same bytes could come to different messages: lines end with
 * CR LF, no field is folded or has a blank before its colon, a length is digits and stands once, and never
 * beside a transfer coding, which is "chunked" or nothing.
 */
#ifndef SODNS_LIB_HTTP_PARSE_H
#define SODNS_LIB_HTTP_PARSE_H

#include <sodns/http_session.h>

#define HTTP1_FIELDS_MAX 128u

typedef struct http1_limits {
	size_t target,
		head; /* bytes of a request's target, and of all else in a head, or of trailers */
} http1_limits_t;

enum http1_event {
	HTTP1_MORE,  /* all was used: more bytes are needed */
	HTTP1_HEAD,  /* reader.head */
	HTTP1_DATA,  /* reader.data */
	HTTP1_END,   /* reader.trailers tells whether reader.head has some */
	HTTP1_WRONG, /* reader.status, of a request: what to answer; and reader.why */
};

enum http1_state {
	HTTP1_IN_START, /* between messages: empty lines are passed over */
	HTTP1_IN_HEAD,
	HTTP1_IN_BODY, /* of a known length */
	HTTP1_IN_CHUNK_SIZE,
	HTTP1_IN_CHUNK_EXTENSION,
	HTTP1_IN_CHUNK_LF,
	HTTP1_IN_CHUNK,
	HTTP1_BEHIND_CHUNK,
	HTTP1_BEHIND_CHUNK_LF,
	HTTP1_IN_TRAILERS,
	HTTP1_IN_REST, /* a response's body that the end of the connection ends */
	HTTP1_AT_END,  /* the next event is HTTP1_END */
	HTTP1_BROKEN,
};

/* Cleared before its first use, but for `response` and `limits`. */
typedef struct http1_reader {
	bool response;
	http1_limits_t limits;
	enum http1_state state;
	char *text; /* the head so far */
	size_t len, room;
	sodns_http_field_t *fields;
	size_t field_count;
	uint64_t left;   /* of the body, or of a chunk */
	unsigned digits; /* of a chunk's size, then bytes of its extension */
	unsigned blank;  /* bytes of the empty line before the message */

	/* what came */
	sodns_http_head_t head;
	const uint8_t *data;
	size_t data_len;
	bool trailers;
	bool keeps;   /* the connection goes on behind this message */
	bool expects; /* 100-continue */
	bool no_body; /* set by the caller: a response has none, for it is one to HEAD */
	unsigned status;
	const char *why;
} http1_reader_t;

/* Reads on in bytes[*at..len), moves *at, and says what it has come to. */
enum http1_event http1_read(http1_reader_t *r, const uint8_t *bytes, size_t len, size_t *at);
/* The connection has ended: HTTP1_END where that ends a body, HTTP1_MORE between messages, else
 * HTTP1_WRONG. */
enum http1_event http1_read_end(http1_reader_t *r);
/* Whether a head, or a body, has begun and is not whole. */
bool http1_is_within(const http1_reader_t *r);
/* Frees what it keeps. */
void http1_reader_clear(http1_reader_t *r);

/* Whether a text may stand as a field's name, as a field's value, and in a request's first line. */
bool http1_is_token(const char *text);
bool http1_is_value(const char *text);
bool http1_is_target(const char *text);

#endif
