/*
 * print, println and printf: fmt.Sprint, Sprintln and Sprintf of Go.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"

/* Beyond it a width or a precision is none. */
#define NUMBER_MAX 1000000

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

bool format_fits(run_t *r, int64_t len)
{
	if (len > OUTPUT_MAX)
		run_fail(r, "output exceeds %u bytes", OUTPUT_MAX);
	return !r->failed;
}

void format_padding(run_t *r, const verb_t *v, int64_t n)
{
	static const char blanks[] = "                                ",
			  zeros[] = "00000000000000000000000000000000";
	if (!format_fits(r, n))
		return;
	for (int64_t some; n > 0 && !r->failed; n -= some) {
		some = n < 32 ? n : 32;
		run_write(r, v->zero && !v->minus ? zeros : blanks, (size_t)some);
	}
}

void format_pad(run_t *r, const verb_t *v, const char *text, size_t len)
{
	int64_t n = v->has_width ? v->width : 0;
	uint32_t c;
	for (size_t at = 0; at < len && n > 0; n--)
		at += sodns_utf8_read(text + at, len - at, &c);
	if (!v->minus)
		format_padding(r, v, n);
	run_write(r, text, len);
	if (v->minus)
		format_padding(r, v, n);
}

static void format_text(run_t *r, const verb_t *v, const char *text)
{
	format_pad(r, v, text, strlen(text));
}

static void format_value(run_t *r, const verb_t *v, const value_t *arg);

static void print_value_of_type(run_t *r, const verb_t *v, const value_t *arg)
{
	verb_t plain = *v;
	plain.letter = 'v';
	plain.rune = 'v';
	const char *type = value_type(arg);
	run_write(r, type, strlen(type));
	run_write(r, "=", 1);
	format_value(r, &plain, arg);
}

/* "%!", the verb, and what is wrong with it. */
static void complain(run_t *r, const verb_t *v, const char *why)
{
	char letter[4];
	size_t n = sodns_utf8_write(v->rune, letter);
	run_write(r, "%!", 2);
	run_write(r, letter, n);
	run_write(r, why, strlen(why));
}

static void bad_verb(run_t *r, const verb_t *v, const value_t *arg)
{
	complain(r, v, "(");
	if (arg->kind == NIL)
		run_write(r, "<nil>", 5);
	else
		print_value_of_type(r, v, arg);
	run_write(r, ")", 1);
}

static void format_rune(run_t *r, const verb_t *v, uint64_t u)
{
	char text[16];
	uint32_t c = u > UINT32_MAX ? SODNS_UTF8_BAD : (uint32_t)u;
	size_t len = v->letter == 'q' ? sodns_quote_character(c, v->plus, text)
				      : sodns_utf8_write(c, text);
	format_pad(r, v, text, len);
}

static void format_hex(run_t *r, const verb_t *v, const char *text, size_t len)
{
	const bool capital = v->letter == 'X';
	const char *digits = capital ? "0123456789ABCDEF" : "0123456789abcdef";
	if (v->has_precision && (size_t)v->precision < len)
		len = (size_t)v->precision;
	int64_t each = 2 + (v->space && v->sharp ? 2 : 0) + v->space;
	int64_t width = (int64_t)len * each - v->space + (v->sharp && !v->space ? 2 : 0);
	int64_t padding = v->has_width ? v->width - (len ? width : 0) : 0;
	if (!v->minus || !len)
		format_padding(r, v, padding);
	for (size_t i = 0; i < len && !r->failed; i++) {
		const char two[2] = {digits[(uint8_t)text[i] >> 4], digits[text[i] & 15]};
		if (v->space && i)
			run_write(r, " ", 1);
		if (v->sharp && (v->space || !i))
			run_write(r, capital ? "0X" : "0x", 2);
		run_write(r, two, 2);
	}
	if (v->minus && len)
		format_padding(r, v, padding);
}

/* Whether it can stand in back quotes. */
static bool is_raw(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c;
		n = sodns_utf8_read(text + at, len - at, &c);
		if (n == 1 ? c == SODNS_UTF8_BAD || (c < ' ' && c != '\t') || c == '`' || c == 0x7f
			   : c == 0xfeff)
			return false;
	}
	return true;
}

static void format_quoted(run_t *r, const verb_t *v, const char *text, size_t len)
{
	size_t room = SODNS_QUOTE_ROOM(len);
	char *quoted = run_alloc(r, room);
	if (v->letter == 'q' && v->sharp && is_raw(text, len)) {
		memcpy(quoted + 1, text, len);
		quoted[0] = quoted[len + 1] = '`';
		len += 2;
	} else {
		len = sodns_quote(text, len, v->plus, quoted, room);
	}
	format_pad(r, v, quoted, len);
}

