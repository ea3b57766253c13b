/*
 * The directive.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/server.h>

#include "cache.h"

#define TTL_MAX_SUCCESS 3600u
#define TTL_MAX_DENIAL 1800u
#define TTL_MIN 5u
#define CAPACITY_DEFAULT 10000
/* CoreDNS's cache has 256 parts of at least 4 entries each. */
#define PARTS 256
#define PART_MIN 4
/* What an entry may take on an average, unless `bytes` says otherwise. */
#define BYTES_PER_ENTRY 1024u
#define BYTES_MIN 65536u
#define MINUTES_5 (300 * (int64_t)SECOND)

static int bad_number(sodns_setup_t *s, const char *text, const char *why)
{
	return sodns_error(s, "strconv.Atoi: parsing \"%s\": %s", text, why);
}

/* Go's strconv.Atoi: NULL and the number, or what is wrong. */
static const char *number(const char *text, long long *out)
{
	const char *digits = text + (*text == '-' || *text == '+');
	if (!*digits || digits[strspn(digits, "0123456789")])
		return "invalid syntax";
	errno = 0;
	*out = strtoll(text, NULL, 10);
	return errno ? "value out of range" : NULL;
}

static int read_number(sodns_setup_t *s, const char *text, long long *out)
{
	const char *why = number(text, out);
	return why ? bad_number(s, text, why) : SODNS_OK;
}

/* What Go's time.ParseDuration says of a text that it does not take. */
static void duration_error(const char *text, char out[256])
{
	static const char *const units[] = {"ns", "us", "µs", "μs", "ms", "s", "m", "h"};
	const char *p = text + (*text == '-' || *text == '+');
	while (*p) {
		size_t digits = strspn(p, "0123456789."), n = strcspn(p + digits, "0123456789.");
		bool known = false;
		if (!digits || (digits == 1 && *p == '.'))
			break;
		p += digits;
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			known = known || (strlen(units[i]) == n && !strncmp(units[i], p, n));
		if (!n) {
			snprintf(out, 256, "time: missing unit in duration \"%.100s\"", text);
			return;
		}
		if (!known) {
			snprintf(out, 256, "time: unknown unit \"%.*s\" in duration \"%.100s\"",
				 (int)(n < 60 ? n : 60), p, text);
			return;
		}
		p += n;
	}
	snprintf(out, 256, "time: invalid duration \"%.100s\"", text);
}

static int read_duration(sodns_setup_t *s, const char *what, const char *text, int64_t *out)
{
	char why[256];
	if (!sodns_duration_from_text(text, out))
		return SODNS_OK;
	duration_error(text, why);
	return sodns_error(s, "%s%s", what, why);
}

