/*
 * DNS over HTTPS (RFC 8484), for both versions of HTTP: http1.c and http2.c read requests and write
 * answers; doh.c knows what they mean.
 */
#ifndef HTTPS_DOH_H
#define HTTPS_DOH_H

#include <sodns/query.h>
#include <sodns/transport.h>

/* Longest message, and what it may be in base64; longer paths and bodies are refused. */
#define MESSAGE_MAX 65535u
#define TARGET_MAX 87400u
#define HEADERS_MAX 16384u

/* A request as it comes in. The buffers grow as needed, by request_append(). */
struct request {
	struct request *next;                 /* in the queue of those that are complete */
	struct request *open_next, **open_at; /* HTTP/2: among those of open streams */
	int32_t stream;                       /* HTTP/2 */
	bool post, other, head, ended;
	bool expects;   /* 100-continue */
	bool answered;  /* HTTP/2: a body that still comes is not kept */
	unsigned wrong; /* HTTP/2: status for headers that can't be met; 0: none */
	uint64_t
		deadline; /* of sodns_now(): to be whole, then for the answer to be taken; 0: none */
	size_t held;      /* HTTP/2: bytes as far as counted */
	char *target;     /* path and query */
	size_t target_len, target_room;
	char *body;
	size_t body_len, body_room;
	size_t header_bytes;
};

/* Adds to a buffer of the request; false: too long, or no memory. */
bool request_append(char **buffer, size_t *len, size_t *room, const void *bytes, size_t more,
		    size_t most);
void request_free(struct request *r);
/* Frees target and body, which are no longer needed. */
void request_drop_buffers(struct request *r);

/* What an answer says besides its body. */
struct answer_head {
	unsigned status;
	const char *type; /* of the body */
	char cache[32];   /* "max-age=300", or "" */
};

/* The DNS message of a complete request: its length, in `out`, or 0 with an error's status and text. */
size_t request_message(const struct request *r, uint8_t out[MESSAGE_MAX], unsigned *status,
		       const char **text);
/* What an error's answer says that has no message of its own. */
const char *refusal_text(unsigned status);
/* The head of the answer that carries a DNS message; len 0: there is none, and the text is the
 * body. */
void answer_head(const uint8_t *message, size_t len, struct answer_head *head, const char **text);
/* 200 if the target's path is that of DNS over HTTPS, 404 if it is another one, 400 if it is none. */
unsigned target_status(const char *target, size_t len);
/* The message in the target's parameter `dns`: its length, or 0: there is none, or more than one. */
size_t target_message(const char *target, size_t len, uint8_t *out, size_t size);
/* Counts an answer. */
void count_answer(const sodns_conn_t *c, unsigned status);

/* What a connection has. */
struct web {
	struct http1 *http1;
	struct http2 *http2;
};

struct http1 *http1_new(sodns_conn_t *c);
void http1_free(struct http1 *h);
ptrdiff_t http1_receive(struct http1 *h, const uint8_t *bytes, size_t len);
void http1_reply(struct http1 *h, const uint8_t *message, size_t len);
/* Not 0: a request takes too long. */
int http1_tick(const struct http1 *h, uint64_t now);

struct http2 *http2_new(sodns_conn_t *c);
void http2_free(struct http2 *h);
ptrdiff_t http2_receive(struct http2 *h, const uint8_t *bytes, size_t len);
void http2_reply(struct http2 *h, uint64_t token, const uint8_t *message, size_t len);
/* Gives streams up that take too long. Not 0: the connection as well. */
int http2_tick(struct http2 *h, uint64_t now);

/* base64url without padding (RFC 4648, 5), as in RFC 8484. The length, or -1. */
ptrdiff_t base64url_decode(const char *text, size_t len, uint8_t *out, size_t size);
/* The least TTL of a message, at most an hour; 5 where there is none (RFC 8484, 5.1). Of the SOA record of
 * a denial it is the less of its TTL and its MINIMUM (RFC 2308, 5). */
uint32_t message_age(const uint8_t *message, size_t len);

#endif
