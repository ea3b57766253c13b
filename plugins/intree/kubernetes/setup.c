/*
 * The directive, and waiting for the cluster at the start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kubernetes.h"

#define LOG_NS 500000000u

static int check_endpoint(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct kubernetes *k = to;
	(void)s;
	(void)o;
	(void)word;
	k->settings.url = k->urls[0];
	if (k->url_count > 1)
		sodns_log(SODNS_LOG_WARNING, "kubernetes",
			  "Multiple endpoints have been deprecated, only the first specified "
			  "endpoint '%s' is used",
			  k->urls[0]);
	return SODNS_OK;
}

/* In the form in which it is sent; NULL where it selects everything. */
static int check_selector(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct settings *settings = &((struct kubernetes *)to)->settings;
	bool of_namespaces = *o->name == 'n';
	const char **field = of_namespaces ? &settings->namespace_labels : &settings->labels;
	char err[1024];
	(void)word;
	char *selector = selector_read(*field, err, sizeof(err));
	if (!selector)
		return sodns_error(s, "unable to parse %s value: '%s': %s",
				   of_namespaces ? "namespace_label selector" : "label selector",
				   *field, err);
	char *copy = sodns_setup_alloc(s, strlen(selector) + 1);
	strcpy(copy, selector);
	free(selector);
	*field = *copy ? copy : NULL;
	return SODNS_OK;
}

static int read_qps(sodns_setup_t *s, const sodns_option_t *o, const char *text, void *to)
{
	char *end;
	(void)o;
	double qps = strtod(text, &end);
	if (!*text || *end || qps != qps)
		return sodns_error(s,
				   "invalid apiserver_qps \"%s\": strconv.ParseFloat: parsing "
				   "\"%s\": invalid syntax",
				   text, text);
	if (qps < 0)
		return sodns_error(s, "apiserver_qps must be >= 0: %s", text);
	((struct kubernetes *)to)->settings.qps = qps;
	return SODNS_OK;
}

static bool is_reverse(const uint8_t *zone)
{
	sodns_prefix_t p;
	/* The bare ones count as forward, as with CoreDNS. */
	return sodns_name_is_reverse(zone) && (sodns_prefix_from_reverse(zone, &p) || p.bits);
}

static int check_zones(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct kubernetes *k = to;
	(void)o;
	(void)word;
	for (size_t i = 0; i < k->zone_count && !k->primary; i++)
		if (!is_reverse(k->zones[i]))
			k->primary = k->zones[i];
	return k->primary ? SODNS_OK : sodns_error(s, "non-reverse zone name must be used");
}

#define LIMIT(name)                                                                                \
	.says = {.bad = "invalid " name " \"{}\": " SODNS_SAYS_ATOI,                               \
		 .low = name " must be >= 0: {value}"},                                            \
	.otherwise = "no limit"

static const char *const pod_modes[] = {
	[PODS_DISABLED] = "disabled", [PODS_INSECURE] = "insecure", [PODS_VERIFIED] = "verified"};
