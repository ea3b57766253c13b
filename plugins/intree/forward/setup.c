/*
 * The directive.
 */
#include "forward.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define EXPIRE_NS (10000ull * MS)
#define READ_TIMEOUT_NS (2000ull * MS)
#define CHECK_INTERVAL_NS (500ull * MS)
#define CHECK_INTERVAL_MIN (10ull * MS)

static int one_arg(sodns_setup_t *s, const char **arg)
{
	*arg = sodns_setup_arg(s);
	return *arg ? SODNS_OK : sodns_error_args(s);
}

static int no_arg(sodns_setup_t *s)
{
	return sodns_setup_arg(s) ? sodns_error_args(s) : SODNS_OK;
}

/* A whole number as Go reads it; `function` is what its error names. */
static int read_number(sodns_setup_t *s, const char *function, long long min, long long max,
		       long long *out)
{
	const char *text;
	char *end;
	if (one_arg(s, &text))
		return SODNS_EINVAL;
	const char *digits = text + (*text == '-' && min < 0);
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (*digits < '0' || *digits > '9' || *end)
		return sodns_error(s, "strconv.%s: parsing \"%s\": invalid syntax", function, text);
	if (errno || *out > max || *out < min)
		return sodns_error(s, "strconv.%s: parsing \"%s\": value out of range [%lld, %lld]",
				   function, text, min, max);
	return SODNS_OK;
}

static int read_count(sodns_setup_t *s, uint32_t *out)
{
	long long v;
	int rc = read_number(s, "ParseUint", 0, UINT32_MAX, &v);
	if (!rc)
		*out = (uint32_t)v;
	return rc;
}

static int read_whole(sodns_setup_t *s, const char *property, long long *out)
{
	int rc = read_number(s, "Atoi", LLONG_MIN, LLONG_MAX, out);
	if (!rc && *out < 0)
		return sodns_error(s, "%s can't be negative: %lld", property, *out);
	return rc;
}

/* Go tells a number without a unit from what is no duration at all. */
static int read_time(sodns_setup_t *s, int64_t *ns)
{
	const char *text;
	if (one_arg(s, &text))
		return SODNS_EINVAL;
	if (!sodns_duration_from_text(text, ns))
		return SODNS_OK;
	if (*text && strspn(text, "0123456789.") == strlen(text))
		return sodns_error(s, "time: missing unit in duration \"%s\"", text);
	return sodns_error(s, "time: invalid duration \"%s\"", text);
}

static int read_duration(sodns_setup_t *s, const char *property, uint64_t *out)
{
	int64_t ns;
	char text[40];
	if (read_time(s, &ns))
		return SODNS_EINVAL;
	sodns_duration_to_text(ns, text);
	if (ns < 0)
		return sodns_error(s, "%s can't be negative: %s", property, text);
	*out = (uint64_t)ns;
	return SODNS_OK;
}

static int read_except(sodns_setup_t *s, struct forward *f)
{
	size_t count, more;
	const char *const *words = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *const *zones = sodns_setup_zone_text(s, words[i], &more);
		if (!zones)
			return SODNS_EINVAL;
		const uint8_t **all = sodns_setup_alloc(s, (f->except_count + more) * sizeof(*all));
		if (f->except_count)
			memcpy(all, f->except, f->except_count * sizeof(*all));
		memcpy(all + f->except_count, zones, more * sizeof(*all));
		f->except = all;
		f->except_count += more;
	}
	return SODNS_OK;
}

static int read_check_name(sodns_setup_t *s, struct forward *f)
{
	const char *text;
	if (one_arg(s, &text))
		return SODNS_EINVAL;
	if (sodns_name_from_text(text, NULL, f->check_name) < 0)
		return sodns_error(s, "health_check: invalid domain name %s", text);
	sodns_name_lower(f->check_name, f->check_name);
	return SODNS_OK;
}

static int read_health_check(sodns_setup_t *s, struct forward *f)
{
	int64_t ns;
	const char *word;
	if (read_time(s, &ns))
		return SODNS_EINVAL;
	if (ns < 0)
		return sodns_error(s, "health_check can't be negative: %lld", (long long)ns);
	f->interval = (uint64_t)ns > CHECK_INTERVAL_MIN ? (uint64_t)ns : CHECK_INTERVAL_MIN;
	f->check_name[0] = 0;
	while ((word = sodns_setup_arg(s))) {
		int rc = SODNS_OK;
		if (!strcmp(word, "no_rec"))
			f->check_no_rd = true;
		else if (!strcmp(word, "domain"))
			rc = read_check_name(s, f);
		else
			rc = sodns_error(s, "health_check: unknown option %s", word);
		if (rc)
			return rc;
	}
	return SODNS_OK;
}