static uint32_t seconds(long long n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* The same limit that CoreDNS has: a multiple of 256. */
static size_t capacity_of(long long n)
{
	long long part = n / PARTS;
	return (size_t)(part > PART_MIN ? part : PART_MIN) * PARTS;
}

static int read_ttl(sodns_setup_t *s, const char *text, uint32_t *out)
{
	long long n;
	if (read_number(s, text, &n))
		return SODNS_EINVAL;
	if (n <= 0)
		return sodns_error(s, "cache TTL can not be zero or negative: %lld", n);
	*out = seconds(n);
	return SODNS_OK;
}

/* success|denial CAPACITY [TTL] [MINTTL] */
static int read_kind(sodns_setup_t *s, struct cache *c, enum kind kind)
{
	size_t count;
	long long n;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	if (read_number(s, args[0], &n))
		return SODNS_EINVAL;
	c->capacity[kind] = capacity_of(n);
	if (count > 1 && read_ttl(s, args[1], &c->ttl_max[kind]))
		return SODNS_EINVAL;
	if (count < 3)
		return SODNS_OK;
	if (read_number(s, args[2], &n))
		return SODNS_EINVAL;
	if (n < 0)
		return sodns_error(s, "cache min TTL can not be negative: %lld", n);
	c->ttl_min[kind] = seconds(n);
	return SODNS_OK;
}

static int read_percentage(sodns_setup_t *s, struct cache *c, const char *text)
{
	char digits[32];
	long long n;
	size_t len = strlen(text);
	if (!len || text[len - 1] != '%')
		return sodns_error(s, "last character of percentage should be `%%`, but is: '%c'",
				   len ? text[len - 1] : ' ');
	snprintf(digits, sizeof(digits), "%.*s", (int)(len - 1), text);
	if (read_number(s, digits, &n))
		return SODNS_EINVAL;
	if (n < 10 || n > 90)
		return sodns_error(s, "percentage should fall in range [10, 90]: %lld", n);
	c->percentage = (uint32_t)n;
	return SODNS_OK;
}

/* prefetch AMOUNT [DURATION [PERCENTAGE%]] */
static int read_prefetch(sodns_setup_t *s, struct cache *c)
{
	size_t count;
	long long n;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count || count > 3)
		return sodns_error_args(s);
	if (read_number(s, args[0], &n))
		return SODNS_EINVAL;
	if (n < 0)
		return sodns_error(s, "prefetch amount should be positive: %lld", n);
	c->prefetch = seconds(n);
	if (count > 1 && read_duration(s, "", args[1], &c->prefetch_gap))
		return SODNS_EINVAL;
	return count > 2 ? read_percentage(s, c, args[2]) : SODNS_OK;
}

static int read_stale_ttl(sodns_setup_t *s, struct cache *c, const char *text)
{
	int64_t ns;
	if (read_duration(s, "invalid serve_stale response TTL: ", text, &ns))
		return SODNS_EINVAL;
	if (ns < 0)
		return sodns_error(s, "invalid negative response TTL for serve_stale: %s", text);
	if (ns % SECOND)
		return sodns_error(
			s, "serve_stale response TTL must be a whole number of seconds: %s", text);
	if (ns / SECOND > UINT32_MAX)
		return sodns_error(
			s, "serve_stale response TTL exceeds the DNS TTL range [0, 4294967295]: %s",
			text);
	c->stale_ttl = (uint32_t)(ns / SECOND);
	return SODNS_OK;
}

static int read_recheck(sodns_setup_t *s, struct cache *c, const char *text)
{
	int64_t ns;
	if (read_duration(s, "invalid serve_stale failure recheck: ", text, &ns))
		return SODNS_EINVAL;
	if (ns < 0)
		return sodns_error(s,
				   "invalid negative failure recheck for serve_stale: %s is not in "
				   "range [0s, 5m]",
				   text);
	if (ns > MINUTES_5)
		return sodns_error(s, "serve_stale failure recheck cannot exceed 5 minutes: %s",
				   text);
	c->recheck = (uint64_t)ns;
	return SODNS_OK;
}

static int read_verify_timeout(sodns_setup_t *s, struct cache *c, const char *text)
{
	int64_t ns;
	if (read_duration(s, "invalid serve_stale verify timeout: ", text, &ns))
		return SODNS_EINVAL;
	if (ns < 0)
		return sodns_error(s, "invalid negative timeout for serve_stale verify: %s", text);
	c->verify_timeout = (uint64_t)ns;
	return SODNS_OK;
}