static const char *const ignored[] = {NULL, "empty_service"};
static const sodns_option_t tls[] = {
	{"CERT", SODNS_OPT_PATH, SODNS_FIELD(struct kubernetes, settings.cert)},
	{"KEY", SODNS_OPT_PATH, SODNS_FIELD(struct kubernetes, settings.key)},
	{"CACERT", SODNS_OPT_PATH, SODNS_FIELD(struct kubernetes, settings.ca)},
};
static const sodns_option_t kubeconfig[] = {
	{"KUBECONFIG", SODNS_OPT_PATH, SODNS_FIELD(struct kubernetes, settings.kubeconfig)},
	{"CONTEXT", SODNS_OPT_TEXT, SODNS_FIELD(struct kubernetes, settings.context),
	 .flags = SODNS_OPT_OPTIONAL, .otherwise = "its current one"},
};
static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct kubernetes, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .check = check_zones, .help = "that are served"},
};
static const sodns_option_t properties[] = {
	{"endpoint", SODNS_OPT_TEXT, SODNS_LIST(struct kubernetes, urls, url_count),
	 .flags = SODNS_OPT_REPLACE, .check = check_endpoint, .form = "URL",
	 .help = "the API server"},
	{"tls", SODNS_OPT_GROUP, .args = SODNS_ROWS(tls), .help = "files for it"},
	{"kubeconfig", SODNS_OPT_GROUP, .args = SODNS_ROWS(kubeconfig),
	 .help = "where the API server is, and how it is spoken to"},
	{"apiserver_qps", SODNS_OPT_PARSE, .parse = read_qps, .form = "QPS",
	 .otherwise = "no limit", .help = "requests a second"},
	{"apiserver_burst", SODNS_OPT_NUMBER, SODNS_FIELD(struct kubernetes, settings.burst),
	 LIMIT("apiserver_burst"), .form = "BURST", .help = "requests at once"},
	{"apiserver_max_inflight", SODNS_OPT_NUMBER,
	 SODNS_FIELD(struct kubernetes, settings.max_inflight), LIMIT("apiserver_max_inflight"),
	 .form = "MAX", .help = "requests that wait for an answer"},
	{"namespaces", SODNS_OPT_TEXT, SODNS_LIST(struct kubernetes, namespaces, namespace_count),
	 .form = "NAMESPACE...", .otherwise = "all", .help = "that are served"},
	{"namespace_labels", SODNS_OPT_TEXT,
	 SODNS_FIELD(struct kubernetes, settings.namespace_labels), .flags = SODNS_OPT_JOINED,
	 .check = check_selector, .form = "EXPRESSION", .help = "namespaces with these labels"},
	{"labels", SODNS_OPT_TEXT, SODNS_FIELD(struct kubernetes, settings.labels),
	 .flags = SODNS_OPT_JOINED, .check = check_selector, .form = "EXPRESSION",
	 .help = "services, slices and pods with these labels"},
	{"pods", SODNS_OPT_WORD, SODNS_FIELD(struct kubernetes, pods), .fallback = "disabled",
	 .words = SODNS_WORDS(pod_modes), .form = "POD-MODE", .help = "names of pods",
	 .says.bad = "wrong value for pods: {},  must be one of: disabled, verified, insecure"},
	{"endpoint_pod_names", SODNS_OPT_FLAG, SODNS_FIELD(struct kubernetes, settings.pod_names),
	 .help = "endpoints are named after their pods"},
	{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct kubernetes, ttl), .max = 3600,
	 .fallback = "5", .flags = SODNS_OPT_IGNORES_MORE, .form = "TTL", .help = "of the answers",
	 .says.bad = SODNS_SAYS_ATOI},
	{"noendpoints", SODNS_OPT_OFF, SODNS_FIELD(struct kubernetes, settings.endpoints),
	 .help = "endpoints are not watched"},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct kubernetes, fallthrough),
	 .help = "passes names that do not exist on"},
	{"ignore", SODNS_OPT_WORD, SODNS_FIELD(struct kubernetes, ignore_empty),
	 .words = SODNS_WORDS(ignored), .flags = SODNS_OPT_OPTIONAL | SODNS_OPT_IGNORES_MORE,
	 .form = "empty_service", .help = "services without a ready endpoint",
	 .says.bad = "unable to parse ignore value: '{}'"},
	{"multicluster", SODNS_OPT_ZONES, SODNS_LIST(struct kubernetes, imported, imported_count),
	 .flags = SODNS_OPT_OPTIONAL | SODNS_OPT_REPLACE, .form = "[ZONES...]",
	 .help = "with imported services"},
	{"zonal", SODNS_OPT_FLAG, SODNS_FIELD(struct kubernetes, zonal),
	 .help = "endpoints by topology zone"},
	{"startup_timeout", SODNS_OPT_DURATION, SODNS_FIELD(struct kubernetes, startup_timeout),
	 .fallback = "5s", .flags = SODNS_OPT_CLAMP | SODNS_OPT_IGNORES_MORE,
	 .help = "for the first lists", .says.bad = "failed to parse startup_timeout: {}, {why}"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_ONCE,
	.help = "serves the names of a Kubernetes cluster",
};

