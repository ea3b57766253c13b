/*
 * print, println and printf: fmt.Sprint, Sprintln and Sprintf of Go.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "node.h"

#define WIDTH_MAX 1000

void print_values(run_t *r, const value_t *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* A blank stands between two that are no strings. */
		if (i && args[i].kind != STRING && args[i - 1].kind != STRING)
			run_write(r, " ", 1);
		run_print_value(r, &args[i]);
	}
}

void print_line(run_t *r, const value_t *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			run_write(r, " ", 1);
		run_print_value(r, &args[i]);
	}
	run_write(r, "\n", 1);
}

/* One verb: "%-08.3x". */
typedef struct verb {
	bool minus, plus, sharp, space, zero;
	int width, precision; /* -1: none */
	char letter;
	uint32_t rune; /* the letter, where it is none of ASCII */
} verb_t;

/* The text with blanks or zeros up to the verb's width, counted in characters. */
static void pad(run_t *r, const verb_t *v, const char *text, size_t len, bool zeros)
{
	int n = v->width;
	for (size_t i = 0; i < len; i++)
		n -= (text[i] & 0xc0) != 0x80;
	size_t sign = zeros && len && (*text == '-' || *text == '+' || *text == ' ');
	run_write(r, text, v->minus ? len : sign);
	for (; n > 0 && !r->failed; n--)
		run_write(r, zeros && !v->minus ? "0" : " ", 1);
	if (!v->minus)
		run_write(r, text + sign, len - sign);
}

static void bad_verb(run_t *r, const verb_t *v, const value_t *arg)
{
	char letter[4];
	size_t n = utf8_put(v->rune, letter);
	run_write(r, "%!", 2);
	run_write(r, letter, n);
	if (arg->kind == NIL) {
		run_print(r, "(<nil>)");
		return;
	}
	run_print(r, "(%s=", value_type(arg));
	run_print_value(r, arg);
	run_write(r, ")", 1);
}

static void format_integer(run_t *r, const verb_t *v, const value_t *arg)
{
	char text[160], *p = text + sizeof(text);
	const char *digits = v->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	bool minus = arg->kind == INT && arg->i < 0;
	uint64_t u = minus ? 0 - arg->u : arg->u;
	unsigned base = v->letter == 'x' || v->letter == 'X'   ? 16
			: v->letter == 'o' || v->letter == 'O' ? 8
			: v->letter == 'b'                     ? 2
							       : 10;
	bool zeros = v->zero && !v->minus && v->precision < 0;
	int least = v->precision < 0 ? 1 : v->precision < 64 ? v->precision : 64;
	if (zeros && v->width > least)
		least = (v->width < 64 ? v->width : 64) - (minus || v->plus || v->space);
	for (; u || least > 0; u /= base, least--)
		*--p = digits[u % base];
	if (v->sharp && base == 16)
		*--p = v->letter, *--p = '0';
	if ((v->sharp && base == 8 && *p != '0') || v->letter == 'O') {
		if (v->letter == 'O')
			*--p = 'o';
		*--p = '0';
	}
	if (v->sharp && base == 2)
		*--p = 'b', *--p = '0';
	if (minus || v->plus || v->space)
		*--p = minus ? '-' : v->plus ? '+' : ' ';
	pad(r, v, p, (size_t)(text + sizeof(text) - p), false);
}

static void format_rune(run_t *r, const verb_t *v, const value_t *arg)
{
	char text[16];
	uint32_t c = arg->u > 0x10ffff ? 0xfffd : (uint32_t)arg->u;
	size_t n = 0;
	if (v->letter == 'U') {
		n = (size_t)snprintf(text, sizeof(text), "U+%04X", c);
	} else if (v->letter == 'q') {
		text[n++] = '\'';
		n += utf8_put(c, text + n);
		text[n++] = '\'';
	} else {
		n = utf8_put(c, text);
	}
	pad(r, v, text, n, false);
}

