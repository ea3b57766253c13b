/*
 * Libraries of ours that are opened when somebody first asks: what they are made of (an HTTP server,
 * TLS) is heavy, and most configurations have no use for it. A provider lies beside libsodns and
 * exports one table of functions, which begins with its size: only libraries of one build are used
 * together.
 */
#ifndef CORE_RUNTIME_PROVIDER_H
#define CORE_RUNTIME_PROVIDER_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

typedef struct provider {
	const char *file, *symbol; /* "libsodns-http.so.1", "sodns_http_provider" */
	const char *what;          /* for messages: "the HTTP server" */
	uint32_t size;             /* of the table */
	pthread_mutex_t lock;
	const uint32_t *table; /* NULL until it has been opened */
} provider_t;

/* The table of functions, opened at the first call; NULL: the reason is in err. Blocks. Any thread. */
const void *provider_open(provider_t *p, char *err, size_t err_size);

/* The folder that libsodns was loaded from, with a final slash; "" if nobody knows. Any thread. */
void provider_folder(char *out, size_t size);

#endif
