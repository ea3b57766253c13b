/*
 * The directive.
 */
#include <sodns/server.h>

#include "cache.h"

/* CoreDNS's cache has 256 parts of at least 4 entries each. */
#define PARTS 256
#define PART_MIN 4
/* What an entry may take on an average, unless `bytes` says otherwise. */
#define BYTES_PER_ENTRY 1024u
#define BYTES_MIN 65536u
#define MINUTES_5 (300 * (int64_t)SODNS_SECOND)

/* The same limit that CoreDNS has: a multiple of 256. */
static size_t capacity_of(size_t n)
{
	size_t part = n / PARTS;
	return (part > PART_MIN ? part : PART_MIN) * PARTS;
}

static int check_ttl(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct cache *c = to;
	(void)s;
	(void)o;
	(void)word;
	c->ttl_max[DENIAL] = c->ttl_max[SUCCESS];
	return SODNS_OK;
}

static int check_response_ttl(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct cache *c = to;
	(void)o;
	c->stale_ttl = (uint32_t)(c->response_ttl / SODNS_SECOND);
	return c->response_ttl % SODNS_SECOND
		       ? sodns_error(s,
				     "serve_stale response TTL must be a whole number of seconds: "
				     "%s",
				     word)
		       : SODNS_OK;
}

static int check_disabled(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct cache *c = to;
	(void)s;
	(void)o;
	(void)word;
	c->except[c->disabled.kind] = c->disabled.zones;
	c->except_count[c->disabled.kind] = c->disabled.zone_count;
	return SODNS_OK;
}

#define TTL_SAYS                                                                                   \
	{                                                                                          \
		.bad = SODNS_SAYS_ATOI, .low = "cache TTL can not be zero or negative: {value}"    \
	}
#define LIMITS(kind, ttl)                                                                          \
	{"CAPACITY",                                                                               \
	 SODNS_OPT_NUMBER,                                                                         \
	 SODNS_FIELD(struct cache, capacity[kind]),                                                \
	 .flags = SODNS_OPT_CLAMP,                                                                 \
	 .fallback = "9984",                                                                       \
	 .says.bad = SODNS_SAYS_ATOI,                                                              \
	 .help = "answers that are kept"},                                                         \
		{"TTL",                                                                            \
		 SODNS_OPT_SECONDS,                                                                \
		 SODNS_FIELD(struct cache, ttl_max[kind]),                                         \
		 .min = 1,                                                                         \
		 .flags = SODNS_OPT_OPTIONAL,                                                      \
		 .fallback = ttl,                                                                  \
		 .says = TTL_SAYS,                                                                 \
		 .help = "the longest time"},                                                      \
	{                                                                                          \
		"MINTTL", SODNS_OPT_SECONDS, SODNS_FIELD(struct cache, ttl_min[kind]),             \
			.flags = SODNS_OPT_OPTIONAL, .fallback = "5", .help = "the shortest time", \
			.says = {                                                                  \
				.bad = SODNS_SAYS_ATOI,                                            \
				.low = "cache min TTL can not be negative: {value}"                \
			}                                                                          \
	}

static const char *const kinds[] = {[SUCCESS] = "success", [DENIAL] = "denial"};
static const char *const policies[] = {NULL, "prefer_positive"};
static const sodns_option_t success[] = {LIMITS(SUCCESS, "3600")};
static const sodns_option_t denial[] = {LIMITS(DENIAL, "1800")};
static const sodns_option_t prefetch[] = {
	{"AMOUNT", SODNS_OPT_NUMBER, SODNS_FIELD(struct cache, prefetch),
	 .says = {.bad = SODNS_SAYS_ATOI, .low = "prefetch amount should be positive: {value}"}},
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct cache, prefetch_gap), .min = INT64_MIN,
	 .flags = SODNS_OPT_OPTIONAL, .fallback = "1m", .help = "the longest gap between queries"},
	{"PERCENTAGE", SODNS_OPT_PERCENT, SODNS_FIELD(struct cache, percentage), .min = 10,
	 .max = 90, .flags = SODNS_OPT_OPTIONAL, .fallback = "10%",
	 .help = "of the TTL that is left",
	 .says.low = "percentage should fall in range [10, 90]: {value}"},
};
/* With `immediate` all but the first. */
static const sodns_option_t refreshing[] = {
	{"VERIFY_TIMEOUT", SODNS_OPT_DURATION, SODNS_FIELD(struct cache, verify_timeout),
	 .bare = "0", .help = "the longest wait for the source",
	 .says = {.bad = "invalid serve_stale verify timeout: {why}",
		  .low = "invalid negative timeout for serve_stale verify: {}"}},
	{"RESPONSE_TTL", SODNS_OPT_DURATION, SODNS_FIELD(struct cache, response_ttl),
	 .max = UINT32_MAX * (int64_t)SODNS_SECOND, .bare = "0", .check = check_response_ttl,
	 .help = "TTL of expired answers",
	 .says = {.bad = "invalid serve_stale response TTL: {why}",
		  .low = "invalid negative response TTL for serve_stale: {}",
		  .high = "serve_stale response TTL exceeds the DNS TTL range [0, 4294967295]: "
			  "{}"}},
	{"FAILURE_RECHECK", SODNS_OPT_DURATION, SODNS_FIELD(struct cache, recheck),
	 .max = MINUTES_5, .bare = "0", .help = "a pause after a failure",
	 .says = {.bad = "invalid serve_stale failure recheck: {why}",
		  .low = "invalid negative failure recheck for serve_stale: {} is not {range}",
		  .high = "serve_stale failure recheck cannot exceed 5 minutes: {}"}},
};
static const sodns_option_t stale[] = {
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct cache, stale_up_to), .bare = "1h",
	 .help = "for how long after they expired",
	 .says.low = "invalid negative duration for serve_stale: {}"},
	{"immediate", SODNS_OPT_GROUP, .flags = SODNS_OPT_KEYWORD | SODNS_OPT_ANY_CASE,
	 .args = {refreshing + 1, 2, sizeof(refreshing[0])}},
	{"verify", SODNS_OPT_GROUP, .flags = SODNS_OPT_KEYWORD | SODNS_OPT_ANY_CASE,
	 SODNS_GIVEN(struct cache, verify), .args = SODNS_ROWS(refreshing)},
};
static const sodns_option_t disable[] = {
	{"KIND", SODNS_OPT_WORD, SODNS_FIELD(struct cache, disabled.kind),
	 .words = SODNS_WORDS(kinds),
	 .says.bad = "cache type for disable must be \"success\" or \"denial\": {}"},
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct cache, disabled.zones, disabled.zone_count),
	 .bare = ".", .says.bad = "invalid disabled zone: {}"},
};