/* serve_stale [DURATION [immediate|verify [VERIFY_TIMEOUT] [RESPONSE_TTL [FAILURE_RECHECK]]]] */
static int read_stale(sodns_setup_t *s, struct cache *c)
{
	size_t count, at = 2;
	int64_t ns = 3600 * (int64_t)SECOND;
	const char *const *args = sodns_setup_args(s, &count);
	if (count > 5)
		return sodns_error_args(s);
	c->verify = false;
	c->verify_timeout = c->recheck = c->stale_ttl = 0;
	if (count && read_duration(s, "", args[0], &ns))
		return SODNS_EINVAL;
	if (ns < 0)
		return sodns_error(s, "invalid negative duration for serve_stale: %s", args[0]);
	c->stale_up_to = (uint64_t)ns;
	if (count < 2)
		return SODNS_OK;
	c->verify = !strcasecmp(args[1], "verify");
	if (!c->verify && strcasecmp(args[1], "immediate"))
		return sodns_error(
			s, "invalid value for serve_stale refresh mode: %s (immediate or verify)",
			args[1]);
	if (!c->verify && count > 4)
		return sodns_error_args(s);
	if (c->verify && count > at && read_verify_timeout(s, c, args[at++]))
		return SODNS_EINVAL;
	if (count > at && read_stale_ttl(s, c, args[at++]))
		return SODNS_EINVAL;
	return count > at ? read_recheck(s, c, args[at]) : SODNS_OK;
}

static int read_policy(sodns_setup_t *s, struct cache *c)
{
	size_t count;
	if (c->prefer_positive)
		return sodns_error(s, "serve_stale_policy can only be specified once");
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error_args(s);
	if (strcasecmp(args[0], "prefer_positive"))
		return sodns_error(s, "invalid serve_stale_policy: %s (prefer_positive)", args[0]);
	c->prefer_positive = true;
	return SODNS_OK;
}

static int read_servfail(sodns_setup_t *s, struct cache *c)
{
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error_args(s);
	if (read_duration(s, "", args[0], &ns))
		return SODNS_EINVAL;
	if (ns < 0)
		return sodns_error(s,
				   "invalid negative ttl for servfail: %s is not in range [0s, 5m]",
				   args[0]);
	if (ns > MINUTES_5) /* RFC 2308, 7.1 */
		return sodns_error(s,
				   "caching SERVFAIL responses over 5 minutes is not permitted: %s",
				   args[0]);
	c->fail_ttl = (uint64_t)ns;
	return SODNS_OK;
}

/* The words as zones. NULL: one is none, which is noted. */
static const uint8_t *const *read_zones(sodns_setup_t *s, const char *const *words, size_t count,
					const char *what, size_t *zone_count)
{
	const uint8_t **all = NULL;
	*zone_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t n;
		uint8_t name[SODNS_NAME_MAX];
		bool plain = sodns_name_from_text(words[i], NULL, name) > 0 ||
			     strchr(words[i], '/');
		const uint8_t *const *zones = plain ? sodns_setup_zone_text(s, words[i], &n) : NULL;
		if (!zones) {
			sodns_error(s, "%s: %s", what, words[i]);
			return NULL;
		}
		const uint8_t **more = sodns_setup_alloc(s, (*zone_count + n) * sizeof(*more));
		if (*zone_count)
			memcpy(more, all, *zone_count * sizeof(*more));
		memcpy(more + *zone_count, zones, n * sizeof(*more));
		all = more;
		*zone_count += n;
	}
	return all;
}

/* disable success|denial [ZONES...] */
static int read_disable(sodns_setup_t *s, struct cache *c)
{
	static const char *const root = ".";
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	const char **words = sodns_setup_alloc(s, (count + 1) * sizeof(*words));
	memcpy(words, args, count * sizeof(*words));
	if (count == 1)
		words[count++] = root;
	enum kind kind = strcmp(words[0], "denial") ? SUCCESS : DENIAL;
	size_t n;
	const uint8_t *const *zones = read_zones(s, words + 1, count - 1, "invalid disabled zone",
						 &n);
	if (!zones)
		return SODNS_EINVAL;
	if (kind == SUCCESS && strcmp(words[0], "success"))
		return sodns_error(s,
				   "cache type for disable must be \"success\" or \"denial\": %s",
				   words[0]);
	c->except[kind] = zones;
	c->except_count[kind] = n;
	return SODNS_OK;
}