static int read_policy(sodns_setup_t *s, struct forward *f)
{
	static const char *const names[] = {"random", "round_robin", "sequential"};
	const char *text;
	if (one_arg(s, &text))
		return SODNS_EINVAL;
	for (int i = 0; i < 3; i++)
		if (!strcmp(text, names[i])) {
			f->policy = (enum policy)i;
			return SODNS_OK;
		}
	return sodns_error(s, "unknown policy '%s'", text);
}

static int read_max_concurrent(sodns_setup_t *s, struct forward *f)
{
	long long v;
	if (read_whole(s, "max_concurrent", &v))
		return SODNS_EINVAL;
	f->max_concurrent = v;
	f->max_concurrent_text = sodns_setup_value(s);
	return SODNS_OK;
}

static int read_rcodes(sodns_setup_t *s, bool failover, uint32_t *bits)
{
	size_t count;
	const char *const *words = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	for (size_t i = 0; i < count; i++) {
		int rcode = sodns_rcode_from_text(words[i]);
		if (rcode < 0 || rcode > 31)
			return sodns_error(s, "%s is not a valid rcode", words[i]);
		if (failover && !rcode)
			return sodns_error(s, "NoError cannot be used in failover");
		*bits |= 1u << rcode;
	}
	return SODNS_OK;
}

static int read_source(sodns_setup_t *s, struct forward *f)
{
	const char *text;
	if (one_arg(s, &text))
		return SODNS_EINVAL;
	if (sodns_address_from_text(text, &f->source))
		return sodns_error(s, "invalid IP address: %s", text);
	return SODNS_OK;
}

static int read_resolvers(sodns_setup_t *s, struct forward *f)
{
	size_t count;
	const char *const *words = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	f->resolvers = sodns_setup_alloc(s, count * sizeof(*f->resolvers));
	f->resolver_count = count;
	for (size_t i = 0; i < count; i++)
		if (sodns_endpoint_from_text(words[i], 53, &f->resolvers[i]))
			return sodns_error(s, "resolver must be an IP address or IP:port: \"%s\"",
					   words[i]);
	return SODNS_OK;
}

static int read_doh_method(sodns_setup_t *s, struct forward *f)
{
	if (one_arg(s, &f->http_method))
		return SODNS_EINVAL;
	if (strcmp(f->http_method, "POST") && strcmp(f->http_method, "GET"))
		return sodns_error(s, "doh_method must be either POST or GET");
	return SODNS_OK;
}

static int read_tls(sodns_setup_t *s, struct forward *f)
{
	size_t count;
	const char *const *words = sodns_setup_args(s, &count);
	if (count > 3)
		return sodns_error_args(s);
	f->tls_file_count = count;
	f->tls_wanted = true;
	for (size_t i = 0; i < count; i++)
		f->tls_files[i] = sodns_setup_path(s, words[i]);
	return SODNS_OK;
}

static int read_read_timeout(sodns_setup_t *s, struct forward *f)
{
	int64_t ns;
	char text[40];
	if (read_time(s, &ns))
		return SODNS_EINVAL;
	sodns_duration_to_text(ns, text);
	if (ns <= 0)
		return sodns_error(s, "read_timeout must be positive: %s", text);
	f->read_timeout = (uint64_t)ns;
	return SODNS_OK;
}

static int read_max_idle(sodns_setup_t *s, struct forward *f)
{
	long long v;
	if (read_whole(s, "max_idle_conns", &v))
		return SODNS_EINVAL;
	f->max_idle = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	return SODNS_OK;
}

static int read_switch(sodns_setup_t *s, const char *property, bool *flag)
{
	const char *word = sodns_setup_arg(s);
	*flag = !word || !strcmp(word, "on");
	if (word && !*flag && strcmp(word, "off"))
		return sodns_error(s, "%s must be on or off: \"%s\"", property, word);
	return no_arg(s);
}

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

static int read_pass_options(sodns_setup_t *s, struct forward *f)
{
	size_t count;
	const char *const *words = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	for (size_t i = 0; i < count; i++) {
		int code = option_code(words[i]);
		if (code < 0)
			return sodns_error(
				s,
				"not an EDNS option that can be passed on: \"%s\" (nsid, "
				"dau, dhu, n3u, ecs, expire, padding or a number from 1 to "
				"65534 but 10 and 11)",
				words[i]);
		bool known = false;
		for (unsigned k = 0; k < f->passed_count; k++)
			known |= f->passed[k] == code;
		if (known)
			continue;
		if (f->passed_count == PASSED_MAX)
			return sodns_error(s, "more than %u options to be passed on", PASSED_MAX);
		f->passed[f->passed_count++] = (uint16_t)code;
	}
	return SODNS_OK;
}