static void format_float(run_t *r, const verb_t *v, const value_t *arg)
{
	char text[400], how[16];
	int precision = v->precision > 60 ? 60 : v->precision;
	bool shortest = precision < 0 && (v->letter == 'v' || v->letter == 'g' || v->letter == 'G');
	size_t begin = r->len;
	if (shortest) {
		run_print_value(r, arg);
		size_t n = r->len - begin < sizeof(text) ? r->len - begin : sizeof(text);
		memcpy(text, r->out + begin, n);
		r->len = begin;
		pad(r, v, text, n, v->zero);
		return;
	}
	snprintf(how, sizeof(how), "%%%s.*%c",
		 v->plus    ? "+"
		 : v->space ? " "
			    : "",
		 v->letter == 'v' ? 'g' : v->letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int n = snprintf(text, sizeof(text), how, precision < 0 ? 6 : precision, arg->f);
#pragma GCC diagnostic pop
	pad(r, v, text, n > 0 && (size_t)n < sizeof(text) ? (size_t)n : 0, v->zero && !v->minus);
}

static void format_hex(run_t *r, const verb_t *v, const char *text, size_t len)
{
	const char *digits = v->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t begin = r->len;
	if (v->precision >= 0 && (size_t)v->precision < len)
		len = (size_t)v->precision;
	if (v->sharp && !v->space && len)
		run_print(r, "0%c", v->letter);
	for (size_t i = 0; i < len && !r->failed; i++) {
		const char two[2] = {digits[(uint8_t)text[i] >> 4], digits[text[i] & 15]};
		if (v->space && i)
			run_write(r, " ", 1);
		if (v->space && v->sharp)
			run_print(r, "0%c", v->letter);
		run_write(r, two, 2);
	}
	size_t n = r->len - begin;
	if (v->width <= (int)n || r->failed)
		return;
	char *copy = run_alloc(r, n + 1);
	memcpy(copy, r->out + begin, n);
	r->len = begin;
	pad(r, v, copy, n, v->zero);
}

static void format_string(run_t *r, const verb_t *v, const value_t *arg)
{
	size_t len = arg->len;
	if (v->precision >= 0 && v->letter != 'x' && v->letter != 'X') {
		/* counted in characters */
		int left = v->precision;
		uint32_t c;
		for (len = 0; len < arg->len && left; left--)
			len += utf8_get(arg->text + len, arg->len - len, &c);
	}
	if (v->letter == 'x' || v->letter == 'X') {
		format_hex(r, v, arg->text, arg->len);
	} else if (v->letter == 'q') {
		size_t room = len * 4 + 2;
		text_t t = {run_alloc(r, room), 0, room};
		if (v->sharp && !memchr(arg->text, '`', len)) {
			text_add(&t, "`", 1);
			text_add(&t, arg->text, len);
			text_add(&t, "`", 1);
		} else {
			text_quote(&t, arg->text, len);
		}
		pad(r, v, t.at, t.len, v->zero);
	} else {
		pad(r, v, arg->text, len, v->zero && !v->minus);
	}
}

static void format_value(run_t *r, const verb_t *v, const value_t *arg);

/* Lists and maps: the verb is for what is in them. */
static void format_elements(run_t *r, const verb_t *v, const value_t *arg)
{
	value_t element, key;
	run_print(r, "%s[", arg->kind == MAP ? "map" : "");
	for (size_t i = 0; i < value_length(arg) && !r->failed; i++) {
		if (i)
			run_write(r, " ", 1);
		if (arg->kind == LIST) {
			arg->type->at(r, arg->data, arg->from + i, &element);
		} else {
			arg->type->entry(r, arg->data, i, &key, &element);
			format_value(r, v, &key);
			run_write(r, ":", 1);
		}
		format_value(r, v, &element);
	}
	run_write(r, "]", 1);
}

static void print_one(run_t *r, const value_t *args, size_t count)
{
	(void)count;
	run_print_value(r, args);
}

static bool takes(const value_t *arg, char letter)
{
	switch (arg->kind) {
	case BOOL:
		return letter == 't' || letter == 'v';
	case INT:
	case UINT:
		return strchr("bcdoOqxXUv", letter) != NULL;
	case FLOAT:
		return strchr("eEfFgGv", letter) != NULL;
	case STRING:
		return strchr("sqxXv", letter) != NULL;
	case OBJECT:
		return strchr("sqxXv", letter) != NULL;
	default:
		return letter == 'v';
	}
}

static void format_value(run_t *r, const verb_t *v, const value_t *arg)
{
	value_t text;
	if (++r->depth > DEPTH_MAX) {
		run_fail(r, "exceeded maximum depth (%d)", DEPTH_MAX);
		return;
	}
	if (v->letter == 'T') {
		text = value_string(value_type(arg), strlen(value_type(arg)));
		format_string(r, v, &text);
	} else if (arg->kind == LIST || arg->kind == MAP) {
		format_elements(r, v, arg);
	} else if (!v->letter || !takes(arg, v->letter)) {
		bad_verb(r, v, arg);
	} else if (arg->kind == INT || arg->kind == UINT) {
		if (strchr("cqU", v->letter))
			format_rune(r, v, arg);
		else
			format_integer(r, v, arg);
	} else if (arg->kind == FLOAT) {
		format_float(r, v, arg);
	} else if (arg->kind == STRING) {
		format_string(r, v, arg);
	} else {
		text = run_capture(r, print_one, arg, 1);
		format_string(r, v, &text);
	}
	r->depth--;
}

/* Flags, width and precision behind a '%'; those given as '*' come from the arguments. */
typedef struct format {
	const char *p, *end;
	const value_t *args;
	size_t count, next;
	bool reordered; /* by "%[2]d": then nobody asks for what is left over */
} format_t;

/* "[2]": the argument that comes next. */
static void argument_number(format_t *f)
{
	size_t n = 0;
	const char *p = f->p + 1;
	if (f->p >= f->end || *f->p != '[')
		return;
	while (p < f->end && *p >= '0' && *p <= '9' && n < WIDTH_MAX)
		n = n * 10 + (size_t)(*p++ - '0');
	if (p >= f->end || *p != ']' || !n)
		return;
	f->p = p + 1;
	f->next = n;
	f->reordered = true;
}

static int format_number(run_t *r, format_t *f, bool *given)
{
	int n = 0;
	if (f->p < f->end && *f->p == '*') {
		f->p++;
		if (f->next >= f->count || f->args[f->next].kind != INT) {
			run_print(r, "%%!(BADWIDTH)");
			f->next += f->next < f->count;
			return 0;
		}
		int64_t i = f->args[f->next++].i;
		*given = true;
		return i > WIDTH_MAX ? WIDTH_MAX : i < -WIDTH_MAX ? -WIDTH_MAX : (int)i;
	}
	for (; f->p < f->end && *f->p >= '0' && *f->p <= '9'; f->p++) {
		*given = true;
		n = n < WIDTH_MAX ? n * 10 + (*f->p - '0') : n;
	}
	return n < WIDTH_MAX ? n : WIDTH_MAX;
}

static void read_verb(run_t *r, format_t *f, verb_t *v)
{
	bool given = false;
	*v = (verb_t){.precision = -1};
	for (; f->p < f->end && *f->p && strchr("-+# 0", *f->p); f->p++) {
		v->minus |= *f->p == '-';
		v->plus |= *f->p == '+';
		v->sharp |= *f->p == '#';
		v->space |= *f->p == ' ';
		v->zero |= *f->p == '0';
	}
	argument_number(f);
	v->width = format_number(r, f, &given);
	if (v->width < 0) {
		v->minus = true;
		v->width = -v->width;
	}
	if (f->p < f->end && *f->p == '.') {
		f->p++;
		given = false;
		v->precision = format_number(r, f, &given);
	}
	argument_number(f);
	if (f->p < f->end) {
		f->p += utf8_get(f->p, (size_t)(f->end - f->p), &v->rune);
		v->letter = v->rune < 0x80 ? (char)v->rune : 0;
	}
}

static void one_verb(run_t *r, format_t *f)
{
	verb_t v;
	f->p++;
	read_verb(r, f, &v);
	if (!v.rune) {
		run_print(r, "%%!(NOVERB)");
	} else if (v.letter == '%') {
		run_write(r, "%", 1);
	} else if (f->next >= f->count) {
		char letter[4];
		size_t n = utf8_put(v.rune, letter);
		run_write(r, "%!", 2);
		run_write(r, letter, n);
		run_write(r, "(MISSING)", 9);
	} else {
		format_value(r, &v, &f->args[f->next++]);
	}
}

void print_format(run_t *r, const value_t *args, size_t count)
{
	format_t f = {args->text, args->text + args->len, args, count, 1, false};
	while (f.p < f.end && !r->failed) {
		const char *verb = memchr(f.p, '%', (size_t)(f.end - f.p));
		size_t plain = (size_t)((verb ? verb : f.end) - f.p);
		run_write(r, f.p, plain);
		f.p += plain;
		if (verb)
			one_verb(r, &f);
	}
	if (f.next >= count || f.reordered || r->failed)
		return;
	run_write(r, "%!(EXTRA ", 9);
	for (size_t i = f.next; i < count && !r->failed; i++) {
		run_print(r, "%s%s", i > f.next ? ", " : "", value_type(&args[i]));
		if (args[i].kind == NIL)
			continue;
		run_write(r, "=", 1);
		run_print_value(r, &args[i]);
	}
	run_write(r, ")", 1);
}