static const sodns_option_t args[] = {
	{"TTL", SODNS_OPT_SECONDS, SODNS_FIELD(struct cache, ttl_max[SUCCESS]), .min = 1,
	 .flags = SODNS_OPT_IF_FITS, .otherwise = "3600, for denials 1800", .check = check_ttl,
	 .help = "the longest time that answers are kept", .says = TTL_SAYS},
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct cache, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .says.bad = "invalid zone: {}",
	 .help = "that are cached"},
};
static const sodns_option_t properties[] = {
	{"success", SODNS_OPT_GROUP, .args = SODNS_ROWS(success), .flags = SODNS_OPT_IGNORES_MORE,
	 .help = "bounds for answers"},
	{"denial", SODNS_OPT_GROUP, .args = SODNS_ROWS(denial), .flags = SODNS_OPT_IGNORES_MORE,
	 .help = "bounds for denials"},
	{"prefetch", SODNS_OPT_GROUP, .args = SODNS_ROWS(prefetch),
	 .help = "renews popular answers before they expire"},
	{"serve_stale", SODNS_OPT_GROUP, .args = SODNS_ROWS(stale),
	 SODNS_GIVEN(struct cache, serves_stale), .help = "serves expired answers",
	 .says.extra = "invalid value for serve_stale refresh mode: {} (immediate or verify)"},
	{"serve_stale_policy", SODNS_OPT_WORD, SODNS_FIELD(struct cache, prefer_positive),
	 .words = SODNS_WORDS(policies), .flags = SODNS_OPT_ONCE | SODNS_OPT_ANY_CASE,
	 .help = "serves good answers before later failures",
	 .says.bad = "invalid serve_stale_policy: {} ({words})"},
	{"servfail", SODNS_OPT_DURATION, SODNS_FIELD(struct cache, fail_ttl), .max = MINUTES_5,
	 .fallback = "5s", .help = "how long SERVFAIL is kept",
	 .says = {.low = "invalid negative ttl for servfail: {} is not {range}",
		  .high = "caching SERVFAIL responses over 5 minutes is not permitted: {}"}},
	{"disable", SODNS_OPT_GROUP, .args = SODNS_ROWS(disable), .check = check_disabled,
	 .help = "keeps none of these"},
	{"keepttl", SODNS_OPT_FLAG, SODNS_FIELD(struct cache, keepttl),
	 .help = "serves the TTL that an answer had at first"},
	{"bytes", SODNS_OPT_SIZE, SODNS_FIELD(struct cache, bytes), .min = BYTES_MIN,
	 .otherwise = "1 KiB an entry", .help = "memory of all entries"},
};
const sodns_options_t cache_options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_ONCE,
	.says.unknown = SODNS_SAYS_ARGS,
	.help = "keeps answers and gives them again",
};

/* As much as the entries are worth, and no more than an eighth of what the process may use. */
static size_t bytes_by_default(const struct cache *c)
{
	uint64_t bytes = (c->capacity[SUCCESS] + c->capacity[DENIAL]) * (uint64_t)BYTES_PER_ENTRY;
	uint64_t most = sodns_host_memory() / 8;
	bytes = bytes < most ? bytes : most;
	return bytes > BYTES_MIN ? (size_t)bytes : BYTES_MIN;
}

int cache_setup(sodns_setup_t *s)
{
	struct cache *c = sodns_setup_alloc(s, sizeof(*c));
	size_t count;
	if (sodns_setup_read_all(s, c))
		return SODNS_EINVAL;
	if (c->prefer_positive && !c->serves_stale)
		return sodns_error(s, "serve_stale_policy requires serve_stale");
	c->all = c->zones == sodns_setup_zones(s, &count);
	for (int k = 0; k < KINDS; k++)
		c->capacity[k] = capacity_of(c->capacity[k]);
	if (!c->bytes)
		c->bytes = bytes_by_default(c);
	return sodns_add_handler(s, c);
}