static int read_flag(sodns_setup_t *s, bool *flag)
{
	*flag = true;
	return no_arg(s);
}

static int read_property(sodns_setup_t *s, struct forward *f)
{
	const char *p = sodns_setup_value(s);
	if (!strcmp(p, "except"))
		return read_except(s, f);
	if (!strcmp(p, "max_fails"))
		return read_count(s, &f->max_fails);
	if (!strcmp(p, "max_connect_attempts")) {
		f->max_attempts_set = true;
		return read_count(s, &f->max_attempts);
	}
	if (!strcmp(p, "health_check"))
		return read_health_check(s, f);
	if (!strcmp(p, "force_tcp"))
		return read_flag(s, &f->force_tcp);
	if (!strcmp(p, "prefer_udp"))
		return read_flag(s, &f->prefer_udp);
	if (!strcmp(p, "random_case"))
		return read_switch(s, p, &f->random_case);
	if (!strcmp(p, "cookies"))
		return read_switch(s, p, &f->cookies);
	if (!strcmp(p, "pass_options"))
		return read_pass_options(s, f);
	if (!strcmp(p, "next_on_nodata"))
		return read_flag(s, &f->next_on_nodata);
	if (!strcmp(p, "failfast_all_unhealthy_upstreams"))
		return read_flag(s, &f->failfast);
	if (!strcmp(p, "tls"))
		return read_tls(s, f);
	if (!strcmp(p, "tls_servername"))
		return one_arg(s, &f->server_name);
	if (!strcmp(p, "expire"))
		return read_duration(s, "expire", &f->expire);
	if (!strcmp(p, "max_age"))
		return read_duration(s, "max_age", &f->max_age);
	if (!strcmp(p, "max_idle_conns"))
		return read_max_idle(s, f);
	if (!strcmp(p, "read_timeout"))
		return read_read_timeout(s, f);
	if (!strcmp(p, "doh_method"))
		return read_doh_method(s, f);
	if (!strcmp(p, "policy"))
		return read_policy(s, f);
	if (!strcmp(p, "max_concurrent"))
		return read_max_concurrent(s, f);
	if (!strcmp(p, "next"))
		return read_rcodes(s, false, &f->next);
	if (!strcmp(p, "failover"))
		return read_rcodes(s, true, &f->failover);
	if (!strcmp(p, "resolver"))
		return read_resolvers(s, f);
	if (!strcmp(p, "source_address"))
		return read_source(s, f);
	return sodns_error_property(s);
}

static int read_from(sodns_setup_t *s, struct forward *f)
{
	size_t count;
	char text[SODNS_NAME_TEXT_MAX];
	const char *from = sodns_setup_arg(s);
	if (!from)
		return sodns_error_args(s);
	const uint8_t *const *zones = sodns_setup_zone_text(s, from, &count);
	if (!zones)
		return SODNS_EINVAL;
	f->from = zones[0];
	if (count < 2)
		return SODNS_OK;
	sodns_name_to_text(f->from, text);
	sodns_log(SODNS_LOG_WARNING, "forward",
		  "Unsupported CIDR notation: '%s' expands to multiple zones. Using only '%s'.",
		  from, text);
	return SODNS_OK;
}

/* The destinations are read after the block, whose properties bear on them. */
static int read_one(sodns_setup_t *s, struct forward *f)
{
	size_t count;
	if (read_from(s, f))
		return SODNS_EINVAL;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	const char **words = sodns_setup_alloc(s, count * sizeof(*words));
	memcpy(words, args, count * sizeof(*words));
	while (sodns_setup_block(s))
		if (read_property(s, f))
			return SODNS_EINVAL;
	if (f->max_age && f->max_age < f->expire) {
		char age[40], expire[40];
		sodns_duration_to_text((int64_t)f->max_age, age);
		sodns_duration_to_text((int64_t)f->expire, expire);
		return sodns_error(s, "max_age (%s) must not be less than expire (%s)", age,
				   expire);
	}
	for (size_t i = 0; i < count; i++)
		if (to_read(s, f, words[i]))
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
		f->max_fails = 2;
		f->http_method = "POST";
		f->random_case = f->cookies = true;
		f->expire = EXPIRE_NS;
		f->read_timeout = READ_TIMEOUT_NS;
		f->interval = CHECK_INTERVAL_NS;
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
