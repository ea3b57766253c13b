/*
 * The directive, the path /metrics, and which plugins are on.
 */
#include <stdlib.h>
#include <string.h>

#include "prometheus.h"

#define AGAIN (5 * SODNS_SECOND)

static const sodns_option_t args[] = {
	{"ADDRESS", SODNS_OPT_LISTEN, SODNS_FIELD(struct prometheus, address),
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "localhost:9153", .help = "where to listen"},
};
static const sodns_option_t properties[] = {
	{"runtime_metrics", SODNS_OPT_IGNORED,
	 .says.note = "runtime_metrics are those of a Go runtime, which is not here"},
	{"tls", SODNS_OPT_REFUSED, .says.note = "tls is not in this release"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_ONCE,
					.says.unknown = "unknown option: {}",
					.help = "metrics by HTTP"};

static int setup(sodns_setup_t *s)
{
	struct prometheus *p = sodns_setup_alloc(s, sizeof(*p));
	p->zones = sodns_setup_zones(s, &p->zone_count);
	return sodns_setup_read_all(s, p) ? SODNS_EINVAL : sodns_add_handler(s, p);
}

/* Which plugins are in the chain, for each server and zone of the block. */
struct naming {
	struct prometheus *p;
	const char *view;
};

/* A plugin may have several places in a chain. */
static void add_once(struct prometheus *p, sodns_metric_t *m)
{
	for (size_t i = 0; i < p->enabled_count; i++)
		if (p->enabled[i] == m)
			return;
	p->enabled[p->enabled_count++] = m;
}

static void note_plugin(void *arg, const sodns_instance_t *i)
{
	static const char *const labels[] = {"server", "zone", "view", "name", NULL};
	static const sodns_family_t family = {
		.name = "coredns_plugin_enabled",
		.help = "A metric that indicates whether a plugin is enabled on per server and "
			"zone basis.",
		.kind = SODNS_GAUGE,
		.labels = labels};
	const struct naming *n = arg;
	struct prometheus *p = n->p;
	size_t more = p->server_count * p->zone_count;
	if (!i->in_chain)
		return;
	sodns_metric_t **all = realloc(p->enabled, (p->enabled_count + more) * sizeof(*all));
	if (!all)
		return;
	p->enabled = all;
	for (size_t s = 0; s < p->server_count; s++)
		for (size_t z = 0; z < p->zone_count; z++) {
			const char *const values[] = {p->servers[s], p->zone_texts[z], n->view,
						      i->plugin};
			add_once(p, sodns_metric(&family, values));
		}
}

static void make_places(struct prometheus *p, const char *view)
{
	size_t zones = p->zone_count + 1;
	p->places = calloc(p->server_count * zones, sizeof(*p->places));
	if (!p->places)
		abort();
	for (size_t s = 0; s < p->server_count; s++)
		for (size_t z = 0; z < zones; z++)
			p->places[s * zones + z] = (struct place){
				.server = p->servers[s],
				.zone = z < p->zone_count ? p->zone_texts[z] : ".",
				.view = view};
}

/* What has no labels is shown from the start, as CoreDNS does, whether its plugin is used or not, and
 * whether it ever happens: a rate or an alert over it finds a zero. */
static void make_unlabelled(void)
{
	static const double seconds[] = {0.00025, 0.0025, 0.025, 0.25, 2.5};
	static const sodns_family_t families[] = {
		{.name = "coredns_panics_total",
		 .help = "A metrics that counts the number of panics."},
		{.name = "coredns_reload_failed_total",
		 .help = "Counter of the number of failed reload attempts."},
		{.name = "coredns_forward_healthcheck_broken_total",
		 .help = "Counter of the number of complete failures of the healthchecks."},
		{.name = "coredns_forward_max_concurrent_rejects_total",
		 .help = "Counter of the number of queries rejected because the concurrent "
			 "queries were at maximum."},
		{.name = "coredns_health_request_failures_total",
		 .help = "The number of times the health check failed."},
		{.name = "coredns_health_request_duration_seconds",
		 .help = "Histogram of the time (in seconds) each request took.",
		 .kind = SODNS_HISTOGRAM,
		 .buckets = seconds,
		 .bucket_count = sizeof(seconds) / sizeof(seconds[0])},
		{.name = "coredns_hosts_reload_timestamp_seconds",
		 .help = "The timestamp of the last reload of hosts file.",
		 .kind = SODNS_GAUGE},
		{.name = "coredns_local_localhost_requests_total",
		 .help = "Counter of special localhost subdomain requests."},
		{.name = "sodns_failed_starts_total",
		 .help = "Times that the system let the parent make no serving process."},
		{.name = "sodns_suspects_total",
		 .help = "Queries answered SERVFAIL because their question crashed the process "
			 "before."},
		{.name = "sodns_regex_limit_total",
		 .help = "Matches given up because the pattern ran into its limits.",
		 .kind = SODNS_TOTAL},
	};
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		sodns_metric(&families[i], NULL);
}

static void make_constants(void)
{
	static const char *const labels[] = {"version", "revision", "goversion", NULL};
	static const sodns_family_t build = {
		.name = "coredns_build_info",
		.help = "A metric with a constant '1' value labeled by version, revision, and "
			"goversion from which the server was built.",
		.kind = SODNS_GAUGE,
		.labels = labels};
	static const char *const values[] = {SODNS_SDK_VERSION, "", __VERSION__};
	sodns_metric_set(sodns_metric(&build, values), 1);
	make_unlabelled();
}

/* Metrics are not worth the service: without their address it goes on, as with CoreDNS. */
static void open_address(struct prometheus *p, bool say)
{
	char err[1024];
	p->http = sodns_http_try(p->address, err, sizeof(err));
	if (!p->http && say)
		sodns_log(SODNS_LOG_ERROR, NULL,
			  "Failed to start metrics handler: %s; it is tried again every %u s", err,
			  (unsigned)(AGAIN / SODNS_SECOND));
}

static int prepare(void *self, sodns_prepare_t *s)
{
	struct prometheus *p = self;
	struct naming n = {p, sodns_prepare_view(s)};
	p->servers = sodns_prepare_servers(s, &p->server_count);
	p->zone_texts = sodns_prepare_zones(s, &p->zone_count);
	make_places(p, n.view);
	sodns_prepare_each(s, SODNS_THIS_BLOCK, NULL, note_plugin, &n);
	make_constants();
	open_address(p, true);
	return SODNS_OK;
}

static void write_piece(void *arg, const char *text, size_t len)
{
	sodns_http_write(arg, text, len);
}

static void answer(void *arg, sodns_http_exchange_t *x)
{
	(void)arg;
	process_update();
	sodns_http_add_header(x, "Content-Type",
			      "text/plain; version=0.0.4; charset=utf-8; "
			      "escaping=underscores");
	sodns_metrics_write(write_piece, x);
}

/* While others are waited for, too. */
static void begin(void *self)
{
	struct prometheus *p = self;
	if (p->begun || !p->http)
		return;
	p->begun = true;
	sodns_http_serve(p->http, "/metrics", answer, p);
}

static void open_again(void *work)
{
	open_address(*(struct prometheus **)work, false);
}

/* The name may be known later, and the address be this machine's. */
static void try_again(void *arg)
{
	struct prometheus *p = arg;
	while (!p->http && sodns_service_sleep(AGAIN))
		sodns_blocking(open_again, &p, sizeof(struct prometheus *), NULL);
	begin(p);
	if (p->http)
		sodns_log(SODNS_LOG_INFO, "prometheus", "Metrics are at %s now", p->address);
}

static void start(void *self)
{
	struct prometheus *p = self;
	for (size_t i = 0; i < p->enabled_count; i++)
		sodns_metric_change(p->enabled[i], 1);
	p->on = true;
	begin(p);
	if (!p->http)
		p->service = sodns_service_start("prometheus", try_again, p);
}

/* The next configuration has started: what both have on has been counted twice meanwhile. */
static void stop(void *self)
{
	struct prometheus *p = self;
	sodns_service_stop(p->service);
	p->service = NULL;
	for (size_t i = 0; p->on && i < p->enabled_count; i++)
		sodns_metric_change(p->enabled[i], -1);
	sodns_http_remove(p->http, "/metrics", p);
}

static void free_place(struct place *p)
{
	for (size_t i = 0; p && i < RCODES; i++)
		free((void *)atomic_load(&p->responses[i]));
}

static void teardown(void *self)
{
	struct prometheus *p = self;
	sodns_service_stop(p->service);
	sodns_http_close(p->http);
	for (size_t i = 0; p->places && i < p->server_count * (p->zone_count + 1); i++)
		free_place(&p->places[i]);
	for (size_t i = 0; i < sizeof(p->unrouted) / sizeof(p->unrouted[0]); i++) {
		free_place(atomic_load(&p->unrouted[i]));
		free(atomic_load(&p->unrouted[i]));
	}
	free(p->places);
	free(p->enabled);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_unrouted_ability_t unrouted = {sizeof(unrouted), prometheus_unrouted};
	static const sodns_early_ability_t early = {sizeof(early), begin};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_EARLY))
		return &early;
	return strcmp(id, SODNS_ABILITY_UNROUTED) ? NULL : &unrouted;
}

SODNS_PLUGIN(.name = "prometheus", .version = SODNS_SDK_VERSION, .setup = setup,
	     .options = &options, .serve_dns = prometheus_serve, .prepare = prepare, .start = start,
	     .stop = stop, .teardown = teardown, .ability = ability);
