/*
 * The watch client's insides. One curl multi serves all API servers and watches, driven by the
 * service thread's loop; a watch (watcher.c) is a machine that makes one request after the other.
 * Everything here runs on that thread, but for sodns_api_open() and the making of a watch.
 */
#ifndef SODNS_LIB_KUBEWATCH_CLIENT_H
#define SODNS_LIB_KUBEWATCH_CLIENT_H

#include <curl/curl.h>

#include <sodns/file.h>

#include "table.h"
#include "access.h"
#include "split.h"

/* How long the loop may be kept from everything else at a time. */
#define SLICE_NS 500000u

struct sodns_api {
	uv_loop_t *loop;
	access_t access;
	char *kubeconfig, *context;      /* that it was read from, or NULL */
	sodns_file_mark_t read;          /* of the kubeconfig */
	char host[256], first_host[256]; /* and port, for metrics: now, and when it was opened */
	double qps, burst, tokens;
	uint64_t tokens_at; /* ns */
	unsigned max_inflight, inflight;
	void (*observe)(void *arg, const sodns_api_request_t *r);
	void *arg;
};

/* A request: the caller embeds this. */
typedef struct request request_t;
struct request {
	sodns_api_t *api;
	CURL *easy; /* NULL: there is none under way */
	struct curl_slist *headers, *connect_to;
	uv_idle_t resume; /* of a transfer that was paused for others' sake */
	bool paused, answered;
	int status;                             /* of HTTP, when it has answered */
	unsigned retry_after;                   /* seconds the server asked for, or 0 */
	uint64_t sent, waited_since, last_byte; /* ns of uv_hrtime() */
	double waited;
	char error[CURL_ERROR_SIZE];
	/* The status line and headers are there. */
	void (*on_answer)(request_t *r);
	/* Bytes of the body. False ends the request, on_end follows. */
	bool (*on_bytes)(request_t *r, const char *bytes, size_t len);
	/* It is over: why is NULL if it ended in order. r->easy is NULL by now. */
	void (*on_end)(request_t *r, const char *why);
};

/* Whether a request may go now (qps, max_inflight); if not, in how many milliseconds to ask again. */
bool client_admits(sodns_api_t *a, uint64_t *wait_ms);
/* GETs path (with its query). */
void client_get(request_t *r, const char *path, bool compressed);
/* Forgets a request without calling on_end. */
void client_drop(request_t *r);
/* text as a query's value; the caller frees it by curl_free(). */
char *client_escape(const char *text);

/* api.c. As the provider's; renew reads a kubeconfig that has changed again, so that renewed credentials
 * are used: one that can't be used, because it is being written, say, is looked at again the next time. */
sodns_api_t *api_open(uv_loop_t *l, const sodns_api_options_t *o, char *err, size_t err_size);
void api_renew(sodns_api_t *a);
void api_close(sodns_api_t *a);
const char *api_host(const sodns_api_t *a);

/* watcher.c */
sodns_watch_t *watcher_create(sodns_api_t *a, const sodns_collection_t *c);
void watcher_start(void *watch);
void watcher_stop(void *watch);

#endif
