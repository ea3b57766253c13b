/*
 * The directive, the path, and the lame duck: serving on for a while before the end, so that load
 * balancers find out first.
 */
#include "health.h"

#include <string.h>

static const sodns_option_t args[] = {
	{"ADDRESS", SODNS_OPT_LISTEN, SODNS_FIELD(struct health, address),
	 .flags = SODNS_OPT_OPTIONAL, .fallback = ":8080", .help = "where to listen"},
};
static const sodns_option_t properties[] = {
	{"lameduck", SODNS_OPT_DURATION, SODNS_FIELD(struct health, lameduck),
	 .flags = SODNS_OPT_CLAMP, .help = "goes on serving for so long after SIGTERM",
	 .says.bad = "unable to parse lameduck duration value: '{}' : {why}"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.help = "an HTTP path that tells that the process is alive",
};

static void make_metrics(struct health *h)
{
	static const double buckets[] = {0.00025, 0.0025, 0.025, 0.25, 2.5};
	static const sodns_family_t duration = {
		.name = "coredns_health_request_duration_seconds",
		.help = "Histogram of the time (in seconds) each request took.",
		.kind = SODNS_HISTOGRAM,
		.buckets = buckets,
		.bucket_count = sizeof(buckets) / sizeof(buckets[0]),
	};
	static const sodns_family_t failures = {
		.name = "coredns_health_request_failures_total",
		.help = "The number of times the health check failed.",
	};
	h->duration = sodns_metric(&duration, NULL);
	h->failures = sodns_metric(&failures, NULL);
}

static int setup(sodns_setup_t *s)
{
	struct health *h = sodns_setup_alloc(s, sizeof(*h));
	if (sodns_setup_read_all(s, h))
		return SODNS_EINVAL;
	make_metrics(h);
	return sodns_add_instance(s, h);
}

static void answer(void *arg, sodns_http_exchange_t *x)
{
	(void)arg;
	sodns_http_write(x, "OK", 2);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct health *h = self;
	h->http = sodns_http_open(p, h->address);
	h->client = h->http ? sodns_http_client_new(NULL) : NULL;
	return h->client ? SODNS_OK : SODNS_EIO;
}

/* What listens at all addresses is asked at the local one. */
static void find_itself(struct health *h)
{
	static const uint8_t any[16];
	char host[SODNS_ADDRESS_TEXT_MAX] = "127.0.0.1";
	sodns_address_t at;
	sodns_http_address(h->http, &at);
	bool everywhere = !memcmp(at.bytes, any, at.family == 4 ? 4 : 16);
	if (!everywhere)
		sodns_address_to_text(&at, host);
	snprintf(h->url, sizeof(h->url),
		 !everywhere && at.family == 6 ? "http://[%s]:%u/health" : "http://%s:%u/health",
		 host, at.port);
}

/* While others are waited for, too. */
static void begin(void *self)
{
	struct health *h = self;
	sodns_http_serve(h->http, "/health", answer, h);
	find_itself(h);
	h->service = sodns_service_start("health", health_check, h);
}

static void start(void *self)
{
	struct health *h = self;
	if (!h->service)
		begin(h);
}

static void stop(void *self)
{
	struct health *h = self;
	sodns_service_stop(h->service);
	h->service = NULL;
	sodns_http_remove(h->http, "/health", h);
}

static void teardown(void *self)
{
	struct health *h = self;
	sodns_http_client_free(h->client);
	sodns_http_close(h->http);
}

static uint64_t drain(void *self)
{
	const struct health *h = self;
	char text[40];
	if (!h->lameduck)
		return 0;
	sodns_duration_to_text((int64_t)h->lameduck, text);
	sodns_log(SODNS_LOG_INFO, "health", "Going into lameduck mode for %s", text);
	return h->lameduck;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_drain_ability_t drains = {sizeof(drains), drain};
	static const sodns_early_ability_t early = {sizeof(early), begin};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_EARLY))
		return &early;
	return strcmp(id, SODNS_ABILITY_DRAIN) ? NULL : &drains;
}

SODNS_PLUGIN(.name = "health", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .prepare = prepare, .start = start, .stop = stop, .teardown = teardown,
	     .ability = ability);
