/*
 * Numbers under a verb of printf, as Go's fmt and strconv write them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

/* A number's own digits, those of base 2 at most, its sign and what stands in front. */
#define DIGITS_MAX 80
/* More digits than this no double has. */
#define PRECISION_MAX 1100

static unsigned base_of(char letter)
{
	switch (letter) {
	case 'b':
		return 2;
	case 'o':
	case 'O':
		return 8;
	case 'x':
	case 'X':
		return 16;
	default:
		return 10;
	}
}

/* "0" and a letter in front of p. */
static char *put_base(char *p, char letter)
{
	p -= 2;
	p[0] = '0';
	p[1] = letter;
	return p;
}

/* In front of the digits, from right to left. */
static char *put_prefix(char *p, const verb_t *v, unsigned base, bool negative)
{
	if (v->sharp && base == 2)
		p = put_base(p, 'b');
	if (v->sharp && base == 8 && *p != '0')
		*--p = '0';
	if (v->sharp && base == 16)
		p = put_base(p, v->letter == 'X' ? 'X' : 'x');
	if (v->letter == 'O')
		p = put_base(p, 'o');
	if (negative || v->plus || v->space)
		*--p = negative ? '-' : v->plus ? '+' : ' ';
	return p;
}

void format_integer(run_t *r, const verb_t *given, const value_t *arg)
{
	verb_t v = *given;
	bool negative = arg->kind == INT && arg->i < 0;
	uint64_t u = negative ? 0 - arg->u : arg->u;
	const bool hex_v = v.letter == 'v' && v.sharp_v && arg->kind == UINT;
	v.letter = hex_v ? 'x' : v.letter;
	v.sharp |= hex_v;
	const char *digits = v.letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	const unsigned base = base_of(v.letter);
	int64_t least = 1;
	v.zero = false;
	if (v.has_precision) {
		least = v.precision;
		if (!least && !u) {
			format_padding(r, &v, v.width);
			return;
		}
	} else if (given->zero && !v.minus && v.has_width) {
		least = v.width - (negative || v.plus || v.space);
	}
	least = least > 1 ? least : 1;
	if (!format_fits(r, least))
		return;
	size_t room = (size_t)least + DIGITS_MAX;
	char *text = run_alloc(r, room), *p = text + room;
	for (; u || least > 0; u /= base, least--)
		*--p = digits[u % base];
	p = put_prefix(p, &v, base, negative);
	format_pad(r, &v, p, (size_t)(text + room - p));
}

void format_unicode(run_t *r, const verb_t *given, uint64_t u)
{
	verb_t v = *given;
	int least = v.has_precision && v.precision > 4 ? v.precision : 4;
	v.zero = false;
	if (!format_fits(r, least))
		return;
	size_t room = (size_t)least + DIGITS_MAX;
	char *text = run_alloc(r, room);
	int n = snprintf(text, room, "U+%0*llX", least, (unsigned long long)u);
	if (v.sharp && u <= 0x10ffff && sodns_utf8_printable((uint32_t)u)) {
		text[n++] = ' ';
		text[n++] = '\'';
		n += (int)sodns_utf8_write((uint32_t)u, text + n);
		text[n++] = '\'';
	}
	format_pad(r, &v, text, (size_t)n);
}

/* %#: the point stands there, and with %g as many digits as asked for. */
static int put_point(char *text, int len, char letter, int precision)
{
	const bool hex = letter == 'x' || letter == 'X';
	int digits = !strchr("gGx", letter) ? 0 : precision < 0 ? 6 : precision, end = 1;
	bool point = false, begun = false;
	char tail[16];
	for (; end < len; end++) {
		char c = text[end];
		if (c == 'p' || c == 'P' || (!hex && (c == 'e' || c == 'E')))
			break;
		if (c == '.') {
			point = true;
			continue;
		}
		begun |= c != '0';
		digits -= begun;
	}
	/* An exponent, of a few digits. */
	size_t rest = (size_t)(len > end ? len - end : 0);
	rest = rest < sizeof(tail) ? rest : sizeof(tail);
	memcpy(tail, text + end, rest);
	if (!point) {
		/* The only digit of 0 counts. */
		digits -= end == 2 && text[1] == '0';
		text[end++] = '.';
	}
	for (; digits > 0; digits--)
		text[end++] = '0';
	memcpy(text + end, tail, rest);
	return end + (int)rest;
}

static void put_infinite(run_t *r, verb_t v, double f)
{
	const char *text = isnan(f)             ? (v.plus    ? "+NaN"
						   : v.space ? " NaN"
							     : "NaN")
			   : f < 0              ? "-Inf"
			   : v.space && !v.plus ? " Inf"
						: "+Inf";
	v.zero = false;
	format_pad(r, &v, text, strlen(text));
}

void format_float(run_t *r, const verb_t *v, double f)
{
	const char letter = v->letter == 'F' ? 'f' : v->letter == 'v' ? 'g' : v->letter;
	int precision = v->has_precision && letter != 'b' ? v->precision
			: strchr("eEf", letter)           ? 6
							  : -1;
	if (!isfinite(f)) {
		put_infinite(r, *v, f);
		return;
	}
	/* %g has as many digits as there are; the others as many as they are asked for. */
	if (strchr("gG", letter) && !v->sharp && precision > PRECISION_MAX)
		precision = PRECISION_MAX;
	if (!format_fits(r, precision))
		return;
	size_t room = (precision > 0 ? (size_t)precision : 0) + 400;
	char *text = run_alloc(r, room);
	int n = 1 + (int)sodns_float_to_text(f, letter, precision, text + 1, room - 32);
	if (text[1] == '-') {
		text++;
		n--;
	} else {
		text[0] = v->space && !v->plus ? ' ' : '+';
	}
	if (v->sharp && letter != 'b')
		n = put_point(text, n, letter, precision);
	if (!v->plus && *text == '+') {
		text++;
		n--;
	} else if (v->zero && !v->minus && v->has_width && v->width > n) {
		run_write(r, text, 1);
		format_padding(r, v, v->width - n);
		run_write(r, text + 1, (size_t)n - 1);
		return;
	}
	format_pad(r, v, text, (size_t)n);
}
