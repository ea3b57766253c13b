/*
 * $GENERATE START-STOP[/STEP] LINE: a line for each number, with $ and ${OFFSET,WIDTH,BASE} in it
 * replaced.
 */
#include <stdio.h>
#include <string.h>

#include "zone/scan.h"

#define GENERATE_MAX 65536
#define LINE_SIZE 4096

struct range {
	long from, to, step;
};

static bool read_bound(const char *at, const char *end, long *out)
{
	uint64_t v;
	if (sodns_uint_from_text(at, (size_t)(end - at), 10, INT32_MAX, &v))
		return false;
	*out = (long)v;
	return true;
}

static bool read_range(const word_t *w, struct range *r)
{
	const char *end = w->at + w->len, *to = memchr(w->at, '-', w->len), *step;
	if (!to)
		return false;
	step = memchr(to, '/', (size_t)(end - to));
	r->step = 1;
	return read_bound(w->at, to, &r->from) && read_bound(to + 1, step ? step : end, &r->to) &&
	       (!step || read_bound(step + 1, end, &r->step)) && r->to >= r->from && r->step > 0 &&
	       (r->to - r->from) / r->step < GENERATE_MAX;
}

/* A number as nibbles with dots between, the lowest first, as names of addresses have them. The width
 * counts the dots, and zeroes fill it up: as in BIND. */
static int put_nibbles(uint32_t v, long width, const char *digits, char *out, size_t room)
{
	size_t n = 0;
	do {
		if (n + 3 > room)
			return -1;
		out[n++] = digits[v & 15];
		v >>= 4;
		width--;
		if (width > 0 || v) {
			out[n++] = '.';
			width--;
		}
	} while (v || width > 0);
	return (int)n;
}

/* Numbers below zero are of 32 bits where they are not decimal. */
static int put_number(long v, long width, char base, char *out, size_t room)
{
	if (base == 'n' || base == 'N')
		return put_nibbles((uint32_t)v, width,
				   base == 'n' ? "0123456789abcdef" : "0123456789ABCDEF", out,
				   room);
	const int w = (int)width;
	return base == 'd'   ? snprintf(out, room, "%0*ld", w, v)
	       : base == 'o' ? snprintf(out, room, "%0*o", w, (uint32_t)v)
	       : base == 'x' ? snprintf(out, room, "%0*x", w, (uint32_t)v)
			     : snprintf(out, room, "%0*X", w, (uint32_t)v);
}

/* {OFFSET[,WIDTH[,BASE]]} behind a $; returns what follows it, NULL if it is malformed. */
static const char *put_modified(const char *p, const char *end, long i, char *out, size_t room,
				size_t *n)
{
	char spec[64];
	long offset = 0, width = 0;
	char base = 'd';
	const char *close = memchr(p, '}', (size_t)(end - p));
	if (!close || (size_t)(close - p) >= sizeof(spec))
		return NULL;
	memcpy(spec, p, (size_t)(close - p));
	spec[close - p] = 0;
	int got = sscanf(spec, "%ld,%ld,%c", &offset, &width, &base);
	if (got < 1 || width < 0 || width > 255 || !strchr("doxXnN", base) || offset < INT32_MIN ||
	    offset > INT32_MAX)
		return NULL;
	int m = put_number(i + offset, width, base, out + *n, room - *n);
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

int scan_generate(scanner_t *s)
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
		s->generating = true;
		int rc = scan_lines(s, line, n);
		s->generating = false;
		if (rc)
			return -1;
	}
	s->p = end;
	return 0;
}
