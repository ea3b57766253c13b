/*
 * $GENERATE START-STOP[/STEP] LINE: a line for each number, with $ and ${OFFSET,WIDTH,BASE} in it
 * replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone/scan.h"

#define GENERATE_MAX 65536
#define LINE_SIZE 4096

struct range {
	long from, to, step;
};

static bool read_range(const word_t *w, struct range *r)
{
	char text[64], *end;
	if (w->len >= sizeof(text))
		return false;
	memcpy(text, w->at, w->len);
	text[w->len] = 0;
	r->step = 1;
	r->from = strtol(text, &end, 10);
	if (end == text || *end != '-')
		return false;
	const char *to = end + 1;
	r->to = strtol(to, &end, 10);
	if (end == to)
		return false;
	if (*end == '/') {
		const char *step = end + 1;
		r->step = strtol(step, &end, 10);
		if (end == step)
			return false;
	}
	return !*end && r->from >= 0 && r->to >= r->from && r->step > 0 &&
	       (r->to - r->from) / r->step < GENERATE_MAX;
}

/* {OFFSET[,WIDTH[,BASE]]} behind a $; returns what follows it, NULL if it is malformed. */
static const char *put_modified(const char *p, const char *end, long i, char *out, size_t room,
				size_t *n)
{
	char spec[64], format[16];
	long offset = 0, width = 0;
	char base = 'd';
	const char *close = memchr(p, '}', (size_t)(end - p));
	if (!close || (size_t)(close - p) >= sizeof(spec))
		return NULL;
	memcpy(spec, p, (size_t)(close - p));
	spec[close - p] = 0;
	int got = sscanf(spec, "%ld,%ld,%c", &offset, &width, &base);
	if (got < 1 || width < 0 || width > 255 || !strchr("doxX", base) || i + offset < 0)
		return NULL;
	snprintf(format, sizeof(format), "%%0%ldl%c", width, base);
	if (!width)
		snprintf(format, sizeof(format), "%%l%c", base);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int m = snprintf(out + *n, room - *n, format, i + offset);
#pragma GCC diagnostic pop
	if (m < 0 || (size_t)m >= room - *n)
		return NULL;
	*n += (size_t)m;
	return close + 1;
}

static bool put_line(const char *p, const char *end, long i, char *out, size_t room, size_t *n)
{
	*n = 0;
	while (p < end) {
		if (*n + 32 >= room)
			return false;
		if (*p == '\\' && p + 1 < end) {
			if (p[1] != '$')
				out[(*n)++] = *p;
			out[(*n)++] = p[1];
			p += 2;
		} else if (*p != '$') {
			out[(*n)++] = *p++;
		} else if (p + 1 < end && p[1] == '$') {
			out[(*n)++] = '$';
			p += 2;
		} else if (p + 1 < end && p[1] == '{') {
			if (!(p = put_modified(p + 2, end, i, out, room, n)))
				return false;
		} else {
			*n += (size_t)sprintf(out + *n, "%ld", i);
			p++;
		}
	}
	out[(*n)++] = '\n';
	return true;
}

static int generate(scanner_t *s)
{
	word_t w;
	struct range r;
	char line[LINE_SIZE];
	if (!scan_word(s, &w) || !read_range(&w, &r))
		return scan_error(s, "bad range in $GENERATE");
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
	if (!scan_more(s))
		return scan_error(s, "garbage after $GENERATE range");
	const char *begin = s->p, *nl = memchr(begin, '\n', (size_t)(s->end - begin)),
		   *end = nl ? nl : s->end;
	for (long i = r.from; i <= r.to; i += r.step) {
		size_t n;
		if (!put_line(begin, end, i, line, sizeof(line), &n))
			return scan_error(s, "bad modifier in $GENERATE");
		if (line[0] == '$')
			return scan_error(s, "$GENERATE of a directive");
		if (scan_lines(s, line, n))
			return -1;
	}
	s->p = end;
	return 0;
}

/* What is generated has the default TTL unless it names one, whatever $TTL says: as in CoreDNS. */
int scan_generate(scanner_t *s)
{
	const uint32_t ttl = s->ttl;
	const bool known = s->ttl_known, fixed = s->ttl_fixed;
	s->ttl_known = s->ttl_fixed = false;
	s->generating = true;
	int rc = generate(s);
	s->generating = false;
	s->ttl = ttl;
	s->ttl_known = known;
	s->ttl_fixed = fixed;
	return rc;
}
