/*
 * What the face and the library agree on: the functions of sodns/watch.h as the library implements
 * them. What runs on the service thread says so; the face sees to that.
 */
#ifndef SODNS_LIB_KUBEWATCH_TABLE_H
#define SODNS_LIB_KUBEWATCH_TABLE_H

#include <uv.h>

#include <sodns/library.h>
#include <sodns/watch.h>

#define KUBEWATCH_NAME "kubewatch"
#define KUBEWATCH_ID "sodns.kubewatch"
#define KUBEWATCH_VERSION 1

typedef struct kubewatch_table {
	sodns_library_head_t head;
	/* Any thread. NULL: the reason is in err. Everything that follows happens on the loop. */
	sodns_api_t *(*open)(uv_loop_t *loop, const sodns_api_options_t *o, char *err,
			     size_t err_size);
	void (*close)(sodns_api_t *a); /* on the service thread */
	const char *(*host)(const sodns_api_t *a);
	sodns_watch_t *(*create)(sodns_api_t *a, const sodns_collection_t *c); /* any thread */
	void (*start)(void *watch); /* on the service thread */
	void (*stop)(void *watch);  /* on the service thread; frees it */
} kubewatch_table_t;

#endif
