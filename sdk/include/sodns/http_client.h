/*
 * Asking HTTP servers: for a service (wait.h), which goes on with others while it waits, and for prepare,
 * which blocks. A client keeps connections to the servers that it has asked; it is for one kind of server,
 * with one TLS context, and may be used by several tasks and threads at once. HTTP/1.1, and over TLS HTTP/2
 * with servers that prefer it.
 *
 *	setup:     self->http = sodns_http_client_new(self->tls);
 *	service:   const sodns_http_request_t ask = {.size = sizeof(ask), .url = "http://opa:8181/health", .patience = 2 * SODNS_SECOND};
 *	           sodns_http_response_t *r = sodns_http_client_fetch(self->http, &ask, err, sizeof(err));
 *	           if (!r) sodns_log(SODNS_LOG_WARNING, "policy", "%s", err);
 *	           sodns_http_response_free(r);
 *	teardown:  sodns_http_client_free(self->http);
 */
#ifndef SODNS_HTTP_CLIENT_H
#define SODNS_HTTP_CLIENT_H

#include <sodns/http_session.h>
#include <sodns/tls.h>
#include <sodns/wait.h>

typedef struct sodns_http_client sodns_http_client_t;
typedef struct sodns_http_response sodns_http_response_t;

typedef struct sodns_http_request {
	uint32_t size;
	const char *url;    /* "https://host:8443/v1/data?pretty"; a host, an address, or "[::1]" */
	const char *method; /* NULL: GET, with a body POST */
	const sodns_http_field_t *fields;
	size_t field_count;
	const void *body;
	size_t len;
	uint64_t patience; /* for all of it, finding the server's address included; 0: 10 s */
	uint32_t max;      /* bytes of the answer's body; 0: 1 MiB */
	/* Takes the body as it comes instead of keeping it, from a response whose status is 2xx; false: it
	 * has seen enough, and the connection is closed. Called on the caller's thread. `patience` is then what may
	 * pass without anything coming, and `max` is not looked at. */
	bool (*data)(void *arg, const uint8_t *bytes, size_t len);
	void *arg;
} sodns_http_request_t;

/* tls: the context for https:// (loaded before the first such request), of which it keeps a count; NULL: http://
 * alone. NULL: no memory, or no library, which sodns_http_load() tells apart. Blocks, for it may open the
 * library. [any thread] */
SODNS_API sodns_http_client_t *sodns_http_client_new(sodns_tls_t *tls);
/* Closes what it has kept. No request may be under way. NULL is allowed. */
SODNS_API void sodns_http_client_free(sodns_http_client_t *c);
/* Asks, and waits for the whole answer, whatever its status says; redirections are not followed. A request that
 * a kept connection has failed without a byte in return is tried once more on a new one. NULL: the reason
 * is in err, worded "dial tcp 192.0.2.1:8181: connect: connection refused", "no answer within 2s",
 * "tls: certificate verify failed"; never later than `patience` from now, or than the task's deadline. [may wait] */
SODNS_API sodns_http_response_t *sodns_http_client_fetch(sodns_http_client_t *c,
							 const sodns_http_request_t *request,
							 char *err, size_t err_size) SODNS_MAY_WAIT;

/* The answer: its status, a field's value or NULL, and its body, which is NULL-ended beyond its length. */
SODNS_API unsigned sodns_http_response_status(const sodns_http_response_t *r);
SODNS_API const char *sodns_http_response_field(const sodns_http_response_t *r, const char *name);
SODNS_API const char *sodns_http_response_body(const sodns_http_response_t *r, size_t *len);
/* NULL is allowed. */
SODNS_API void sodns_http_response_free(sodns_http_response_t *r);

#endif
