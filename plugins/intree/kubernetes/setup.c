/*
 * The directive, and waiting for the cluster at the start.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kubernetes.h"

#define TTL_DEFAULT 5
#define TTL_MAX 3600
#define STARTUP_DEFAULT 5000000000u
#define LOG_NS 500000000u

static int none(sodns_setup_t *s)
{
	size_t count;
	sodns_setup_args(s, &count);
	return count ? sodns_error_args(s) : SODNS_OK;
}

static int one(sodns_setup_t *s, const char **out)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error_args(s);
	*out = args[0];
	return SODNS_OK;
}

static int read_pods(sodns_setup_t *s, void *to)
{
	static const char *const modes[] = {"disabled", "insecure", "verified"};
	struct kubernetes *k = to;
	const char *mode;
	if (one(s, &mode))
		return SODNS_EINVAL;
	for (int i = 0; i < 3; i++)
		if (!strcmp(mode, modes[i])) {
			k->pods = (enum pod_mode)i;
			return SODNS_OK;
		}
	return sodns_error(s,
			   "wrong value for pods: %s,  must be one of: disabled, verified, "
			   "insecure",
			   mode);
}

static int read_namespaces(sodns_setup_t *s, void *to)
{
	struct kubernetes *k = to;
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	const char **all = sodns_setup_alloc(s, (k->namespace_count + count) * sizeof(*all));
	for (size_t i = 0; i < k->namespace_count; i++)
		all[i] = k->namespaces[i];
	for (size_t i = 0; i < count; i++)
		all[k->namespace_count + i] = args[i];
	k->namespaces = all;
	k->namespace_count += count;
	return SODNS_OK;
}

static int read_endpoint(sodns_setup_t *s, void *to)
{
	struct kubernetes *k = to;
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	k->settings.url = args[0];
	if (count > 1)
		sodns_log(SODNS_LOG_WARNING, "kubernetes",
			  "Multiple endpoints have been deprecated, only the first specified "
			  "endpoint '%s' is used",
			  args[0]);
	return SODNS_OK;
}

/* Paths are relative to the block's root. */
static int read_tls(sodns_setup_t *s, void *to)
{
	struct kubernetes *k = to;
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 3)
		return sodns_error_args(s);
	k->settings.cert = sodns_setup_path(s, args[0]);
	k->settings.key = sodns_setup_path(s, args[1]);
	k->settings.ca = sodns_setup_path(s, args[2]);
	return SODNS_OK;
}

static int read_kubeconfig(sodns_setup_t *s, void *to)
{
	struct kubernetes *k = to;
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1 && count != 2)
		return sodns_error_args(s);
	k->settings.kubeconfig = sodns_setup_path(s, args[0]);
	k->settings.context = count > 1 ? args[1] : NULL;
	return SODNS_OK;
}

static int read_selector(sodns_setup_t *s, const char *what, const char **out)
{
	size_t count, len = 1;
	char err[1024];
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	for (size_t i = 0; i < count; i++)
		len += strlen(args[i]) + 1;
	char *joined = sodns_setup_alloc(s, len), *at = joined;
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s%s", i ? " " : "", args[i]);
	char *selector = selector_read(joined, err, sizeof(err));
	if (!selector)
		return sodns_error(s, "unable to parse %s value: '%s': %s", what, joined, err);
	char *copy = sodns_setup_alloc(s, strlen(selector) + 1);
	strcpy(copy, selector);
	free(selector);
	*out = *copy ? copy : NULL;
	return SODNS_OK;
}

static int read_labels(sodns_setup_t *s, void *to)
{
	return read_selector(s, "label selector", &((struct kubernetes *)to)->settings.labels);
}

static int read_namespace_labels(sodns_setup_t *s, void *to)
{
	return read_selector(s, "namespace_label selector",
			     &((struct kubernetes *)to)->settings.namespace_labels);
}

/* As Go's strconv words it; *out is set otherwise. */
static int read_integer(sodns_setup_t *s, const char *property, const char *text, long *out)
{
	char *end;
	errno = 0;
	*out = strtol(text, &end, 10);
	bool blank = !*text || *text == ' ';
	if (!blank && !*end && !errno)
		return SODNS_OK;
	char quoted[256], head[320] = "";
	snprintf(quoted, sizeof(quoted), "\"%s\"", text);
	if (property)
		snprintf(head, sizeof(head), "invalid %s %s: ", property, quoted);
	return sodns_error(s, "%sstrconv.Atoi: parsing %s: %s", head, quoted,
			   errno ? "value out of range" : "invalid syntax");
}

static int read_ttl(sodns_setup_t *s, void *to)
{
	size_t count;
	long ttl;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	if (read_integer(s, NULL, args[0], &ttl))
		return SODNS_EINVAL;
	if (ttl < 0 || ttl > TTL_MAX)
		return sodns_error(s, "ttl must be in range [0, 3600]: %ld", ttl);
	((struct kubernetes *)to)->ttl = (uint32_t)ttl;
	return SODNS_OK;
}

static int read_limit(sodns_setup_t *s, const char *property, uint32_t *out)
{
	const char *text;
	long v;
	if (one(s, &text) || read_integer(s, property, text, &v))
		return SODNS_EINVAL;
	if (v < 0)
		return sodns_error(s, "%s must be >= 0: %ld", property, v);
	*out = v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
	return SODNS_OK;
}

