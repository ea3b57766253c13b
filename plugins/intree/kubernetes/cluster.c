/*
 * A cluster: its watches, what they bring, and which instances share it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodns/metrics.h>

#include "kubernetes.h"

/* What two generations of this plugin agree on when they share a cluster. */
#define LAYOUT 1u

/* A watch's callbacks know their collection by this. */
struct watching {
	struct cluster *cluster;
	int collection;
	sodns_metric_t *connected, *heard;
};

static const char *const paths[COLLECTIONS] = {
	[SERVICES] = "/api/v1/services",
	[SLICES] = "/apis/discovery.k8s.io/v1/endpointslices",
	[PODS] = "/api/v1/pods",
	[NAMESPACES] = "/api/v1/namespaces",
	[IMPORTS] = "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports",
	[IMPORTED_SLICES] = "/apis/discovery.k8s.io/v1/endpointslices",
};

static void on_begin(void *arg)
{
	struct watching *w = arg;
	store_list_begin(&w->cluster->store, w->collection);
}

static void measure(double seconds, bool headless)
{
	static double buckets[20];
	static const char *const labels[] = {"service_kind", NULL};
	static const sodns_family_t family = {
		.name = "coredns_kubernetes_dns_programming_duration_seconds",
		.help = "Histogram of the time (in seconds) it took to program a dns instance.",
		.kind = SODNS_HISTOGRAM,
		.labels = labels,
		.buckets = buckets,
		.bucket_count = sizeof(buckets) / sizeof(buckets[0])};
	const char *kind = headless ? "headless_with_selector" : "cluster_ip";
	for (int i = 0; i < 20 && !buckets[19]; i++)
		buckets[i] = 0.001 * (1 << i);
	sodns_metric_observe(sodns_metric(&family, &kind), seconds);
}

static void on_object(void *arg, enum sodns_watch_kind kind, sodns_json_t *object)
{
	struct watching *w = arg;
	bool headless;
	double seconds = store_object(&w->cluster->store, w->collection, kind, object, &headless);
	if (seconds >= 0)
		measure(seconds, headless);
}

static void on_end(void *arg)
{
	struct watching *w = arg;
	store_list_end(&w->cluster->store, w->collection);
	atomic_fetch_and(&w->cluster->waited_for, ~(1u << w->collection));
}

static bool on_more(void *arg)
{
	struct watching *w = arg;
	return store_sweep(&w->cluster->store, w->collection);
}

static void on_heard(void *arg, bool connected)
{
	const struct watching *w = arg;
	sodns_metric_set(w->connected, connected);
	if (connected)
		sodns_metric_set(w->heard, (double)time(NULL));
}

/* Of what was never heard, its beginning tells how long that is. */
static void make_metrics(struct watching *w)
{
	static const char *const names[COLLECTIONS] = {
		[SERVICES] = "services",
		[SLICES] = "endpointslices",
		[PODS] = "pods",
		[NAMESPACES] = "namespaces",
		[IMPORTS] = "serviceimports",
		[IMPORTED_SLICES] = "imported endpointslices",
	};
	static const char *const labels[] = {"host", "resource", NULL};
	static const sodns_family_t connected = {
		.name = "sodns_kubernetes_watch_connected",
		.help = "Whether there is a watch that the API server has answered.",
		.kind = SODNS_GAUGE,
		.labels = labels};
	static const sodns_family_t heard = {
		.name = "sodns_kubernetes_watch_heard_timestamp_seconds",
		.help = "When the API server was last heard on the watch.",
		.kind = SODNS_GAUGE,
		.labels = labels};
	const char *const values[] = {sodns_api_host(w->cluster->api), names[w->collection]};
	w->connected = sodns_metric_own(&connected, values);
	w->heard = sodns_metric_own(&heard, values);
	sodns_metric_set(w->connected, 0);
	sodns_metric_set(w->heard, (double)time(NULL));
}

static void on_failed(void *arg, const char *why)
{
	(void)arg;
	sodns_log(SODNS_LOG_ERROR, "kubernetes", "Failed to watch %s", why);
}