static int read_keepttl(sodns_setup_t *s, struct cache *c)
{
	if (sodns_setup_arg(s))
		return sodns_error_args(s);
	c->keepttl = true;
	return SODNS_OK;
}

/* bytes SIZE: 64M, 512KiB */
static int read_bytes(sodns_setup_t *s, struct cache *c)
{
	static const char units[] = "kmg";
	size_t count;
	char *end;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error_args(s);
	errno = 0;
	unsigned long long n = isdigit((unsigned char)args[0][0]) ? strtoull(args[0], &end, 10) : 0;
	if (!n || errno)
		return sodns_error(s, "bytes must be a size such as 64M, but is: %s", args[0]);
	const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	end += unit ? 1 : 0;
	if ((*end && strcasecmp(end, "b") && strcasecmp(end, "ib")) || n > (SIZE_MAX >> 8 >> shift))
		return sodns_error(s, "bytes must be a size such as 64M, but is: %s", args[0]);
	c->bytes = (size_t)n << shift;
	if (c->bytes < BYTES_MIN)
		return sodns_error(s, "bytes must be at least 64K, but is: %s", args[0]);
	return SODNS_OK;
}

static const struct property {
	const char *name;
	int (*read)(sodns_setup_t *s, struct cache *c);
} properties[] = {
	{"prefetch", read_prefetch},
	{"serve_stale", read_stale},
	{"serve_stale_policy", read_policy},
	{"servfail", read_servfail},
	{"disable", read_disable},
	{"keepttl", read_keepttl},
	{"bytes", read_bytes},
};

static int read_property(sodns_setup_t *s, struct cache *c)
{
	const char *name = sodns_setup_value(s);
	if (!strcmp(name, "success"))
		return read_kind(s, c, SUCCESS);
	if (!strcmp(name, "denial"))
		return read_kind(s, c, DENIAL);
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (!strcmp(name, properties[i].name))
			return properties[i].read(s, c);
	return sodns_error_args(s);
}

/* cache [TTL] [ZONES...] */
static int read_line(sodns_setup_t *s, struct cache *c)
{
	size_t count;
	long long ttl;
	const char *const *words = sodns_setup_args(s, &count);
	if (count && !number(words[0], &ttl)) {
		if (read_ttl(s, words[0], &c->ttl_max[SUCCESS]))
			return SODNS_EINVAL;
		c->ttl_max[DENIAL] = c->ttl_max[SUCCESS];
		words++;
		count--;
	}
	c->all = !count;
	c->zones = c->all ? sodns_setup_zones(s, &c->zone_count)
			  : read_zones(s, words, count, "invalid zone", &c->zone_count);
	return c->zones ? SODNS_OK : SODNS_EINVAL;
}

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
	c->capacity[SUCCESS] = c->capacity[DENIAL] = capacity_of(CAPACITY_DEFAULT);
	c->ttl_max[SUCCESS] = TTL_MAX_SUCCESS;
	c->ttl_max[DENIAL] = TTL_MAX_DENIAL;
	c->ttl_min[SUCCESS] = c->ttl_min[DENIAL] = TTL_MIN;
	c->fail_ttl = TTL_MIN * (uint64_t)SECOND;
	c->prefetch_gap = 60 * (int64_t)SECOND;
	c->percentage = 10;
	bool stale = false;
	for (bool first = true; sodns_setup_next(s); first = false) {
		if (!first)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		if (read_line(s, c))
			return SODNS_EINVAL;
		while (sodns_setup_block(s)) {
			stale = stale || !strcmp(sodns_setup_value(s), "serve_stale");
			if (read_property(s, c))
				return SODNS_EINVAL;
		}
	}
	if (c->prefer_positive && !stale)
		return sodns_error(s, "serve_stale_policy requires serve_stale");
	if (!c->bytes)
		c->bytes = bytes_by_default(c);
	return sodns_add_handler(s, c);
}
