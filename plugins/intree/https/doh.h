/*
 * DNS over HTTPS (RFC 8484): web.c has the requests of a connection, doh.c knows what they mean.
 */
#ifndef HTTPS_DOH_H
#define HTTPS_DOH_H

#include <sodns/http_session.h>
#include <sodns/query.h>
#include <sodns/transport.h>

/* Longest message, and what it may be in base64; longer paths and bodies are refused. */
#define MESSAGE_MAX 65535u
#define TARGET_MAX 87400u
#define HEADERS_MAX 16384u

/* A request; it lies in its stream. */
struct request {
	struct request *next; /* among those that are whole, and not handed over yet */
	bool queued;
	bool collects; /* its body is the message */
	unsigned
		wrong; /* the status that it is answered with when it is whole; 0: it has a message */
	uint64_t
		deadline; /* HTTP/2, of sodns_now(): to be whole, then for the answer to be taken; 0: none */
	size_t received; /* of its body */
	uint8_t *message;
	size_t len, room;
};

/* What an answer says besides its body. */
struct answer_head {
	unsigned status;
	const char *type; /* of the body */
	char cache[32];   /* "max-age=300", or "" */
};

/* Reads what a request's head says. */
void request_begin(struct request *r, const sodns_http_head_t *head);
/* More of its body. False: too long, or no memory. */
bool request_append(struct request *r, const uint8_t *bytes, size_t len);
void request_clear(struct request *r);
/* Of a whole request: whether it has a DNS message; else its status is in r->wrong. */
bool request_is_query(struct request *r);
/* What an error's answer says. */
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
	sodns_conn_t *conn;
	sodns_http_session_t *session;
	bool http2;
	uint64_t deadline; /* HTTP/1.1: for the request to be whole; 0: none has begun */
	struct request *first, **last; /* whole, and not handed over yet */
	size_t held;                   /* bytes of messages */
};

bool web_open(struct web *w, sodns_conn_t *c, bool http2);
void web_close(struct web *w);
ptrdiff_t web_receive(struct web *w, const uint8_t *bytes, size_t len);
void web_reply(struct web *w, uint64_t token, const uint8_t *message, size_t len);
/* Gives streams up that take too long. Not 0: the connection as well. */
int web_tick(struct web *w, uint64_t now);
/* The least TTL of a message, at most an hour; 5 where there is none (RFC 8484, 5.1). Of the SOA record of
 * a denial it is the less of its TTL and its MINIMUM (RFC 2308, 5). */
uint32_t message_age(const uint8_t *message, size_t len);

#endif