static int read_burst(sodns_setup_t *s, void *to)
{
	return read_limit(s, "apiserver_burst", &((struct kubernetes *)to)->settings.burst);
}

static int read_inflight(sodns_setup_t *s, void *to)
{
	return read_limit(s, "apiserver_max_inflight",
			  &((struct kubernetes *)to)->settings.max_inflight);
}

static int read_qps(sodns_setup_t *s, void *to)
{
	const char *text;
	char *end;
	if (one(s, &text))
		return SODNS_EINVAL;
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

static int read_ignore(sodns_setup_t *s, void *to)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count && strcmp(args[0], "empty_service"))
		return sodns_error(s, "unable to parse ignore value: '%s'", args[0]);
	((struct kubernetes *)to)->ignore_empty |= count > 0;
	return SODNS_OK;
}

static int read_multicluster(sodns_setup_t *s, void *to)
{
	struct kubernetes *k = to;
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	k->imported = NULL;
	k->imported_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t n;
		const uint8_t *const *zones = sodns_setup_zone_text(s, args[i], &n);
		if (!zones)
			return SODNS_EINVAL;
		const uint8_t **all = sodns_setup_alloc(s, (k->imported_count + n) * sizeof(*all));
		if (k->imported_count)
			memcpy(all, k->imported, k->imported_count * sizeof(*all));
		memcpy(all + k->imported_count, zones, n * sizeof(*all));
		k->imported = all;
		k->imported_count += n;
	}
	return SODNS_OK;
}

static int read_startup_timeout(sodns_setup_t *s, void *to)
{
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	if (sodns_duration_from_text(args[0], &ns))
		return sodns_error(s,
				   "failed to parse startup_timeout: %s, time: invalid duration "
				   "\"%s\"",
				   args[0], args[0]);
	((struct kubernetes *)to)->startup_timeout = ns > 0 ? (uint64_t)ns : 0;
	return SODNS_OK;
}

static int read_fallthrough(sodns_setup_t *s, void *to)
{
	return sodns_setup_fallthrough(s, &((struct kubernetes *)to)->fallthrough);
}

static int read_pod_names(sodns_setup_t *s, void *to)
{
	((struct kubernetes *)to)->settings.pod_names = true;
	return none(s);
}

static int read_noendpoints(sodns_setup_t *s, void *to)
{
	((struct kubernetes *)to)->settings.endpoints = false;
	return none(s);
}

static int read_zonal(sodns_setup_t *s, void *to)
{
	struct kubernetes *k = to;
	k->zonal = k->settings.zones = true;
	return none(s);
}

static int read_property(sodns_setup_t *s, struct kubernetes *k)
{
	static const struct {
		const char *name;
		int (*read)(sodns_setup_t *s, void *to);
	} all[] = {
		{"endpoint_pod_names", read_pod_names},
		{"pods", read_pods},
		{"namespaces", read_namespaces},
		{"endpoint", read_endpoint},
		{"tls", read_tls},
		{"labels", read_labels},
		{"namespace_labels", read_namespace_labels},
		{"fallthrough", read_fallthrough},
		{"ttl", read_ttl},
		{"noendpoints", read_noendpoints},
		{"zonal", read_zonal},
		{"ignore", read_ignore},
		{"kubeconfig", read_kubeconfig},
		{"multicluster", read_multicluster},
		{"startup_timeout", read_startup_timeout},
		{"apiserver_qps", read_qps},
		{"apiserver_burst", read_burst},
		{"apiserver_max_inflight", read_inflight},
	};
	const char *word = sodns_setup_value(s);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(word, all[i].name))
			return all[i].read(s, k);
	return sodns_error_property(s);
}

static bool is_reverse(const uint8_t *zone)
{
	sodns_prefix_t p;
	/* The bare ones count as forward, as with CoreDNS. */
	return sodns_name_is_reverse(zone) && (sodns_prefix_from_reverse(zone, &p) || p.bits);
}

static int read_zones(sodns_setup_t *s, struct kubernetes *k)
{
	k->zones = sodns_setup_zone_args(s, &k->zone_count);
	if (!k->zones)
		return SODNS_EINVAL;
	for (size_t i = 0; i < k->zone_count && !k->primary; i++)
		if (!is_reverse(k->zones[i]))
			k->primary = k->zones[i];
	return k->primary ? SODNS_OK : sodns_error(s, "non-reverse zone name must be used");
}

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
	k->settings.pods = k->pods == PODS_VERIFIED;
	k->settings.imports = k->imported_count > 0;
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct kubernetes *k = sodns_setup_alloc(s, sizeof(*k));
	k->ttl = TTL_DEFAULT;
	k->startup_timeout = STARTUP_DEFAULT;
	k->settings.endpoints = true;
	for (unsigned i = 0; sodns_setup_next(s); i++) {
		if (i)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		int rc = read_zones(s, k);
		while (!rc && sodns_setup_block(s))
			rc = read_property(s, k);
		if (!rc)
			rc = check(s, k);
		if (rc)
			return rc;
	}
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
	     .serve_dns = kubernetes_serve, .prepare = prepare, .teardown = teardown,
	     .ability = ability);
