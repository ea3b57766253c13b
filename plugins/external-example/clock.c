/*
 * clock: tells the time in a TXT record.
 */
#include <time.h>

#include <sodns/metrics.h>
#include <sodns/plugin.h>

struct clock {
	const uint8_t *const *zones;
	size_t zone_count;
	uint32_t ttl;
	sodns_metric_t *told;
};

static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct clock, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "whose names tell the time"},
};
static const sodns_option_t properties[] = {
	{"ttl", SODNS_OPT_SECONDS, SODNS_FIELD(struct clock, ttl), .max = 3600, .fallback = "1",
	 .help = "TTL of the answers"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.help = "tells the time in a TXT record"};

static sodns_reply_t *tell(struct clock *c, sodns_query_t *q)
{
	char text[64];
	time_t now = time(NULL);
	struct tm utc;
	gmtime_r(&now, &utc);
	size_t n = strftime(text + 1, sizeof(text) - 1, "%Y-%m-%dT%H:%M:%SZ", &utc);
	text[0] = (char)n;
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_TXT, c->ttl, text,
			       (uint16_t)(n + 1));
	sodns_metric_add(c->told, 1);
	return r;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct clock *c = h->self;
	bool ours = sodns_query_match(q, c->zones, c->zone_count) >= 0;
	return ours && sodns_query_type(q) == SODNS_TYPE_TXT ? tell(c, q) : sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	static const sodns_family_t family = {.name = "clock_told_total",
					      .help = "How often the time was told."};
	struct clock *c = sodns_setup_alloc(s, sizeof(*c));
	c->told = sodns_metric(&family, NULL);
	return sodns_setup_read_all(s, c) ? SODNS_EINVAL : sodns_add_handler(s, c);
}

SODNS_PLUGIN(.name = "clock", .version = "0.1", .setup = setup, .options = &options,
	     .serve_dns = serve);
