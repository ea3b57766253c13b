/*
 * HTTP over a connection that is the caller's: bytes in, bytes out, for HTTP/1.1 (RFC 9112) and
 * HTTP/2 (RFC 9113), for servers and for clients. What both versions have in common is a stream: one
 * request and its response, each a head, a body, and perhaps trailers. DNS over HTTPS is made of it, in
 * both directions; gRPC can be.
 *
 *	session = sodns_http_session_new(&options, &owner, connection);
 *	bytes came:   used = sodns_http_session_receive(session, bytes, len);
 *	              calls owner.head, owner.data, owner.end, owner.closed, and owner.send
 *	any time:     sodns_http_stream_answer(stream, 200, fields, count, body, len);
 *	closed:       sodns_http_session_end(session);
 *
 * A session belongs to one thread at a time; nothing here waits, locks or opens a file, but the first
 * call, which opens the library (sodns_http_load()). A session must not be ended from within one of its
 * own calls of the owner. What a peer sends that is no HTTP, or too much of it, ends its stream or the
 * session, and is never passed on: repeated or contradictory lengths, folded fields, line ends other than
 * CR LF, bare control characters are errors (RFC 9112, 11.2).
 */
#ifndef SODNS_HTTP_SESSION_H
#define SODNS_HTTP_SESSION_H

#include <sodns/abi.h>

typedef struct sodns_http_session sodns_http_session_t;
typedef struct sodns_http_stream sodns_http_stream_t;

/* Texts end with NULL, and have none in them; the lengths are for callers that want them. Names that come are in
 * lower case in HTTP/2 and as they were written in HTTP/1.1: compare them without regard to case. In what
 * is given to a function below, a length of 0 means strlen(). */
typedef struct sodns_http_field {
	const char *name, *value;
	uint32_t name_len, value_len;
} sodns_http_field_t;

typedef struct sodns_http_head {
	const char *method;    /* of a request: "GET"; NULL: it is a response, or trailers */
	const char *target;    /* its path and query, "/dns-query?dns=AAAB" */
	const char *authority; /* what it is for: "dns.example:443", perhaps "" */
	unsigned status;       /* of a response; 1xx: another head follows */
	unsigned version;      /* 10, 11, 20 */
	int64_t length;        /* of the body, as announced; -1: it was not, or there is none */
	bool end;              /* nothing follows: no body, no trailers */
	const sodns_http_field_t *fields;
	size_t field_count;
} sodns_http_head_t;

/* The value of the first field with this name, in any case; NULL: there is none. */
SODNS_API const char *sodns_http_field(const sodns_http_head_t *h, const char *name);

/* Why a stream is gone. */
enum sodns_http_closed {
	SODNS_HTTP_DONE,   /* request and response are whole */
	SODNS_HTTP_UNSEEN, /* the server says that it has not looked at the request */
	SODNS_HTTP_RESET,  /* either side gave it up */
	SODNS_HTTP_BROKEN, /* the connection ended, or what came was no HTTP */
};

/* What a session tells. All of a head is there during the call alone, data likewise. Streams are answered,
 * written to and reset from these calls as from elsewhere. */
typedef struct sodns_http_owner {
	uint32_t size;
	/* Bytes for the peer, in order. */
	void (*send)(void *arg, const uint8_t *bytes, size_t len);
	/* A stream has its request (server), or a response (client). If a server's owner does not answer
	 * at once, a client that expects it is told to go on with its body (RFC 9110, 10.1.1). */
	void (*head)(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head);
	void (*data)(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len);
	/* The peer has said all; with trailers, or NULL. */
	void (*end)(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers);
	/* The stream is gone when this returns. Called once for each stream that `head` or the caller
	 * knows, but not by sodns_http_session_end(). */
	void (*closed)(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		       const char *why);
	/* Server: a request that can't be taken: 400 (malformed), 417 (another expectation), 431 (its head
	 * is too large), 501 (another transfer coding), 505 (another version). If the owner does not
	 * answer it, the session does, with an empty body. NULL: the session does. */
	void (*refused)(void *arg, sodns_http_stream_t *s, unsigned status);
	/* Bytes of the stream's body have left: there may be room for more. NULL: not asked for. */
	void (*drained)(void *arg, sodns_http_stream_t *s);
} sodns_http_owner_t;

/* 0 stands for the default of each. */
typedef struct sodns_http_session_options {
	uint32_t size;
	bool server;
	bool http2;           /* else HTTP/1.1, which also reads HTTP/1.0 */
	uint32_t stream_size; /* bytes that the owner has in each stream, cleared */
	uint32_t streams_max; /* of the peer at once, HTTP/2: 100 */
	uint32_t target_max;  /* bytes of a request's target: 8192 */
	uint32_t head_max;    /* bytes of all other fields: 16384 */
	uint32_t
		window; /* bytes of bodies on their way at once, all streams together, HTTP/2: 65535 */
	/* The peer may send no more than a window of each stream until the owner has taken what came, as
	 * sodns_http_stream_taken() says. HTTP/2. */
	bool takes;
} sodns_http_session_options_t;

/* Opens the library, if it is not open: from setup or prepare, where its absence is an error that somebody
 * reads. False: the reason is in err. Blocks. [any thread] */
