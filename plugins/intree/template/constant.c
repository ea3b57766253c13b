/*
 * Constants of Go's syntax: quoted strings, characters, numbers.
 */
#include <math.h>
#include <string.h>

#include "node.h"

/* `digits` digits of this base at p. */
static bool code(const char *p, const char *end, unsigned digits, int base, uint32_t *c)
{
	*c = 0;
	if ((size_t)(end - p) < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		int d = sodns_digit(p[i]);
		if (d >= base)
			return false;
		*c = *c * (uint32_t)base + (uint32_t)d;
	}
	return true;
}

/* The escape behind a backslash: its character; *byte: it stands for one byte, not for a rune.
 * Returns where the text goes on, or NULL. */
static const char *escape(const char *p, const char *end, char quote, uint32_t *c, bool *byte)
{
	const char *names = "abfnrtv\\", *at;
	*byte = false;
	if (p == end)
		return NULL;
	if (*p == quote || (*p && (at = strchr(names, *p)))) {
		*c = (uint8_t)(*p == quote ? quote : "\a\b\f\n\r\t\v\\"[at - names]);
		return p + 1;
	}
	switch (*p) {
	case 'x':
		*byte = true;
		return code(p + 1, end, 2, 16, c) ? p + 3 : NULL;
	case 'u':
		return code(p + 1, end, 4, 16, c) && *c - 0xd800 >= 0x800 ? p + 5 : NULL;
	case 'U':
		return code(p + 1, end, 8, 16, c) && *c <= 0x10ffff && *c - 0xd800 >= 0x800 ? p + 9
											    : NULL;
	default:
		*byte = true;
		return code(p, end, 3, 8, c) && *c < 256 ? p + 3 : NULL;
	}
}

bool unquote(slice_t text, char *out, size_t *len)
{
	const char *p = text.at + 1, *end = text.at + text.len - 1;
	uint32_t c;
	bool byte;
	*len = 0;
	while (p < end) {
		if (*p != '\\') {
			out[(*len)++] = *p++;
			continue;
		}
		p = escape(p + 1, end, '"', &c, &byte);
		if (!p)
			return false;
		if (byte)
			out[(*len)++] = (char)c;
		else
			*len += sodns_utf8_write(c, out + *len);
	}
	return true;
}

bool unquote_char(slice_t text, int32_t *out)
{
	const char *p = text.at + 1, *end = text.at + text.len - 1;
	uint32_t c;
	bool byte;
	if (p >= end || *p == '\'')
		return false;
	if (*p == '\\')
		p = escape(p + 1, end, '\'', &c, &byte);
	else
		p += sodns_utf8_read(p, (size_t)(end - p), &c);
	*out = (int32_t)c;
	return p == end;
}

const char *number_parse(slice_t text, value_t *out, bool *integer)
{
	int64_t i;
	double f;
	*integer = true;
	if (!sodns_int_from_text(text.at, text.len, 0, INT64_MIN, INT64_MAX, &i)) {
		*out = value_int(i);
		return NULL;
	}
	bool fraction = false;
	for (size_t k = 0; k < text.len; k++)
		fraction |= strchr(".eEpP", text.at[k]) != NULL;
	if (sodns_float_from_text(text.at, text.len, &f))
		return "illegal number syntax";
	/* A whole number that does not fit, or one like 08 with digits that its base has not. */
	if (!fraction)
		return "integer overflow";
	*out = value_float(f);
	/* 1e3 may stand where an integer is wanted. */
	*integer = fabs(f) < 9e15 && f == (double)(int64_t)f;
	return NULL;
}
