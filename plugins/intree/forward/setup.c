/*
 * The directive.
 */
#include "forward.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_INTERVAL_MIN (10 * SODNS_MS)

/* The number of an option, or its name; negative: it is none that can be passed. */
static int option_code(const char *word)
{
	static const struct {
		const char *name;
		int code;
	} known[] = {{"nsid", 3}, {"dau", 5},    {"dhu", 6},    {"n3u", 7},
		     {"ecs", 8},  {"subnet", 8}, {"expire", 9}, {"padding", 12}};
	char *end;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(word, known[i].name))
			return known[i].code;
	long code = strtol(word, &end, 10);
	/* Cookies and keep-alive are of one connection; 0 and 65535 are reserved (RFC 6891, 9). */
	bool own = code == 10 || code == 11;
	return *word < '0' || *word > '9' || *end || code < 1 || code > 65534 || own ? -1
										     : (int)code;
}

static int read_option(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct forward *f = to;
	int code = option_code(word);
	(void)o;
	if (code < 0)
		return sodns_error(s,
				   "not an EDNS option that can be passed on: \"%s\" (nsid, "
				   "dau, dhu, n3u, ecs, expire, padding or a number from 1 to "
				   "65534 but 10 and 11)",
				   word);
	for (unsigned k = 0; k < f->passed_count; k++)
		if (f->passed[k] == code)
			return SODNS_OK;
	if (f->passed_count == PASSED_MAX)
		return sodns_error(s, "more than %u options to be passed on", PASSED_MAX);
	f->passed[f->passed_count++] = (uint16_t)code;
	return SODNS_OK;
}

static int read_rcode(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct forward *f = to;
	bool failover = !strcmp(o->name, "failover");
	int rcode = sodns_rcode_from_text(word);
	if (rcode < 0 || rcode > 31)
		return sodns_error(s, "%s is not a valid rcode", word);
	if (failover && !rcode)
		return sodns_error(s, "NoError cannot be used in failover");
	*(failover ? &f->failover : &f->next) |= 1u << rcode;
	return SODNS_OK;
}

static int read_from(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct forward *f = to;
	size_t count;
	char text[SODNS_NAME_TEXT_MAX];
	(void)o;
	const uint8_t *const *zones = sodns_setup_zone_text(s, word, &count);
	if (!zones)
		return SODNS_EINVAL;
	f->from = zones[0];
	if (count < 2)
		return SODNS_OK;
	sodns_name_to_text(f->from, text);
	sodns_log(SODNS_LOG_WARNING, "forward",
		  "Unsupported CIDR notation: '%s' expands to multiple zones. Using only '%s'.",
		  word, text);
	return SODNS_OK;
}

static int check_health_check(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct forward *f = to;
	(void)s;
	(void)o;
	(void)word;
	if (f->interval < CHECK_INTERVAL_MIN)
		f->interval = CHECK_INTERVAL_MIN;
	if (f->check_domain)
		memcpy(f->check_name, f->check_domain, sodns_name_length(f->check_domain));
	return SODNS_OK;
}

static int note_max_concurrent(sodns_setup_t *s, const sodns_option_t *o, const char *word,
			       void *to)
{
	(void)s;
	(void)o;
	((struct forward *)to)->max_concurrent_text = word;
	return SODNS_OK;
}

static int check_method(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	(void)o;
	(void)to;
	return strcmp(word, "POST") && strcmp(word, "GET")
		       ? sodns_error(s, "doh_method must be either POST or GET")
		       : SODNS_OK;
}

static int check_tls(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	(void)o;
	(void)word;
	return ((struct forward *)to)->tls_file_count > 3 ? sodns_error_args(s) : SODNS_OK;
}

/* CoreDNS takes one word for these, and reads the next one of the line as a property. */
#define ONE .flags = SODNS_OPT_LEAVES_MORE
#define UINT "strconv.ParseUint: parsing \"{}\": "
#define COUNT                                                                                      \
	.max = UINT32_MAX, ONE,                                                                    \
	.says = {.bad = UINT "{why}",                                                              \
		 .low = UINT "invalid syntax",                                                     \
		 .high = UINT "value out of range [{min}, {max}]"}