SODNS_API bool sodns_http_load(char *err, size_t err_size);

/* A session; a client's speaks first, here. `owner` stays the caller's and must last. NULL: no memory, or no
 * library. */
SODNS_API sodns_http_session_t *sodns_http_session_new(const sodns_http_session_options_t *options,
						       const sodns_http_owner_t *owner, void *arg);
/* Frees it and its streams, without a word to peer or owner. NULL is allowed. */
SODNS_API void sodns_http_session_end(sodns_http_session_t *h);
/* Bytes of the peer. How many of them were used: HTTP/1.1 reads no further than a request that is not
 * answered yet; the rest is to come again (with nothing new, perhaps) when it is. Negative: the session is of
 * no use any more, sodns_http_session_why() says why; what it had to say has been sent. */
SODNS_API ptrdiff_t sodns_http_session_receive(sodns_http_session_t *h, const uint8_t *bytes,
					       size_t len);
/* The peer has closed its end: what HTTP/1 delimits by that is whole now, the rest broken. */
SODNS_API void sodns_http_session_closed(sodns_http_session_t *h);
/* Tells the peer that no more streams are welcome; those that are open go on (HTTP/2: GOAWAY; HTTP/1.1: the
 * next response says "Connection: close"). */
SODNS_API void sodns_http_session_finish(sodns_http_session_t *h);
/* Nothing comes or goes any more: the connection is to be closed when what was sent is written. */
SODNS_API bool sodns_http_session_over(const sodns_http_session_t *h);
/* Whether receive() waits for an answer to be given before it reads on. */
SODNS_API bool sodns_http_session_waits(const sodns_http_session_t *h);
/* HTTP/1.1: whether a head, or a body, has begun and is not whole, for callers that bound its time. Streams of
 * HTTP/2 are there from their head on. */
SODNS_API bool sodns_http_session_within(const sodns_http_session_t *h);
/* Client: whether another request may begin now. */
SODNS_API bool sodns_http_session_free(const sodns_http_session_t *h);
/* Why receive() said no. */
SODNS_API const char *sodns_http_session_why(const sodns_http_session_t *h);
/* Bytes that it keeps for its streams: of bodies that have not left, and the streams themselves. */
SODNS_API size_t sodns_http_session_held(const sodns_http_session_t *h);
/* The open streams, one after another: the first for NULL, NULL behind the last. */
SODNS_API sodns_http_stream_t *sodns_http_session_next(const sodns_http_session_t *h,
						       const sodns_http_stream_t *s);
/* The open stream with this number, or NULL. */
SODNS_API sodns_http_stream_t *sodns_http_session_stream(const sodns_http_session_t *h,
							 uint64_t id);

/* A client's request. */
typedef struct sodns_http_ask {
	const char *method, *scheme, *authority, *target;
	const sodns_http_field_t
		*fields; /* without lengths, Host, Connection, which the session adds */
	size_t field_count;
	const void *body; /* copied */
	size_t len;
	bool more; /* further data come by sodns_http_stream_write() and _finish() */
} sodns_http_ask_t;
/* Begins a stream. NULL: none may begin now, or no memory. */
SODNS_API sodns_http_stream_t *sodns_http_session_ask(sodns_http_session_t *h,
						      const sodns_http_ask_t *ask);

/* The owner's bytes in the stream; the stream's number in its session, which no later one has; and the
 * stream that has these bytes. */
SODNS_API void *sodns_http_stream_state(sodns_http_stream_t *s);
SODNS_API uint64_t sodns_http_stream_id(const sodns_http_stream_t *s);
SODNS_API sodns_http_stream_t *sodns_http_stream_of(void *state);
/* Server: the whole response, with its length; to HEAD its head alone goes. A response before the request is
 * whole ends an HTTP/1.1 connection. The body is copied. False: it is answered already, or no memory, or a
 * field that is none. The stream may be gone when this returns, and others with it, as with every function
 * below that sends, unless it is called from one of the session's calls. */
SODNS_API bool sodns_http_stream_answer(sodns_http_stream_t *s, unsigned status,
					const sodns_http_field_t *fields, size_t count,
					const void *body, size_t len);
/* Server: the head of a response whose length is not known yet. */
SODNS_API bool sodns_http_stream_begin(sodns_http_stream_t *s, unsigned status,
				       const sodns_http_field_t *fields, size_t count);
/* More of a body that was begun; copied. False: no memory. */
SODNS_API bool sodns_http_stream_write(sodns_http_stream_t *s, const void *bytes, size_t len);
/* The end of it, with trailers, if there are any. */
SODNS_API bool sodns_http_stream_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers,
					size_t count);
/* Bytes written that have not left. */
SODNS_API size_t sodns_http_stream_held(const sodns_http_stream_t *s);
/* Bytes of data that the owner is done with, where the session's option `takes` is set. */
SODNS_API void sodns_http_stream_taken(sodns_http_stream_t *s, size_t len);
/* Gives it up. `busy`: for there is too much of it (ENHANCE_YOUR_CALM), else CANCEL; an HTTP/1.1 session
 * is over with that. The owner's `closed` is called soon. */
SODNS_API void sodns_http_stream_reset(sodns_http_stream_t *s, bool busy);

#endif
