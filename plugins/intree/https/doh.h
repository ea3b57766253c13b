/*
 * DNS over HTTPS (RFC 8484), for both versions of HTTP: http1.c and http2.c read requests and write
 * answers; doh.c knows what they mean.
 */
#ifndef HTTPS_DOH_H
#define HTTPS_DOH_H

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
	bool post, other, ended;
	char *target; /* path and query */
	size_t target_len, target_room;
	char *body;
	size_t body_len, body_room;
	size_t header_bytes;
};

/* Adds to a buffer of the request; false: too long, or no memory. */
bool request_append(char **buffer, size_t *len, size_t *room, const void *bytes, size_t more,
		    size_t most);
void request_free(struct request *r);

/* What an answer says besides its body. */
struct answer_head {
	unsigned status;
	const char *type; /* of the body */
	char cache[32];   /* "max-age=300", or "" */
};

/* The DNS message of a complete request: its length, in `out`, or 0 with an error's status and text. */
size_t request_message(const struct request *r, uint8_t out[MESSAGE_MAX], unsigned *status,
		       const char **text);
/* The head of the answer that carries a DNS message; len 0: there is none, and the text is the
 * body. */
void answer_head(const uint8_t *message, size_t len, struct answer_head *head, const char **text);
/* Counts an answer. */
void count_answer(const sodns_conn_t *c, unsigned status);

/* What a connection has. */
struct web {
	struct http1 *http1;
	struct http2 *http2;
};

struct http1 *http1_new(void);
void http1_free(struct http1 *h);
ptrdiff_t http1_receive(struct http1 *h, sodns_conn_t *c, const uint8_t *bytes, size_t len);
void http1_reply(struct http1 *h, sodns_conn_t *c, const uint8_t *message, size_t len);

struct http2 *http2_new(sodns_conn_t *c);
void http2_free(struct http2 *h);
ptrdiff_t http2_receive(struct http2 *h, const uint8_t *bytes, size_t len);
void http2_reply(struct http2 *h, uint64_t token, const uint8_t *message, size_t len);

/* base64url without padding (RFC 4648, 5), as in RFC 8484. The length, or -1. */
ptrdiff_t base64url_decode(const char *text, size_t len, uint8_t *out, size_t size);
/* The least TTL of a message, at most an hour; 5 where there is none (RFC 8484, 5.1). */
uint32_t message_age(const uint8_t *message, size_t len);

#endif