static size_t print_zones(const struct kubernetes *k, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < k->zone_count && n < size; i++) {
		char text[SODNS_NAME_TEXT_MAX];
		sodns_name_to_text(k->zones[i], text);
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " " : "", text);
	}
	return n;
}

static int check_imported(sodns_setup_t *s, const struct kubernetes *k)
{
	for (size_t i = 0; i < k->imported_count; i++) {
		bool ours = false;
		for (size_t z = 0; z < k->zone_count && !ours; z++)
			ours = sodns_name_equal(k->zones[z], k->imported[i]);
		if (ours)
			continue;
		char text[SODNS_NAME_TEXT_MAX], all[2048] = "";
		sodns_name_to_text(k->imported[i], text);
		print_zones(k, all, sizeof(all));
		return sodns_error(s,
				   "is not authoritative for the multicluster zone %s "
				   "(authoritative zones: [%s])",
				   text, all);
	}
	return SODNS_OK;
}

static int check(sodns_setup_t *s, struct kubernetes *k)
{
	if (k->namespaces && k->settings.namespace_labels)
		return sodns_error(s, "namespaces and namespace_labels cannot both be set");
	if (check_imported(s, k))
		return SODNS_EINVAL;
	if (k->zonal && !k->settings.endpoints)
		return sodns_error(s, "zonal requires the endpoint cache; remove noendpoints");
	k->settings.zones = k->zonal;
	k->settings.pods = k->pods == PODS_VERIFIED;
	k->settings.imports = k->imported_count > 0;
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct kubernetes *k = sodns_setup_alloc(s, sizeof(*k));
	if (sodns_setup_read_all(s, k) || check(s, k))
		return SODNS_EINVAL;
	return sodns_add_handler(s, k);
}

static uint64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Answers before the first list would be wrong: they are waited for, but not for ever. The API is asked
 * from here on. */
static bool waits(void *self)
{
	struct kubernetes *k = self;
	uint64_t now = clock_ns();
	if (!k->waited_since) {
		cluster_begin(k->cluster, &k->settings);
		k->waited_since = now;
	}
	if (k->waited || cluster_synced(k->cluster))
		return false;
	uint64_t waited = now - k->waited_since;
	if (waited >= k->startup_timeout) {
		k->waited = true;
		sodns_log(SODNS_LOG_WARNING, "kubernetes",
			  "starting server with unsynced Kubernetes API");
		return false;
	}
	if (waited / LOG_NS > k->told) {
		k->told++;
		sodns_log(SODNS_LOG_INFO, "kubernetes",
			  "waiting for Kubernetes API before starting server");
	}
	return true;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct kubernetes *k = self;
	k->cluster = cluster_of(p, &k->settings);
	if (!k->cluster)
		return SODNS_EINVAL;
	atomic_store(&k->prepared, true);
	servers_find_local(k, p);
	return SODNS_OK;
}

static void teardown(void *self)
{
	struct kubernetes *k = self;
	free(k->local);
}

static bool ready(void *self)
{
	const struct kubernetes *k = self;
	return atomic_load(&k->prepared) && cluster_synced(k->cluster);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_ready_ability_t is_ready = {.size = sizeof(is_ready), .ready = ready};
	static const sodns_await_ability_t awaits = {.size = sizeof(awaits), .waits = waits};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_READY))
		return &is_ready;
	if (!strcmp(id, SODNS_ABILITY_AWAIT))
		return &awaits;
	if (!strcmp(id, SODNS_ABILITY_METADATA))
		return &kubernetes_metadata;
	if (!strcmp(id, SODNS_ABILITY_TRANSFER))
		return &kubernetes_transfer;
	if (!strcmp(id, SODNS_ABILITY_AUTOPATH))
		return &kubernetes_autopath;
	if (!strcmp(id, KUBERNETES_EXTERNAL))
		return &kubernetes_external;
	return NULL;
}

SODNS_PLUGIN(.name = "kubernetes", .version = SODNS_SDK_VERSION, .setup = setup,
	     .options = &options, .serve_dns = kubernetes_serve, .prepare = prepare,
	     .teardown = teardown, .ability = ability);
