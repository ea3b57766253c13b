/*
 * What libsodns and the library of the watch client agree on: the functions of sodns/watch.h as the
 * library implements them. What runs on the service thread says so; libsodns sees to that.
 */
#ifndef CORE_RUNTIME_WATCH_H
#define CORE_RUNTIME_WATCH_H

#include <uv.h>

#include <sodns/watch.h>

#define WATCH_PROVIDER_FILE "libsodns-watch.so.1"
#define WATCH_PROVIDER_SYMBOL "sodns_watch_provider"

/* Only libraries of one build are used together: `size` is the check of that. */
typedef struct watch_provider {
	uint32_t size;
	/* Any thread. NULL: the reason is in err. Everything that follows happens on the loop. */
	sodns_api_t *(*open)(uv_loop_t *loop, const sodns_api_options_t *o, char *err,
			     size_t err_size);
	void (*close)(sodns_api_t *a); /* on the service thread */
	const char *(*host)(const sodns_api_t *a);
	sodns_watch_t *(*create)(sodns_api_t *a, const sodns_collection_t *c); /* any thread */
	void (*start)(void *watch); /* on the service thread */
	void (*stop)(void *watch);  /* on the service thread; frees it */
} watch_provider_t;

/* Takes the library's place, in tests. */
extern const watch_provider_t *watch_instead;

#endif
