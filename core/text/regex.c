/*
 * Patterns, on PCRE2 with limits: a pattern that would run away is no match, and counted. They are
 * compiled to machine code where the system lets us; a thread keeps the memory that a match needs.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <sodns/regex.h>

#include <pcre2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/regex.h"

#define MATCH_LIMIT 100000u
#define HEAP_LIMIT_KIB 512u
#define GROUPS_MAX 32u

struct sodns_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
	uint32_t groups;
};

static _Atomic(uint64_t) given_up;
static pthread_key_t at_exit;

static void free_data(void *data)
{
	pcre2_match_data_free(data);
}

static void make_key(void)
{
	pthread_key_create(&at_exit, free_data);
}

/* The thread's own memory for matching, made when it first matches. */
static pcre2_match_data *match_data(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static __thread pcre2_match_data *own;
	if (own)
		return own;
	pthread_once(&once, make_key);
	own = pcre2_match_data_create(GROUPS_MAX, NULL);
	pthread_setspecific(at_exit, own);
	return own;
}

uint64_t regex_given_up(void)
{
	return atomic_load_explicit(&given_up, memory_order_relaxed);
}

sodns_regex_t *sodns_regex_new(const char *pattern, char *err, size_t err_size)
{
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
	pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* without it, it is slower */
	pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
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

size_t sodns_regex_groups(const sodns_regex_t *r)
{
	return r->groups;
}

const char *sodns_regex_group_name(const sodns_regex_t *r, size_t group)
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR table;
	pcre2_pattern_info(r->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(r->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(r->code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; i < count; i++, table += size)
		if ((size_t)(table[0] << 8 | table[1]) == group)
			return (const char *)table + 2;
	return NULL;
}

int sodns_regex_group(const sodns_regex_t *r, const char *name)
{
	int n = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)name);
	return n > 0 ? n : SODNS_ENOENT;
}

/* The machine code has a small stack of its own; what needs more is interpreted. */
static int run(const sodns_regex_t *r, const char *text, size_t len, pcre2_match_data *data)
{
	int found = pcre2_match(r->code, (PCRE2_SPTR)text, len, 0, 0, data, r->limits);
	if (found == PCRE2_ERROR_JIT_STACKLIMIT)
		found = pcre2_match(r->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_JIT, data,
				    r->limits);
	if (found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_HEAPLIMIT ||
	    found == PCRE2_ERROR_DEPTHLIMIT)
		atomic_fetch_add_explicit(&given_up, 1, memory_order_relaxed);
	/* 0: it matches, and has more groups than there is room for. */
	return found ? found : (int)pcre2_get_ovector_count(data);
}

int sodns_regex_match(const sodns_regex_t *r, const char *text, size_t len, sodns_span_t *groups,
		      size_t count)
{
	bool many = count > GROUPS_MAX && r->groups >= GROUPS_MAX;
	pcre2_match_data *data = many ? pcre2_match_data_create(r->groups + 1, NULL) : match_data();
	if (!data)
		return 0;
	int found = run(r, text, len, data);
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
	for (size_t i = 0; i < count; i++) {
		bool set = (int)i < found && at[2 * i] != PCRE2_UNSET;
		groups[i] = (sodns_span_t){set ? text + at[2 * i] : NULL,
					   set ? at[2 * i + 1] - at[2 * i] : 0};
	}
	if (many)
		pcre2_match_data_free(data);
	return found > 0 ? found : 0;
}
