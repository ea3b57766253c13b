/*
 * Patterns, on PCRE2 with limits: a pattern that would run away is no match, and counted.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <sodns/regex.h>

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>

#define MATCH_LIMIT 100000u
#define HEAP_LIMIT_KIB 512u
#define GROUPS_MAX 32u

struct sodns_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
	sodns_metric_t *exceeded;
};

sodns_regex_t *sodns_regex_new(const char *pattern, char *err, size_t err_size)
{
	static const sodns_family_t family = {
		.name = "sodns_regex_limit_total",
		.help = "Matches given up because the pattern ran into its limits."};
	int code;
	PCRE2_SIZE at;
	sodns_regex_t *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY,
				&code, &at, NULL);
	r->limits = pcre2_match_context_create(NULL);
	if (!r->code || !r->limits) {
		char why[256];
		pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		snprintf(err, err_size, "error parsing regexp: %s at offset %zu: `%s`", why,
			 (size_t)at, pattern);
		sodns_regex_free(r);
		return NULL;
	}
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
	r->exceeded = sodns_metric(&family, NULL);
	return r;
}

void sodns_regex_free(void *regex)
{
	sodns_regex_t *r = regex;
	if (!r)
		return;
	pcre2_match_context_free(r->limits);
	pcre2_code_free(r->code);
	free(r);
}

unsigned sodns_regex_groups(const sodns_regex_t *r)
{
	uint32_t count = 0;
	pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &count);
	return count;
}

int sodns_regex_group(const sodns_regex_t *r, const char *name)
{
	int n = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)name);
	return n > 0 ? n : SODNS_ENOENT;
}

int sodns_regex_match(const sodns_regex_t *r, const char *text, size_t len, sodns_span_t *groups,
		      size_t count)
{
	pcre2_match_data *data = pcre2_match_data_create(GROUPS_MAX, NULL);
	if (!data)
		return 0;
	int found = pcre2_match(r->code, (PCRE2_SPTR)text, len, 0, 0, data, r->limits);
	if (found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_HEAPLIMIT ||
	    found == PCRE2_ERROR_DEPTHLIMIT)
		sodns_metric_add(r->exceeded, 1);
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
	for (size_t i = 0; i < count; i++) {
		bool set = (int)i < found && at[2 * i] != PCRE2_UNSET;
		groups[i] = (sodns_span_t){set ? text + at[2 * i] : NULL,
					   set ? at[2 * i + 1] - at[2 * i] : 0};
	}
	pcre2_match_data_free(data);
	return found > 0 ? found : 0;
}
