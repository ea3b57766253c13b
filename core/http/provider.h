/*
 * What libsodns and the library of the HTTP server agree on: the functions of sodns/http.h as the
 * library implements them. Most configurations have no use for HTTP, so that the library, and what
 * it is made of, is opened when a plugin first asks.
 */
#ifndef CORE_HTTP_PROVIDER_H
#define CORE_HTTP_PROVIDER_H

#include <sodns/http.h>

#include "net/socket.h"

#define HTTP_PROVIDER_FILE "libsodns-http.so.1"
#define HTTP_PROVIDER_SYMBOL "sodns_http_provider"

/* Files of a TLS server; all NULL: plain HTTP. */
typedef struct http_tls {
	const char *cert, *key, *ca;
} http_tls_t;

/* Where listening sockets come from: the process that may bind low ports, and outlives this one. */
typedef struct http_sockets {
	/* Bound, not listening; or a negative errno. */
	int (*open)(const socket_spec_t *spec);
	void (*release)(const socket_spec_t *spec);
} http_sockets_t;

/* As in sodns/http.h; `open` writes its reason to err. Only libraries of one build are used
 * together: `size` is the check of that. */
typedef struct http_provider {
	uint32_t size;
	sodns_http_t *(*open)(const char *address, const http_tls_t *tls,
			      const http_sockets_t *sockets, char *err, size_t err_size);
	void (*address)(const sodns_http_t *h, sodns_address_t *out);
	void (*serve)(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg);
	void (*remove)(sodns_http_t *h, const char *path, void *arg);
	void (*close)(sodns_http_t *h);
	const char *(*method)(const sodns_http_exchange_t *x);
	const char *(*path)(const sodns_http_exchange_t *x);
	const char *(*header)(const sodns_http_exchange_t *x, const char *name);
	void (*status)(sodns_http_exchange_t *x, unsigned status);
	void (*add_header)(sodns_http_exchange_t *x, const char *name, const char *value);
	void (*write)(sodns_http_exchange_t *x, const char *text, size_t len);
} http_provider_t;

#endif
