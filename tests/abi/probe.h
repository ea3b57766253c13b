/*
 * One part of the interface each, tried by a query: "NAME. TXT" is answered with what its function
 * has written.
 */
#ifndef PROBE_H
#define PROBE_H

#include <sodns/expr.h>
#include <sodns/http.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/regex.h>
#include <sodns/share.h>
#include <sodns/tls.h>
#include <sodns/upstream.h>
#include <sodns/wait.h>
#include <sodns/zone.h>

struct probe {
	/* from the Corefile */
	bool flag, boolean;
	uint32_t number;
	uint64_t duration;
	const char *string, *called;
	sodns_fallthrough_t fall;
	const uint8_t *const *zones;
	size_t zone_count;

	sodns_expr_env_t *env;
	sodns_expr_t *expression;
	sodns_regex_t *regex;
	sodns_metric_t *counter, *gauge, *histogram;
	sodns_zone_t *zone;
	sodns_shared_t shared;
	sodns_upstream_t *upstream;
	sodns_tls_t *tls;
	sodns_service_t *service;
	uint32_t *inherited;
	uint32_t runs; /* of the service */
};

/* What a probe has to say, at most 255 bytes, by sodns_printf; or a reply of its own in *r. */
typedef const char *(*probe_f)(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			       sodns_reply_t **r);

const char *probe_names(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r);
const char *probe_records(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			  sodns_reply_t **r);
const char *probe_net(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		      sodns_reply_t **r);
const char *probe_json(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		       sodns_reply_t **r);
const char *probe_language(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r);
const char *probe_query(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r);
const char *probe_derived(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			  sodns_reply_t **r);
const char *probe_edited(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			 sodns_reply_t **r);
const char *probe_image(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r);
const char *probe_asked(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r);
const char *probe_failed(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			 sodns_reply_t **r);
const char *probe_observed(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r);
const char *probe_metadata(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r);
const char *probe_zone(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		       sodns_reply_t **r);
const char *probe_find(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
		       sodns_reply_t **r);
const char *probe_sleep(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			sodns_reply_t **r);
const char *probe_exchange(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r);
const char *probe_upstream(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			   sodns_reply_t **r);
const char *probe_elsewhere(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			    sodns_reply_t **r);
const char *probe_shared(struct probe *p, const sodns_handler_t *h, sodns_query_t *q,
			 sodns_reply_t **r);

void probe_zone_fill(struct probe *p);

#endif