/* Requests of the client, as client-go counts them. */
static void on_request(void *arg, const sodns_api_request_t *r)
{
	static const char *const count_labels[] = {"code", "method", "host", NULL};
	static const char *const time_labels[] = {"verb", "host", NULL};
	static const double buckets[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
	static const sodns_family_t total = {
		.name = "coredns_kubernetes_rest_client_requests_total",
		.help = "Number of HTTP requests, partitioned by status code, method, and host.",
		.labels = count_labels};
	static const sodns_family_t duration = {
		.name = "coredns_kubernetes_rest_client_request_duration_seconds",
		.help = "Request latency in seconds. Broken down by verb and host.",
		.kind = SODNS_HISTOGRAM,
		.labels = time_labels,
		.buckets = buckets,
		.bucket_count = sizeof(buckets) / sizeof(buckets[0])};
	static const sodns_family_t limiter = {
		.name = "coredns_kubernetes_rest_client_rate_limiter_duration_seconds",
		.help = "Client side rate limiter latency in seconds. Broken down by verb and "
			"host.",
		.kind = SODNS_HISTOGRAM,
		.labels = time_labels,
		.buckets = buckets,
		.bucket_count = sizeof(buckets) / sizeof(buckets[0])};
	char code[16] = "<error>";
	(void)arg;
	if (r->status)
		snprintf(code, sizeof(code), "%d", r->status);
	const char *const counted[] = {code, "GET", r->host}, *const timed[] = {"GET", r->host};
	sodns_metric_add(sodns_metric(&total, counted), 1);
	if (r->watch)
		return;
	sodns_metric_observe(sodns_metric(&duration, timed), r->seconds);
	sodns_metric_observe(sodns_metric(&limiter, timed), r->waited);
}

static void watch(struct cluster *c, int collection, const char *labels, const char *fields)
{
	struct watching *w = malloc(sizeof(*w));
	if (!w)
		abort();
	*w = (struct watching){.cluster = c, .collection = collection};
	make_metrics(w);
	const sodns_collection_t spec = {.size = sizeof(spec),
					 .path = paths[collection],
					 .label_selector = labels,
					 .field_selector = fields,
					 .begin = on_begin,
					 .object = on_object,
					 .end = on_end,
					 .more = on_more,
					 .failed = on_failed,
					 .heard = on_heard,
					 .arg = w};
	atomic_fetch_or(&c->waited_for, 1u << collection);
	c->watching[collection] = w;
	c->watch[collection] = sodns_watch_start(c->api, &spec);
}

static void watch_all(struct cluster *c, const struct settings *s)
{
	/* Whatever starts: it must not seem that everything is synced because little was begun. */
	char imported[1024];
	snprintf(imported, sizeof(imported), "multicluster.kubernetes.io/service-name%s%s",
		 s->labels ? "," : "", s->labels ? s->labels : "");
	atomic_store(&c->waited_for, 1u << COLLECTIONS);
	watch(c, NAMESPACES, s->namespace_labels, NULL);
	watch(c, SERVICES, s->labels, NULL);
	if (s->endpoints)
		watch(c, SLICES, s->labels, NULL);
	if (s->pods)
		watch(c, PODS, s->labels,
		      "status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown");
	if (s->imports) {
		watch(c, IMPORTS, s->namespace_labels, NULL);
		watch(c, IMPORTED_SLICES, imported, NULL);
	}
	atomic_fetch_and(&c->waited_for, ~(1u << COLLECTIONS));
}

static void cluster_free(void *cluster)
{
	struct cluster *c = cluster;
	store_free(&c->store);
	free(c);
}

/* The last generation that had it is gone, and so are its queries; indexes may still be waiting to be
 * freed, and are on their own. */
static void cluster_release(void *cluster)
{
	struct cluster *c = cluster;
	for (int i = 0; i < COLLECTIONS; i++) {
		struct watching *w = c->watching[i];
		sodns_watch_stop(c->watch[i]);
		if (!w)
			continue;
		sodns_metric_drop(w->connected);
		sodns_metric_drop(w->heard);
		free(w);
	}
	sodns_api_close(c->api);
	sodns_retire(c, cluster_free);
}

static const char *or_none(const char *text)
{
	return text ? text : "";
}

void cluster_begin(struct cluster *c, const struct settings *s)
{
	if (!atomic_exchange(&c->begun, true))
		watch_all(c, s);
}

struct cluster *cluster_of(sodns_prepare_t *p, const struct settings *s)
{
	char *key = NULL;
	if (asprintf(&key, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%g %u %u %d%d%d%d%d",
		     or_none(s->kubeconfig), or_none(s->context), or_none(s->url), or_none(s->cert),
		     or_none(s->key), or_none(s->ca), or_none(s->labels),
		     or_none(s->namespace_labels), s->qps, s->burst, s->max_inflight, s->pods,
		     s->endpoints, s->imports, s->pod_names, s->zones) < 0)
		abort();
	struct cluster *c = sodns_inherit(p, key, LAYOUT);
	if (c) {
		free(key);
		return c;
	}
	const sodns_api_options_t options = {.size = sizeof(options),
					     .kubeconfig = s->kubeconfig,
					     .context = s->context,
					     .url = s->kubeconfig ? NULL : s->url,
					     .cert = s->cert,
					     .key = s->key,
					     .ca = s->ca,
					     .qps = s->qps,
					     .burst = s->burst,
					     .max_inflight = s->max_inflight,
					     .observe = on_request};
	sodns_api_t *api = sodns_api_open(p, &options);
	if (api) {
		c = calloc(1, sizeof(*c));
		if (!c)
			abort();
		c->api = api;
		c->store.pod_names = s->pod_names;
		c->store.zones = s->zones;
		store_init(&c->store);
		atomic_store(&c->waited_for, 1u << COLLECTIONS);
		sodns_bequeath(p, key, LAYOUT, c, cluster_release);
	}
	free(key);
	return c;
}