static const char *const policies[] = {"random", "round_robin", "sequential"};
static const sodns_option_t checks[] = {
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct forward, interval), .fallback = "500ms",
	 .help = "between two", .says.low = "health_check can't be negative: {}"},
	{"no_rec", SODNS_OPT_FLAG, SODNS_FIELD(struct forward, check_no_rd),
	 .flags = SODNS_OPT_KEYWORD, .help = "without RD"},
	{"domain", SODNS_OPT_NAME, SODNS_FIELD(struct forward, check_domain),
	 .flags = SODNS_OPT_KEYWORD, .form = "FQDN", .otherwise = "the root", .help = "asked for",
	 .says.bad = "health_check: invalid domain name {}"},
};
static const sodns_option_t args[] = {
	{"FROM", SODNS_OPT_PARSE, .parse = read_from, .help = "the zone that is forwarded"},
	{"TO", SODNS_OPT_TEXT, SODNS_LIST(struct forward, to, to_count), .help = "upstreams"},
};
static const sodns_option_t properties[] = {
	{"except", SODNS_OPT_ZONES, SODNS_LIST(struct forward, except, except_count),
	 .form = "NAMES...", .help = "names that go to the next plugin"},
	{"force_tcp", SODNS_OPT_FLAG, SODNS_FIELD(struct forward, force_tcp),
	 .help = "over TCP whatever the client used"},
	{"prefer_udp", SODNS_OPT_FLAG, SODNS_FIELD(struct forward, prefer_udp),
	 .help = "over UDP whatever the client used"},
	{"expire", SODNS_OPT_DURATION, SODNS_FIELD(struct forward, expire), .fallback = "10s", ONE,
	 .help = "closes connections unused for so long"},
	{"max_age", SODNS_OPT_DURATION, SODNS_FIELD(struct forward, max_age), ONE,
	 .otherwise = "never", .help = "closes connections of this age"},
	{"max_idle_conns", SODNS_OPT_NUMBER, SODNS_FIELD(struct forward, max_idle), ONE,
	 .fallback = "0", .help = "unused connections kept, 0: any number",
	 .says.bad = SODNS_SAYS_ATOI},
	{"read_timeout", SODNS_OPT_DURATION, SODNS_FIELD(struct forward, read_timeout), .min = 1,
	 .fallback = "2s", ONE, .help = "for an answer",
	 .says.low = "read_timeout must be positive: {}"},
	{"max_fails", SODNS_OPT_NUMBER, SODNS_FIELD(struct forward, max_fails), .fallback = "2",
	 COUNT, .help = "failed checks before it is down, 0: any number"},
	{"max_connect_attempts", SODNS_OPT_NUMBER, SODNS_FIELD(struct forward, max_attempts), COUNT,
	 SODNS_GIVEN(struct forward, max_attempts_set),
	 .otherwise = "twice the number of upstreams", .help = "for one query, 0: 64"},
	{"tls", SODNS_OPT_PATH, SODNS_LIST(struct forward, tls_files, tls_file_count),
	 SODNS_GIVEN(struct forward, tls_wanted), .check = check_tls,
	 .flags = SODNS_OPT_OPTIONAL | SODNS_OPT_REPLACE, .form = "[CERT KEY] [CA]",
	 .help = "files for TLS"},
	{"tls_servername", SODNS_OPT_TEXT, SODNS_FIELD(struct forward, server_name), ONE,
	 .form = "NAME", .otherwise = "their address", .help = "in upstreams' certificates"},
	{"doh_method", SODNS_OPT_TEXT, SODNS_FIELD(struct forward, http_method), .fallback = "POST",
	 ONE, .check = check_method, .form = "GET|POST", .help = "of HTTPS"},
	{"policy", SODNS_OPT_WORD, SODNS_FIELD(struct forward, policy), .fallback = "random", ONE,
	 .words = SODNS_WORDS(policies), .help = "which upstream is asked first"},
	{"health_check", SODNS_OPT_GROUP, .args = SODNS_ROWS(checks), .check = check_health_check,
	 .help = "of upstreams that left questions unanswered",
	 .says.extra = "health_check: unknown option {}"},
	{"max_concurrent", SODNS_OPT_NUMBER, SODNS_FIELD(struct forward, max_concurrent), ONE,
	 .check = note_max_concurrent, .help = "queries in work", .says.bad = SODNS_SAYS_ATOI},
	{"next", SODNS_OPT_PARSE, .parse = read_rcode, .flags = SODNS_OPT_MANY, .form = "RCODES...",
	 .help = "go on to the next forward"},
	{"next_on_nodata", SODNS_OPT_FLAG, SODNS_FIELD(struct forward, next_on_nodata),
	 .help = "so do empty answers"},
	{"failover", SODNS_OPT_PARSE, .parse = read_rcode, .flags = SODNS_OPT_MANY,
	 .form = "RCODES...", .help = "go on to the next upstream"},
	{"failfast_all_unhealthy_upstreams", SODNS_OPT_FLAG, SODNS_FIELD(struct forward, failfast),
	 .help = "SERVFAIL when all are down"},
	{"source_address", SODNS_OPT_ADDRESS, SODNS_FIELD(struct forward, source), ONE,
	 .help = "to ask from"},
	{"resolver", SODNS_OPT_ENDPOINT, SODNS_LIST(struct forward, resolvers, resolver_count),
	 .min = 53, .flags = SODNS_OPT_REPLACE, .otherwise = "the system's",
	 .help = "asked for host names among TO"},
	{"random_case", SODNS_OPT_BOOL, SODNS_FIELD(struct forward, random_case), .fallback = "on",
	 .bare = "on", .help = "letters by chance that answers must have"},
	{"cookies", SODNS_OPT_BOOL, SODNS_FIELD(struct forward, cookies), .fallback = "on",
	 .bare = "on", .help = "cookies to upstreams"},
	{"pass_options", SODNS_OPT_PARSE, .parse = read_option, .flags = SODNS_OPT_MANY,
	 .form = "OPTIONS...", .otherwise = "none", .help = "EDNS options that go through"},
};
const sodns_options_t forward_options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_EACH,
	.help = "asks other DNS servers",
};

