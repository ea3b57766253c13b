/*
 * Comparing names as texts, and texts with groups filled in.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewrite.h"

#define PATTERN_MAX 10000

bool match_text(const struct match *m, const char *text, size_t len, sodns_span_t *groups)
{
	switch (m->kind) {
	case MATCH_EXACT:
		return len == m->len && !memcmp(text, m->text, len);
	case MATCH_PREFIX:
		return len >= m->len && !memcmp(text, m->text, m->len);
	case MATCH_SUFFIX:
		return len >= m->len && !memcmp(text + len - m->len, m->text, m->len);
	case MATCH_SUBSTRING:
		return memmem(text, len, m->text, m->len) != NULL;
	default:
		return sodns_regex_match(m->regex, text, len, groups, groups ? GROUPS_MAX : 0) > 0;
	}
}

sodns_regex_t *pattern_new(sodns_setup_t *s, const char *pattern, const char *prefix,
			   const char *complaint)
{
	char err[256];
	if (strlen(pattern) > PATTERN_MAX) {
		sodns_error(s, "%sregex pattern too long: %zu > %d", prefix, strlen(pattern),
			    PATTERN_MAX);
		return NULL;
	}
	sodns_regex_t *regex = sodns_regex_new(pattern, err, sizeof(err));
	if (!regex)
		sodns_error(s, "%s%s: %s", prefix, complaint, pattern);
	return regex;
}

const char *normalized(sodns_setup_t *s, const char *text)
{
	size_t n = strlen(text);
	char *out = sodns_setup_alloc(s, n + 2);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	if (!n || out[n - 1] != '.')
		out[n] = '.';
	return out;
}

/* "{N}" at p, with N up to last and no zeros in front: its length and number. */
static size_t group_at(const char *p, size_t last, size_t *number)
{
	uint64_t value;
	const size_t digits = *p == '{' ? strspn(p + 1, "0123456789") : 0;
	if (!digits || p[1 + digits] != '}' || (p[1] == '0' && digits > 1) ||
	    sodns_uint_from_text(p + 1, digits, 10, last, &value))
		return 0;
	*number = (size_t)value;
	return digits + 2;
}

unsigned replacement_groups(const char *text)
{
	unsigned used = 0, count = 0;
	size_t number, n;
	for (; *text; text++) {
		n = group_at(text, GROUPS_MAX - 1, &number);
		if (n && !(used >> number & 1)) {
			used |= 1u << number;
			count++;
		}
	}
	return count;
}

/* What follows a '(' that opens a group: "(?P<name>" and "(?<name>" do, too. */
static bool is_group(const char *p)
{
	return *p != '?' || p[1] == 'P' || (p[1] == '<' && p[2] != '=' && p[2] != '!');
}

unsigned pattern_groups(const char *p)
{
	unsigned count = 0;
	bool set = false;
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '[')
			set = true;
		else if (*p == ']')
			set = false;
		else if (*p == '(' && !set && is_group(p + 1))
			count++;
	}
	return count;
}

void replacement_parse(sodns_setup_t *s, const char *text, unsigned groups, struct replacement *out)
{
	size_t number, n, last = groups < GROUPS_MAX ? groups : GROUPS_MAX - 1;
	out->pieces = sodns_setup_alloc(s, (strlen(text) + 1) * sizeof(*out->pieces));
	for (const char *p = text; *p;) {
		struct piece *piece = &out->pieces[out->count++];
		n = group_at(p, last, &number);
		if (n) {
			*piece = (struct piece){NULL, number};
			p += n;
			continue;
		}
		const char *begin = p++;
		while (*p && !group_at(p, last, &number))
			p++;
		*piece = (struct piece){begin, (size_t)(p - begin)};
	}
}

size_t replacement_fill(const struct replacement *r, const sodns_span_t *groups, char out[TEXT_MAX])
{
	size_t at = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct piece *p = &r->pieces[i];
		const char *text = p->text ? p->text : groups[p->len].at;
		size_t n = p->text ? p->len : groups[p->len].len;
		if (!text)
			continue;
		if (at + n >= TEXT_MAX)
			return 0;
		memcpy(out + at, text, n);
		at += n;
	}
	out[at] = 0;
	return at;
}
