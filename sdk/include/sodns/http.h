/*
 * An HTTP server for plugins that show something to the outside: metrics, health, readiness. One
 * listener serves all that ask for the same address, across server blocks and reloads; paths belong
 * to the plugin that took them last. It is a library of its own, opened when a plugin first asks; requests run
 * on a thread of its own, never on a worker.
 *
 *	prepare:   self->http = sodns_http_open(p, ":8080");      reserves the address
 *	start:     sodns_http_serve(self->http, "/health", answer, self);
 *	stop:      sodns_http_remove(self->http, "/health", self);
 *	teardown:  sodns_http_close(self->http);
 */
#ifndef SODNS_HTTP_H
#define SODNS_HTTP_H

#include <sodns/net.h>

typedef struct sodns_http sodns_http_t;
typedef struct sodns_http_exchange sodns_http_exchange_t;
/* Answers a request by the functions below; without any of them the answer is an empty 200. On the
 * server's thread; may block it for a short while. */
typedef void (*sodns_http_f)(void *arg, sodns_http_exchange_t *x);

/* Reserves "HOST:PORT" (":8080": all addresses; the port 0 is any free one), or counts one more user
 * of the listener that is there. It accepts connections while it has a path. NULL: the error is
 * noted in p, worded "listen tcp :8080: bind: address already in use"; without p, which may be NULL
 * for what a configuration can do without, it is logged. [prepare] */
SODNS_API sodns_http_t *sodns_http_open(sodns_prepare_t *p, const char *address);
/* The same for what a configuration can do without and is tried for again: the error is in err. Blocks,
 * where the host is a name. [any thread] */
SODNS_API sodns_http_t *sodns_http_try(const char *address, char *err, size_t err_size);
/* The same with TLS: certificate and key in PEM files; ca, unless NULL, verifies clients. [prepare] */
SODNS_API sodns_http_t *sodns_http_open_tls(sodns_prepare_t *p, const char *address,
					    const char *cert, const char *key, const char *ca);
/* Where it listens, with the port that was found for port 0. [any thread] */
SODNS_API void sodns_http_address(const sodns_http_t *h, sodns_address_t *out);
/* From now on requests for path are answered by fn(arg), in place of what did so before. [any thread] */
SODNS_API void sodns_http_serve(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg);
/* Lets go of a path, if it is still arg's. When it returns no request runs in fn(arg) any more. */
SODNS_API void sodns_http_remove(sodns_http_t *h, const char *path, void *arg);
/* One user less; without users the listener closes. NULL is allowed. [any thread] */
SODNS_API void sodns_http_close(sodns_http_t *h);

/* The request: "GET", the path without its query, a header's value or NULL (there is none of that name, in
 * whatever letter case). Until fn returns. */
SODNS_API const char *sodns_http_method(const sodns_http_exchange_t *x);
SODNS_API const char *sodns_http_path(const sodns_http_exchange_t *x);
SODNS_API const char *sodns_http_header(const sodns_http_exchange_t *x, const char *name);
/* The answer: its status (200 unless set), headers, and body, piece by piece (copied). */
SODNS_API void sodns_http_status(sodns_http_exchange_t *x, unsigned status);
SODNS_API void sodns_http_add_header(sodns_http_exchange_t *x, const char *name, const char *value);
SODNS_API void sodns_http_write(sodns_http_exchange_t *x, const char *text, size_t len);

#endif