static void format_string(run_t *r, const verb_t *v, const char *text, size_t all)
{
	size_t len = all;
	uint32_t c;
	if (v->letter == 'x' || v->letter == 'X') {
		format_hex(r, v, text, len);
		return;
	}
	if (v->has_precision) {
		/* counted in characters */
		int left = v->precision;
		for (len = 0; len < all && left; left--)
			len += sodns_utf8_read(text + len, all - len, &c);
	}
	if (v->letter == 'q' || (v->letter == 'v' && v->sharp_v))
		format_quoted(r, v, text, len);
	else
		format_pad(r, v, text, len);
}

/* Lists and maps: the verb is for what is in them. */
static void format_elements(run_t *r, const verb_t *v, const value_t *arg)
{
	value_t element, key;
	const bool source = v->letter == 'v' && v->sharp_v;
	const char *type = source ? value_type(arg) : arg->kind == MAP ? "map" : "";
	run_write(r, type, strlen(type));
	run_write(r, source ? "{" : "[", 1);
	for (size_t i = 0; i < value_length(arg) && !r->failed; i++) {
		if (i)
			run_write(r, source ? ", " : " ", source ? 2 : 1);
		if (arg->kind == LIST) {
			arg->type->at(r, arg->data, arg->from + i, &element);
		} else {
			arg->type->entry(r, arg->data, i, &key, &element);
			format_value(r, v, &key);
			run_write(r, ":", 1);
		}
		format_value(r, v, &element);
	}
	run_write(r, source ? "}" : "]", 1);
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
		return strchr("beEfFgGxXv", letter) != NULL;
	case STRING:
	case OBJECT:
		return strchr("sqxXv", letter) != NULL;
	default:
		return letter == 'v';
	}
}

static void format_one(run_t *r, const verb_t *v, const value_t *arg)
{
	value_t text;
	switch (arg->kind) {
	case NIL:
		format_text(r, v, "<nil>");
		break;
	case BOOL:
		format_text(r, v, arg->truth ? "true" : "false");
		break;
	case INT:
	case UINT:
		if (v->letter == 'U')
			format_unicode(r, v, arg->u);
		else if (v->letter == 'c' || v->letter == 'q')
			format_rune(r, v, arg->u);
		else
			format_integer(r, v, arg);
		break;
	case FLOAT:
		format_float(r, v, arg->f);
		break;
	case STRING:
		format_string(r, v, arg->text, arg->len);
		break;
	default:
		text = run_capture(r, print_one, arg, 1);
		format_string(r, v, text.text, text.len);
	}
}

static void format_value(run_t *r, const verb_t *v, const value_t *arg)
{
	if (++r->depth > DEPTH_MAX) {
		run_fail(r, "exceeded maximum depth (%d)", DEPTH_MAX);
		return;
	}
	if (v->letter == 'T' && arg->kind != NIL)
		format_string(r, v, value_type(arg), strlen(value_type(arg)));
	else if (v->letter == 'T')
		format_text(r, v, value_type(arg));
	else if (v->letter == 'w')
		bad_verb(r, v, arg);
	else if (arg->kind == LIST || arg->kind == MAP)
		format_elements(r, v, arg);
	else if (!v->letter || !takes(arg, v->letter))
		bad_verb(r, v, arg);
	else
		format_one(r, v, arg);
	r->depth--;
}

/* Flags, width and precision behind a '%'; those given as '*' come from the arguments. */
typedef struct format {
	const char *p, *end;
	const value_t *args;
	size_t count, next;
	bool reordered; /* by "%[2]d": then what is left over is not asked for */
	bool good;      /* the arguments' numbers of this verb are those of some */
	bool indexed;   /* by such a number just now */
} format_t;

/* Digits. False: there are none, or too many: then nothing that follows counts. */
static bool read_digits(const char **at, const char *end, int *out)
{
	const char *p = *at;
	int n = 0;
	*out = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (n > NUMBER_MAX) {
			*at = end;
			return false;
		}
		n = n * 10 + (*p - '0');
	}
	bool any = p > *at;
	*at = p;
	*out = n;
	return any;
}

/* "[2]": the argument that comes next. */
static void argument_number(format_t *f)
{
	int n;
	f->indexed = false;
	if (f->p >= f->end || *f->p != '[')
		return;
	f->reordered = true;
	const char *close = memchr(f->p, ']', (size_t)(f->end - f->p)), *p = f->p + 1;
	if (f->end - f->p < 3 || !close) {
		f->p++;
		f->good = false;
		return;
	}
	f->indexed = read_digits(&p, close, &n) && p == close;
	f->p = close + 1;
	if (f->indexed && n >= 1 && (size_t)n < f->count)
		f->next = (size_t)n;
	else
		f->good = false;
}

