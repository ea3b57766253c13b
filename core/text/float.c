/*
 * Doubles as text, as Go's strconv.FormatFloat writes them (sodns/text.h).
 */
#include <sodns/text.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits that tell any two doubles apart. */
#define DIGITS_ENOUGH 17

/* A number as it is kept: mantissa with its hidden bit, and the exponent of its first bit. */
static uint64_t take_apart(double f, int *exponent)
{
	uint64_t bits;
	memcpy(&bits, &f, sizeof(bits));
	uint64_t mantissa = bits & ((1ull << 52) - 1);
	int e = (int)(bits >> 52 & 0x7ff);
	if (e)
		mantissa |= 1ull << 52;
	*exponent = (e ? e : 1) - 1023;
	return mantissa;
}

/* 4503599627370496p-52 */
static int put_binary(char *out, size_t room, double f)
{
	int e;
	uint64_t mantissa = take_apart(f, &e);
	return snprintf(out, room, "%s%llup%+d", signbit(f) ? "-" : "",
			(unsigned long long)mantissa, e - 52);
}

/* The mantissa of `m` with its first bit at 60 cut down to so many digits behind the point, to the nearest
 * even one. */
static uint64_t round_hex(uint64_t m, int precision, int *e)
{
	const uint64_t one = 1ull << 60;
	if (precision < 0 || precision >= 15)
		return m;
	unsigned shift = (unsigned)precision * 4;
	uint64_t extra = m << shift & (one - 1);
	m >>= 60 - shift;
	if ((extra | (m & 1)) > one >> 1)
		m++;
	m <<= 60 - shift;
	if (!(m & one << 1))
		return m;
	++*e;
	return m >> 1;
}

/* 0x1.8p+01; of digits behind the point as many as asked for, or as there are. */
static int put_hex(char *out, size_t room, bool capital, int precision, double f)
{
	const char *digits = capital ? "0123456789ABCDEF" : "0123456789abcdef";
	int e, n;
	uint64_t m = take_apart(f, &e) << 8;
	if (!m)
		e = 0;
	for (; m && !(m >> 60); e--)
		m <<= 1;
	m = round_hex(m, precision, &e);
	n = snprintf(out, room, "%s0%c%u%s", signbit(f) ? "-" : "", capital ? 'X' : 'x',
		     (unsigned)(m >> 60), (precision < 0 ? m << 4 != 0 : precision > 0) ? "." : "");
	if ((size_t)n >= room)
		return n;
	m <<= 4;
	for (int i = 0; (precision < 0 ? m != 0 : i < precision) && (size_t)n + 1 < room;
	     i++, m <<= 4)
		out[n++] = digits[m >> 60];
	return n + snprintf(out + n, room - (size_t)n, "%c%c%02d", capital ? 'P' : 'p',
			    e < 0 ? '-' : '+', abs(e));
}

/* Whole numbers that most are: without looking for digits. */
static bool is_short(double f)
{
	return f == floor(f) && fabs(f) < 1e6 && !(f == 0 && signbit(f));
}

/* The fewest digits that read back as the number, as %e has them; returns how many are behind the point. */
static int fewest_digits(double f, char text[40])
{
	int precision = 0;
	do
		snprintf(text, 40, "%.*e", precision, f);
	while (strtod(text, NULL) != f && ++precision < DIGITS_ENOUGH);
	return precision;
}

/* The digits and as many zeros as the exponent says. */
static int put_whole(char *out, size_t room, const char *digits, int precision, int exponent)
{
	char all[DIGITS_ENOUGH + 3], *to = all;
	for (const char *p = digits; *p != 'e'; p++)
		if (*p != '.')
			*to++ = *p;
	return snprintf(out, room, "%.*s%0*d", (int)(to - all), all, exponent - precision, 0);
}

static int put_fewest(char *out, size_t room, char format, double f)
{
	char text[40];
	bool capital = format == 'E' || format == 'G';
	if (is_short(f) && format != 'e' && format != 'E')
		return snprintf(out, room, "%d", (int)f);
	int precision = fewest_digits(f, text), exponent = atoi(strchr(text, 'e') + 1);
	bool plain = format == 'f' ||
		     (format != 'e' && format != 'E' && exponent >= -4 && exponent < 6);
	if (plain && exponent > precision)
		return put_whole(out, room, text, precision, exponent);
	if (plain)
		return snprintf(out, room, "%.*f", precision - exponent, f);
	return snprintf(out, room, capital ? "%.*E" : "%.*e", precision, f);
}

static int put_float(char *out, size_t room, char format, int precision, double f)
{
	switch (format) {
	case 'b':
		return put_binary(out, room, f);
	case 'x':
	case 'X':
		return put_hex(out, room, format == 'X', precision, f);
	case 'e':
	case 'E':
	case 'f':
	case 'g':
	case 'G': {
		char printf_format[] = {'%', '.', '*', format, 0};
		return precision < 0 ? put_fewest(out, room, format, f)
				     : snprintf(out, room, printf_format, precision, f);
	}
	default:
		return snprintf(out, room, "%%%c", format);
	}
}

size_t sodns_float_to_text(double v, char format, int precision, char *out, size_t room)
{
	int n;
	if (!room)
		return 0;
	if (isnan(v) || isinf(v))
		n = snprintf(out, room, "%s", isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
	else
		n = put_float(out, room, format, precision, v);
	return (size_t)n < room ? (size_t)n : room - 1;
}