/* The destinations are read after the block, whose properties bear on them. */
static int read_one(sodns_setup_t *s, struct forward *f)
{
	if (sodns_setup_read(s, f))
		return SODNS_EINVAL;
	if (f->max_age && f->max_age < f->expire) {
		char age[40], expire[40];
		sodns_duration_to_text((int64_t)f->max_age, age);
		sodns_duration_to_text((int64_t)f->expire, expire);
		return sodns_error(s, "max_age (%s) must not be less than expire (%s)", age,
				   expire);
	}
	for (size_t i = 0; i < f->to_count; i++)
		if (to_read(s, f, f->to[i]))
			return SODNS_EINVAL;
	if (f->words > TO_MAX)
		return sodns_error(s, "more than %d TOs configured: %zu", TO_MAX, f->words);
	if (!f->target_count)
		return sodns_error(s, "no valid upstream addresses found");
	return SODNS_OK;
}

int forward_setup(sodns_setup_t *s)
{
	struct forward *last = NULL;
	while (sodns_setup_next(s)) {
		struct forward *f = sodns_setup_alloc(s, sizeof(*f));
		int rc = read_one(s, f);
		if (!rc)
			rc = sodns_add_handler(s, f);
		if (!rc && !f->except_count && !f->next && !f->next_on_nodata)
			sodns_setup_answers(s, &f->from, 1);
		if (rc)
			return rc;
		if (last)
			last->next_is_forward = true;
		last = f;
	}
	return SODNS_OK;
}
