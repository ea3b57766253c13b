/*
 * prometheus: what is counted for each query, and where it is kept so that counting costs little.
 */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include <stdatomic.h>

#include <sodns/ability.h>
#include <sodns/http.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/wait.h>

#define TYPES 20  /* those that are told apart, and "other" */
#define RCODES 25 /* 0 to 23, and all above */
#define PLUGINS_MAX 128

/* The metrics of one server, zone and view. Each is looked up by its labels when it is first needed,
 * and then found by small numbers. */
struct place {
	const char *server, *zone, *view;
	_Atomic(sodns_metric_t *) requests[2][2][TYPES]; /* proto, family, type */
	_Atomic(sodns_metric_t *) duration, with_do;
	_Atomic(sodns_metric_t *) request_size[2], response_size[2]; /* proto */
	_Atomic(_Atomic(sodns_metric_t *) *) responses[RCODES];      /* rows of PLUGINS_MAX */
};

/* What is known of a query when it has been answered. */
struct outcome {
	int rcode;
	size_t size;        /* of the reply as made, before it is fitted */
	const char *plugin; /* that made the reply, "" for the server */
};

struct prometheus {
	const char *address;
	const uint8_t *const *zones;
	size_t zone_count, server_count;
	const char *const *servers;
	const char *const *zone_texts;
	struct place *places; /* zone_count + 1 for each server: the last is for "." */
	sodns_http_t *http;   /* NULL: the address can't be had yet */
	bool begun;           /* the path is there */
	bool on;              /* plugins count as enabled */
	sodns_service_t *service;
	sodns_metric_t **enabled;
	size_t enabled_count;
	/* For queries that no block serves: one place for each server met. */
	_Atomic(struct place *) unrouted[64];
};

void place_count(struct place *p, sodns_query_t *q, const struct outcome *o, uint64_t ns);

sodns_reply_t *prometheus_serve(const sodns_handler_t *h, sodns_query_t *q);
void prometheus_unrouted(void *self, sodns_query_t *q, const sodns_done_t *done);

/* Brings the process's own metrics up to date. */
void process_update(void);

#endif
