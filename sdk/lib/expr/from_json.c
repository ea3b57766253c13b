/*
 * fromJSON: JSON (RFC 8259) to a value. Numbers are floats; of members with the same name the last one
 * counts.
 */
#include <string.h>

#include "builtins.h"

struct reader {
	struct run *run;
	const char *at, *end;
	unsigned depth;
};

/* Values that are being read; older copies stay in the arena. */
struct values {
	sodns_value_t *items;
	uint32_t count, room;
};

static bool value(struct reader *r, sodns_value_t *out);

static char peek(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
	return r->at < r->end ? *r->at : 0;
}

static bool take(struct reader *r, char c)
{
	if (peek(r) != c || r->at == r->end)
		return false;
	r->at++;
	return true;
}

/* Room for `more` further values. */
static bool grow(struct reader *r, struct values *v, uint32_t more)
{
	if (v->count + more <= v->room)
		return true;
	uint32_t room = v->room ? v->room * 2 : 8;
	sodns_value_t *items = run_values(r->run, room);
	if (!items)
		return false;
	if (v->count)
		memcpy(items, v->items, v->count * sizeof(*items));
	v->items = items;
	v->room = room;
	return true;
}

static bool word(struct reader *r, const char *text)
{
	size_t len = strlen(text);
	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0)
		return false;
	r->at += len;
	return true;
}

static size_t digits(const char *p, const char *end)
{
	size_t n = 0;
	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

static bool number(struct reader *r, sodns_value_t *out)
{
	const char *p = r->at, *end = r->end;
	p += p < end && *p == '-';
	size_t n = digits(p, end);
	if (!n || (n > 1 && *p == '0'))
		return false;
	p += n;
	if (p < end && *p == '.') {
		if (!(n = digits(p + 1, end)))
			return false;
		p += 1 + n;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		if (!(n = digits(p, end)))
			return false;
		p += n;
	}
	const char *begin = r->at;
	*out = sodns_value_float(0);
	r->at = p;
	return !sodns_float_from_text(begin, (size_t)(p - begin), &out->number);
}

static bool hex4(struct reader *r, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		int d = r->at < r->end ? sodns_digit(*r->at++) : 99;
		if (d > 15)
			return false;
		*out = *out << 4 | (uint32_t)d;
	}
	return true;
}

/* Behind the backslash. A half of a pair that is alone becomes U+FFFD. */
static bool escape(struct reader *r, char **o)
{
	static const char names[] = "bfnrt\"\\/", bytes[] = "\b\f\n\r\t\"\\/";
	uint32_t rune, low;
	char c = r->at < r->end ? *r->at++ : 0;
	const char *at = c ? strchr(names, c) : NULL;
	if (at)
		*(*o)++ = bytes[at - names];
	if (at || c != 'u')
		return at;
	if (!hex4(r, &rune))
		return false;
	const char *behind = r->at;
	if (rune >= 0xd800 && rune < 0xdc00 && word(r, "\\u")) {
		if (!hex4(r, &low))
			return false;
		if (low >= 0xdc00 && low < 0xe000)
			rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
		else
			r->at = behind;
	}
	*o += sodns_utf8_write(rune, *o);
	return true;
}

static bool string(struct reader *r, sodns_value_t *out)
{
	if (!take(r, '"'))
		return false;
	/* A byte that is no UTF-8 becomes three. */
	char *text = run_text(r->run, 3 * (size_t)(r->end - r->at)), *o = text;
	while (text && r->at < r->end && *r->at != '"') {
		uint32_t rune;
		if ((uint8_t)*r->at < ' ')
			return false;
		if (*r->at == '\\') {
			r->at++;
			if (!escape(r, &o))
				return false;
			continue;
		}
		r->at += sodns_utf8_read(r->at, (size_t)(r->end - r->at), &rune);
		o += sodns_utf8_write(rune, o);
	}
	return text && take(r, '"') && give_text(out, text, (size_t)(o - text));
}

static bool array(struct reader *r, sodns_value_t *out)
{
	struct values v = {NULL, 0, 0};
	r->at++;
	if (!take(r, ']'))
		do {
			if (!grow(r, &v, 1) || !value(r, &v.items[v.count++]))
				return false;
		} while (take(r, ','));
	else
		return give_array(out, NULL, 0);
	return take(r, ']') && give_array(out, v.items, v.count);
}

static bool member(struct reader *r, struct values *v)
{
	sodns_value_t pair[2];
	peek(r);
	if (!string(r, &pair[0]) || !take(r, ':') || !value(r, &pair[1]) || !grow(r, v, 2))
		return false;
	sodns_value_t map = {.kind = SODNS_VALUE_MAP, .count = v->count / 2, .items = v->items};
	const sodns_value_t *known = map_find(r->run, &map, &pair[0]);
	size_t at = known ? (size_t)(known - 1 - v->items) : v->count;
	memcpy(&v->items[at], pair, sizeof(pair));
	v->count += known ? 0 : 2;
	return true;
}

static bool object(struct reader *r, sodns_value_t *out)
{
	struct values v = {NULL, 0, 0};
	r->at++;
	if (!take(r, '}')) {
		do
			if (!member(r, &v))
				return false;
		while (take(r, ','));
		if (!take(r, '}'))
			return false;
	}
	*out = (sodns_value_t){.kind = SODNS_VALUE_MAP, .count = v.count / 2, .items = v.items};
	return true;
}

static bool value(struct reader *r, sodns_value_t *out)
{
	bool ok;
	if (++r->depth > VALUE_DEPTH_MAX || !run_spend(r->run, 1))
		return false;
	switch (peek(r)) {
	case '{':
		ok = object(r, out);
		break;
	case '[':
		ok = array(r, out);
		break;
	case '"':
		ok = string(r, out);
		break;
	case 't':
		*out = sodns_value_bool(true);
		ok = word(r, "true");
		break;
	case 'f':
		*out = sodns_value_bool(false);
		ok = word(r, "false");
		break;
	case 'n':
		*out = (sodns_value_t){0};
		ok = word(r, "null");
		break;
	default:
		ok = number(r, out);
	}
	r->depth--;
	return ok;
}

bool do_from_json(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	if (a->kind != SODNS_VALUE_STRING)
		return false;
	struct reader reader = {.run = r, .at = a->text, .end = a->text + a->count};
	bool ok = value(&reader, out);
	peek(&reader);
	return (ok && reader.at == reader.end) || run_fail(r, "not JSON");
}
