/*
 * Watching objects of a Kubernetes API server: a collection is listed, and from then on every change
 * of it arrives, whatever happens to the connection or the server. It is a library of its own, opened
 * when a plugin first asks.
 *
 *	prepare:   self->api = sodns_api_open(p, &options);       reads credentials, asks nothing yet
 *	           self->watch = sodns_watch_start(self->api, &collection);
 *	teardown:  sodns_watch_stop(self->watch);
 *	           sodns_api_close(self->api);
 *
 * A list comes as begin, object…, end. What the consumer knows and the list did not name is gone:
 * drop it at `end` or after, not at `begin`, and nothing ever goes missing while a list is under way. When the
 * server has forgotten where the watch stood (410), or a list breaks off, another `begin` follows.
 * Between lists come changes. A lost connection is resumed where it stood; failures back off, up to
 * half a minute, with jitter.
 *
 * Callbacks run on the service thread, one at a time, and must neither wait nor block.
 */
#ifndef SODNS_WATCH_H
#define SODNS_WATCH_H

#include <sodns/json.h>
#include <sodns/setup.h>

typedef struct sodns_api sodns_api_t;
typedef struct sodns_watch sodns_watch_t;

/* A request that got an answer, or failed. Lists count when they are through, watches when they have
 * begun. */
typedef struct sodns_api_request {
	const char *host; /* "10.96.0.1:443" */
	int status;       /* of HTTP; 0: no answer */
	bool watch;
	double seconds; /* from sending it */
	double waited;  /* for qps and burst, before that */
} sodns_api_request_t;

/* Where the API server is and what we are there: a kubeconfig file; or a URL; or, without either, the
 * service account of the pod that we run in. */
typedef struct sodns_api_options {
	uint32_t size; /* of this struct */
	const char *kubeconfig;
	const char *context; /* of the kubeconfig; NULL: its current one */
	const char *url;
	const char *cert, *key, *ca; /* files, for url; or NULL */
	double qps;                  /* requests a second; 0: any number */
	uint32_t burst;              /* that may come at once where qps is set; 0: 10 */
	uint32_t max_inflight;       /* requests without an answer at a time; 0: any number */
	void (*observe)(void *arg, const sodns_api_request_t *r); /* or NULL */
	void *arg;
} sodns_api_options_t;

/* Reads the options and what they name. NULL: the error is noted in p. Tokens and certificates are
 * read again as they change. [prepare] */
SODNS_API sodns_api_t *sodns_api_open(sodns_prepare_t *p, const sodns_api_options_t *o);
/* After its watches were stopped. NULL is allowed. Not from a callback. [any thread] */
SODNS_API void sodns_api_close(sodns_api_t *a);

enum sodns_watch_kind { SODNS_LISTED, SODNS_ADDED, SODNS_MODIFIED, SODNS_DELETED };

typedef struct sodns_collection {
	uint32_t size;              /* of this struct */
	const char *path;           /* "/api/v1/services" */
	const char *label_selector; /* or NULL */
	const char *field_selector; /* or NULL */
	void (*begin)(void *arg);
	/* The reader stands at the object. */
	void (*object)(void *arg, enum sodns_watch_kind kind, sodns_json_t *object);
	void (*end)(void *arg);
	/* Why it does not go on for now, for the log; it will be tried again. Or NULL. */
	void (*failed)(void *arg, const char *why);
	void *arg;
	uint64_t silence; /* without a byte, after which a connection is given up; 0: 30 to 150 s */
	/* Work that a list's end leaves, done in pieces of less than a millisecond: called again and
	 * again after `end`, between other callbacks, until it returns false or the next list begins.
	 * Or NULL. */
	bool (*more)(void *arg);
	/* Whether there is a connection to the server that has answered: when that changes, and about once
	 * a second while something comes by it (an idle one brings a bookmark a minute). Or NULL. */
	void (*heard)(void *arg, bool connected);
} sodns_collection_t;

/* The server's host and port, as in requests; what it was when it was opened. Until it is closed. [any
 * thread] */
SODNS_API const char *sodns_api_host(const sodns_api_t *a);

/* Begins: callbacks come soon, on the service thread. The strings are copied. Never NULL: a server that is
 * away is tried for again and again. [any thread] */
SODNS_API sodns_watch_t *sodns_watch_start(sodns_api_t *a, const sodns_collection_t *c);
/* When it returns, no callback runs any more. NULL is allowed. Not from a callback. [any thread] */
SODNS_API void sodns_watch_stop(sodns_watch_t *w);

#endif