/* A width or precision from the arguments. */
static bool argument_integer(format_t *f, int *out)
{
	*out = 0;
	if (f->next >= f->count)
		return false;
	const value_t *arg = &f->args[f->next++];
	if (arg->kind == UINT ? arg->u > NUMBER_MAX
			      : arg->kind != INT || arg->i > NUMBER_MAX || arg->i < -NUMBER_MAX)
		return false;
	*out = (int)arg->i;
	return true;
}

static bool is_next(format_t *f, char c)
{
	if (f->p >= f->end || *f->p != c)
		return false;
	f->p++;
	return true;
}

static void read_width(run_t *r, format_t *f, verb_t *v)
{
	if (!is_next(f, '*')) {
		v->has_width = read_digits(&f->p, f->end, &v->width);
		if (f->indexed && v->has_width)
			f->good = false;
		return;
	}
	v->has_width = argument_integer(f, &v->width);
	if (!v->has_width)
		run_write(r, "%!(BADWIDTH)", 12);
	if (v->width < 0) {
		v->width = -v->width;
		v->minus = true;
		v->zero = false;
	}
	f->indexed = false;
}

static void read_precision(run_t *r, format_t *f, verb_t *v)
{
	if (f->end - f->p < 2 || !is_next(f, '.'))
		return;
	if (f->indexed)
		f->good = false;
	argument_number(f);
	v->has_precision = true;
	if (!is_next(f, '*')) {
		read_digits(&f->p, f->end, &v->precision);
		return;
	}
	v->has_precision = argument_integer(f, &v->precision) && v->precision >= 0;
	if (!v->has_precision) {
		v->precision = 0;
		run_write(r, "%!(BADPREC)", 11);
	}
	f->indexed = false;
}

static void read_verb(run_t *r, format_t *f, verb_t *v)
{
	*v = (verb_t){0};
	for (; f->p < f->end && *f->p && strchr("-+# 0", *f->p); f->p++) {
		v->minus |= *f->p == '-';
		v->plus |= *f->p == '+';
		v->sharp |= *f->p == '#';
		v->space |= *f->p == ' ';
		v->zero |= *f->p == '0';
	}
	argument_number(f);
	read_width(r, f, v);
	read_precision(r, f, v);
	if (!f->indexed)
		argument_number(f);
	if (f->p < f->end) {
		f->p += sodns_utf8_read(f->p, (size_t)(f->end - f->p), &v->rune);
		v->letter = v->rune < 0x80 ? (char)v->rune : 0;
	}
}

static void one_verb(run_t *r, format_t *f)
{
	verb_t v;
	f->p++;
	f->good = true;
	const char *begin = f->p;
	read_verb(r, f, &v);
	if (f->p == begin || (f->p == f->end && !v.rune)) {
		run_write(r, "%!(NOVERB)", 10);
	} else if (v.letter == '%') {
		run_write(r, "%", 1);
	} else if (!f->good) {
		complain(r, &v, "(BADINDEX)");
	} else if (f->next >= f->count) {
		complain(r, &v, "(MISSING)");
	} else {
		if (v.letter == 'v' || v.letter == 'w') {
			v.sharp_v = v.sharp;
			v.sharp = v.plus = false;
		}
		format_value(r, &v, &f->args[f->next++]);
	}
}

/* What no verb has asked for. */
static void print_extra(run_t *r, const format_t *f)
{
	const verb_t v = {.letter = 'v', .rune = 'v'};
	run_write(r, "%!(EXTRA ", 9);
	for (size_t i = f->next; i < f->count && !r->failed; i++) {
		if (i > f->next)
			run_write(r, ", ", 2);
		if (f->args[i].kind == NIL)
			run_write(r, "<nil>", 5);
		else
			print_value_of_type(r, &v, &f->args[i]);
	}
	run_write(r, ")", 1);
}

void print_format(run_t *r, const value_t *args, size_t count)
{
	format_t f = {args->text, args->text + args->len, args, count, 1, false, true, false};
	while (f.p < f.end && !r->failed) {
		const char *verb = memchr(f.p, '%', (size_t)(f.end - f.p));
		size_t plain = (size_t)((verb ? verb : f.end) - f.p);
		run_write(r, f.p, plain);
		f.p += plain;
		if (verb)
			one_verb(r, &f);
	}
	if (f.next < count && !f.reordered && !r->failed)
		print_extra(r, &f);
}
