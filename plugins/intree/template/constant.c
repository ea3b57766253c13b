/*
 * Constants of Go's syntax: quoted strings, characters, numbers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

size_t utf8_put(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00 >> n & 0xff) | c);
	return n;
}

size_t utf8_get(const char *text, size_t len, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = len ? (uint8_t)*text : 0;
	size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	*c = n == 1 ? first : first & (0xffu >> (n + 1));
	bool good = n && n <= len && first < 0xf8;
	for (size_t i = 1; good && i < n; i++) {
		good = (text[i] & 0xc0) == 0x80;
		*c = *c << 6 | (text[i] & 0x3f);
	}
	if (good && *c >= least[n] && *c <= 0x10ffff && !(*c >= 0xd800 && *c < 0xe000))
		return n;
	*c = 0xfffd;
	return 1;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* `digits` digits of this base at p. */
static bool code(const char *p, const char *end, unsigned digits, int base, uint32_t *c)
{
	*c = 0;
	if ((size_t)(end - p) < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		int d = digit_of(p[i]);
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
			*len += utf8_put(c, out + *len);
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
		p += utf8_get(p, (size_t)(end - p), &c);
	*out = (int32_t)c;
	return p == end;
}

/* Digits with single underscores between them, as Go allows where a base is named. */
static bool clean(slice_t text, bool based, char out[64])
{
	size_t n = 0;
	if (text.len > 60)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] != '_') {
			out[n++] = text.at[i];
			continue;
		}
		bool between = i && i + 1 < text.len && digit_of(text.at[i - 1]) < 36 &&
			       digit_of(text.at[i + 1]) < 16;
		if (!between && !(based && i))
			return false;
	}
	out[n] = 0;
	return n > 0;
}

static bool parse_integer(const char *digits, bool minus, int base, value_t *out)
{
	char *end;
	errno = 0;
	if (digit_of(*digits) >= base)
		return false;
	unsigned long long u = strtoull(digits, &end, base);
	if (*end || errno || u > (minus ? (1ull << 63) : (1ull << 63) - 1))
		return false;
	*out = value_int(minus ? (int64_t)(0 - u) : (int64_t)u);
	return true;
}

bool number_parse(slice_t text, value_t *out, bool *integer)
{
	char buf[64], *end;
	bool sign = text.len && (*text.at == '+' || *text.at == '-');
	bool minus = sign && *text.at == '-';
	const slice_t digits = {text.at + sign, text.len - sign};
	int base = 10, letter = digits.len > 1 && *digits.at == '0' ? digits.at[1] | 32 : 0;
	base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
	*integer = true;
	if (!clean(digits, base != 10, buf))
		return false;
	if (base != 10 && parse_integer(buf + 2, minus, base, out))
		return true;
	/* A leading zero stands for octal numbers. */
	if (base == 10 && parse_integer(buf, minus, *buf == '0' && buf[1] ? 8 : 10, out))
		return true;
	bool hex_float = base == 16 && strpbrk(buf, "pP");
	if (strspn(buf, hex_float ? "0123456789abcdefABCDEFxXpP.+-" : "0123456789.eE+-") !=
	    strlen(buf))
		return false;
	double f = strtod(buf, &end);
	if (*end || end == buf || (base == 10 && !strpbrk(buf, ".eE")))
		return false;
	*out = value_float(minus ? -f : f);
	/* 1e3 may stand where an integer is wanted. */
	*integer = f < 9e15 && f == (double)(int64_t)f;
	return true;
}
