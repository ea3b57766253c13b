/*
 * Words of a master file, and the simple things they stand for.
 */
#include <string.h>

#include "zone/scan.h"

enum { PLAIN, SPACE, NEWLINE, COMMENT, PAREN, QUOTE, ESCAPE };

static const uint8_t class_of[256] = {
	['\t'] = SPACE, [' '] = SPACE, ['\r'] = SPACE, ['\n'] = NEWLINE, [';'] = COMMENT,
	['('] = PAREN,  [')'] = PAREN, ['"'] = QUOTE,  ['\\'] = ESCAPE,
};

/* Passes white space, comments, and, within parentheses, the ends of lines. */
static bool skip(scanner_t *s)
{
	for (; s->p < s->end; s->p++) {
		switch (class_of[(uint8_t)*s->p]) {
		case SPACE:
			continue;
		case NEWLINE:
			if (!s->parens)
				return false;
			s->line++;
			continue;
		case COMMENT: {
			const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
			s->p = (nl ? nl : s->end) - 1;
			continue;
		}
		case PAREN:
			if (*s->p == '(' && !s->parens++)
				s->paren_line = s->line;
			else if (*s->p == '(')
				continue;
			else if (s->parens)
				s->parens--;
			else
				return true; /* a word that nothing accepts */
			continue;
		default:
			return true;
		}
	}
	return false;
}

bool scan_more(scanner_t *s)
{
	return skip(s);
}

static bool scan_quoted(scanner_t *s, word_t *w)
{
	const char *p = s->p + 1;
	unsigned line = s->line;
	w->at = p;
	w->quoted = true;
	for (; p < s->end && *p != '"'; p++) {
		if (*p == '\n')
			s->line++;
		if (*p == '\\' && p + 1 < s->end)
			p++;
	}
	w->len = (size_t)(p - w->at);
	s->open_quote = p == s->end;
	if (!s->quote_line && (s->open_quote || s->line != line))
		s->quote_line = line;
	s->p = p < s->end ? p + 1 : p;
	return true;
}

bool scan_word(scanner_t *s, word_t *w)
{
	if (!skip(s))
		return false;
	if (*s->p == '"')
		return scan_quoted(s, w);
	const char *p = s->p;
	w->at = p;
	w->quoted = false;
	for (; p < s->end; p++) {
		uint8_t c = class_of[(uint8_t)*p];
		if (c == PLAIN)
			continue;
		if (c != ESCAPE)
			break;
		if (p + 1 < s->end && p[1] != '\n')
			p++;
	}
	if (p == w->at)
		p++; /* a stray ')' */
	w->len = (size_t)(p - w->at);
	s->p = p;
	return true;
}

static inline uint8_t lower_if(uint8_t c, bool lower)
{
	return lower && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 32) : c;
}

const char *scan_escape(const char *p, const char *end, uint8_t *out)
{
	if (p == end)
		return NULL;
	if (*p < '0' || *p > '9') {
		*out = (uint8_t)*p;
		return p + 1;
	}
	if (end - p < 3 || p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
		return NULL;
	unsigned v = (unsigned)(p[0] - '0') * 100 + (unsigned)(p[1] - '0') * 10 +
		     (unsigned)(p[2] - '0');
	*out = (uint8_t)v;
	return v < 256 ? p + 3 : NULL;
}

static size_t with_origin(const scanner_t *s, uint8_t *out, size_t len)
{
	if (len + s->origin_len > SODNS_NAME_MAX)
		return 0;
	memcpy(out + len, s->origin, s->origin_len);
	return len + s->origin_len;
}

size_t scan_name(const scanner_t *s, const word_t *w, bool lower, uint8_t out[SODNS_NAME_MAX])
{
	const char *p = w->at, *end = p + w->len;
	size_t label = 0, len = 1;
	lower = lower && !s->options->keep_case;
	if (w->len == 1 && *p == '@')
		return with_origin(s, out, 0);
	if (w->len == 1 && *p == '.') {
		out[0] = 0;
		return 1;
	}
	if (!w->len)
		return 0;
	while (p < end) {
		uint8_t c = (uint8_t)*p++;
		if (c == '.') {
			if (len == label + 1 || len - label > 64)
				return 0;
			out[label] = (uint8_t)(len - label - 1);
			label = len;
			if (p == end) {
				out[len] = 0;
				return len + 1;
			}
			if (++len >= SODNS_NAME_MAX)
				return 0;
			continue;
		}
		if (c == '\\' && !(p = scan_escape(p, end, &c)))
			return 0;
		if (len >= SODNS_NAME_MAX - 1)
			return 0;
		out[len++] = lower_if(c, lower);
	}
	if (len - label > 64)
		return 0;
	out[label] = (uint8_t)(len - label - 1);
	return with_origin(s, out, len);
}

bool scan_number(const word_t *w, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	if (!w->len || w->len > 20)
		return false;
	for (size_t i = 0; i < w->len; i++) {
		if (w->at[i] < '0' || w->at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(w->at[i] - '0');
	}
	*out = v;
	return v <= max;
}

bool scan_ttl(const word_t *w, uint32_t *out)
{
	uint64_t sum = 0, v = 0;
	bool digit = false;
	for (size_t i = 0; i < w->len; i++) {
		char c = w->at[i];
		if (c >= '0' && c <= '9') {
			v = v * 10 + (uint64_t)(c - '0');
			digit = true;
			if (v > UINT32_MAX)
				return false;
			continue;
		}
		c |= 32;
		uint32_t unit = c == 's'   ? 1
				: c == 'm' ? 60
				: c == 'h' ? 3600
				: c == 'd' ? 86400
				: c == 'w' ? 604800
					   : 0;
		if (!unit || !digit)
			return false;
		sum += v * unit;
		v = 0;
		digit = false;
	}
	sum += v;
	*out = (uint32_t)sum;
	return w->len && sum <= UINT32_MAX;
}

uint16_t scan_type(const word_t *w)
{
	char text[24];
	if (w->len >= sizeof(text))
		return 0;
	memcpy(text, w->at, w->len);
	text[w->len] = 0;
	return sodns_type_from_text(text);
}
