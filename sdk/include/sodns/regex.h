/*
 * Regular expressions: Perl's syntax, of which Go's is nearly a subset. Matching is bounded: a
 * pattern that would need too long on a text does not match it, and is counted.
 */
#ifndef SODNS_REGEX_H
#define SODNS_REGEX_H

#include <sodns/abi.h>

typedef struct sodns_regex sodns_regex_t;
/* A part of the text that was matched; at is NULL for a group that took no part. */
typedef struct sodns_span {
	const char *at;
	size_t len;
} sodns_span_t;

/* Compiles a pattern; the caller frees it. NULL: the reason and the place in err. [any thread] */
SODNS_API sodns_regex_t *sodns_regex_new(const char *pattern, char *err, size_t err_size);
SODNS_API void sodns_regex_free(void *regex);
/* How many groups the pattern has, the whole match not counted; and the name of one of them, NULL if
 * it has none. [any thread] */
SODNS_API size_t sodns_regex_groups(const sodns_regex_t *r);
SODNS_API const char *sodns_regex_group_name(const sodns_regex_t *r, size_t group);
/* The number of the group "(?P<NAME>...)", or SODNS_ENOENT. [any thread] */
SODNS_API int sodns_regex_group(const sodns_regex_t *r, const char *name);
/* Searches text for the pattern. Returns 0, or 1 more than the number of the last group that
 * matched; the first `count` groups (0 is the whole match) go to groups. Safe on many threads at
 * once; takes no memory, but once in each thread, and where more than 32 groups are wanted of a pattern
 * that has them. [any thread] */
SODNS_API int sodns_regex_match(const sodns_regex_t *r, const char *text, size_t len,
				sodns_span_t *groups, size_t count);

#endif
