/*
 * Numbers out of text and whole ones as text, as Go's strconv reads them (sodns/text.h).
 */
#include <sodns/text.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longer than any number in use: a double has at most 1,075 digits. */
#define FLOAT_TEXT_MAX 1200u

/* What Go allows of '_': between two digits, of which the base's prefix is one. `saw` is '0' behind a digit,
 * '_' behind an underscore. */
static bool underscores_good(const char *p, size_t len)
{
	char saw = '^';
	size_t at = len && (*p == '-' || *p == '+');
	bool hex = false;
	if (len - at >= 2 && p[at] == '0' && strchr("box", p[at + 1] | 0x20)) {
		hex = (p[at + 1] | 0x20) == 'x';
		saw = '0';
		at += 2;
	}
	for (; at < len; at++) {
		if (sodns_digit(p[at]) < (hex ? 16 : 10)) {
			saw = '0';
		} else if (p[at] == '_') {
			if (saw != '0')
				return false;
			saw = '_';
		} else {
			if (saw == '_')
				return false;
			saw = '!';
		}
	}
	return saw != '_';
}

/* The base that a text names by its beginning, and how long that is. */
static unsigned named_base(const char *p, size_t len, size_t *skip)
{
	*skip = 0;
	if (*p != '0')
		return 10;
	char c = len > 2 ? (char)(p[1] | 0x20) : 0;
	*skip = c == 'b' || c == 'o' || c == 'x' ? 2 : 1;
	return *skip == 1 ? 8 : c == 'b' ? 2 : c == 'o' ? 8 : 16;
}

int sodns_uint_from_text(const char *text, size_t len, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t at = 0;
	bool named = !base, underscores = false;
	if (!len)
		return SODNS_EINVAL;
	if (named)
		base = named_base(text, len, &at);
	for (; at < len; at++) {
		unsigned d = (unsigned)sodns_digit(text[at]);
		if (named && text[at] == '_') {
			underscores = true;
			continue;
		}
		if (d >= base)
			return SODNS_EINVAL;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v) ||
		    v > max)
			return SODNS_ERANGE;
	}
	if (underscores && !underscores_good(text, len))
		return SODNS_EINVAL;
	*out = v;
	return SODNS_OK;
}

int sodns_int_from_text(const char *text, size_t len, unsigned base, int64_t min, int64_t max,
			int64_t *out)
{
	uint64_t v;
	bool minus = len && *text == '-', sign = minus || (len && *text == '+');
	int rc = sodns_uint_from_text(text + sign, len - sign, base,
				      (uint64_t)INT64_MAX + (minus ? 1 : 0), &v);
	if (rc)
		return rc;
	int64_t n = minus ? (int64_t)(0 - v) : (int64_t)v;
	if (n < min || n > max)
		return SODNS_ERANGE;
	*out = n;
	return SODNS_OK;
}

size_t sodns_uint_to_text(uint64_t v, char out[21])
{
	char digits[20], *p = digits + sizeof(digits);
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	size_t n = (size_t)(digits + sizeof(digits) - p);
	memcpy(out, p, n);
	out[n] = 0;
	return n;
}

size_t sodns_int_to_text(int64_t v, char out[22])
{
	if (v >= 0)
		return sodns_uint_to_text((uint64_t)v, out);
	out[0] = '-';
	return 1 + sodns_uint_to_text(0 - (uint64_t)v, out + 1);
}

static bool infinite_or_none(const char *p, double *out)
{
	const char *word = p + (*p == '+' || *p == '-');
	if (!strcasecmp(word, "inf") || !strcasecmp(word, "infinity"))
		*out = *p == '-' ? -(double)INFINITY : (double)INFINITY;
	else if (!strcasecmp(p, "nan"))
		*out = (double)NAN;
	else
		return false;
	return true;
}

static size_t digits_at(const char *p, bool hex)
{
	size_t n = 0;
	while (sodns_digit(p[n]) < (hex ? 16 : 10))
		n++;
	return n;
}

/* Whether a text without underscores is a number of Go's: digits on one side of the point at least; a
 * hexadecimal one has an exponent. */
static bool is_float(const char *p)
{
	p += *p == '-' || *p == '+';
	bool hex = *p == '0' && (p[1] | 0x20) == 'x';
	p += hex ? 2 : 0;
	size_t before = digits_at(p, hex), behind = 0;
	p += before;
	if (*p == '.') {
		behind = digits_at(++p, hex);
		p += behind;
	}
	if (!before && !behind)
		return false;
	if ((*p | 0x20) != (hex ? 'p' : 'e'))
		return !*p && !hex;
	p++;
	p += *p == '-' || *p == '+';
	before = digits_at(p, false);
	return before && !p[before];
}

int sodns_float_from_text(const char *text, size_t len, double *out)
{
	char copy[FLOAT_TEXT_MAX];
	size_t n = 0;
	if (len >= sizeof(copy) || memchr(text, 0, len))
		return SODNS_EINVAL;
	for (size_t i = 0; i < len; i++)
		if (text[i] != '_')
			copy[n++] = text[i];
	copy[n] = 0;
	if (n < len && !underscores_good(text, len))
		return SODNS_EINVAL;
	if (infinite_or_none(copy, out))
		return n == len ? SODNS_OK : SODNS_EINVAL;
	if (!is_float(copy))
		return SODNS_EINVAL;
	*out = strtod(copy, NULL);
	return isinf(*out) ? SODNS_ERANGE : SODNS_OK;
}

const char *sodns_number_error(int error)
{
	return error == SODNS_ERANGE ? "value out of range" : "invalid syntax";
}
