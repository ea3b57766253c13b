/*
 * The JSON reader (sodns/json.h). It checks what it walks over: punctuation, strings, numbers and
 * words where they are read, and that brackets and strings end in what is passed over.
 */
#include <sodns/json.h>

#include <sodns/text.h>

#include "text/bytes.h"

static bool fail(sodns_json_t *j)
{
	j->failed = true;
	j->pending = false;
	j->at = j->end;
	return false;
}

/* The next byte that is no blank, without taking it; -1 at the end. */
static int peek(sodns_json_t *j)
{
	while (j->at < j->end &&
	       (*j->at == ' ' || *j->at == '\n' || *j->at == '\r' || *j->at == '\t'))
		j->at++;
	return j->at < j->end ? (unsigned char)*j->at : -1;
}

void sodns_json_begin(sodns_json_t *j, const char *text, size_t len)
{
	*j = (sodns_json_t){.at = text, .end = text + len, .pending = true};
}

/* A string's inside, the reader at its first quote. */
static bool take_string(sodns_json_t *j, sodns_json_text_t *out)
{
	const char *begin = j->at + 1, *p = bytes_special(begin, j->end);
	bool escaped = false;
	for (; p < j->end && *p == '\\'; p = bytes_special(p + 2, j->end)) {
		escaped = true;
		if (j->end - p < 2)
			return fail(j);
	}
	if (p >= j->end)
		return fail(j);
	*out = (sodns_json_text_t){.at = begin, .len = (size_t)(p - begin), .escaped = escaped};
	j->at = p + 1;
	return true;
}

static bool is_word(const char *at, size_t len)
{
	return (len == 4 && (!memcmp(at, "true", 4) || !memcmp(at, "null", 4))) ||
	       (len == 5 && !memcmp(at, "false", 5));
}

static size_t digits(const char *at, const char *end)
{
	const char *p = at;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - at);
}

/* RFC 8259, 6. */
static bool is_number(const char *at, size_t len)
{
	const char *end = at + len;
	size_t n;
	if (at < end && *at == '-')
		at++;
	n = digits(at, end);
	if (!n || (n > 1 && *at == '0'))
		return false;
	at += n;
	if (at < end && *at == '.') {
		n = digits(at + 1, end);
		if (!n)
			return false;
		at += n + 1;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		n = digits(at, end);
		if (!n)
			return false;
		at += n;
	}
	return at == end;
}

/* A number, true, false or null. */
static bool take_plain(sodns_json_t *j, sodns_json_text_t *out)
{
	const char *begin = j->at, *p = begin;
	while (p < j->end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-' ||
			      *p == '+' || *p == '.' || *p == 'E'))
		p++;
	size_t len = (size_t)(p - begin);
	if (!is_word(begin, len) && !is_number(begin, len))
		return fail(j);
	*out = (sodns_json_text_t){.at = begin, .len = len};
	j->at = p;
	return true;
}

/* Passes over an object or an array: its strings and brackets have to end; what is between them, and
 * of which kind a bracket is, is taken as it comes. */
static bool skip_container(sodns_json_t *j)
{
	sodns_json_scan_t s = {0};
	j->at = sodns_json_scan(&s, j->at, j->end, 0);
	return s.depth ? fail(j) : true;
}

void sodns_json_skip(sodns_json_t *j)
{
	sodns_json_text_t unused;
	if (!j->pending)
		return;
	j->pending = false;
	switch (peek(j)) {
	case '"':
		take_string(j, &unused);
		break;
	case '{':
	case '[':
		skip_container(j);
		break;
	default:
		take_plain(j, &unused);
	}
}

bool sodns_json_raw(sodns_json_t *j, sodns_json_text_t *out)
{
	if (!j->pending || peek(j) < 0)
		return j->pending ? fail(j) : false;
	const char *begin = j->at;
	sodns_json_skip(j);
	if (j->failed)
		return false;
	*out = (sodns_json_text_t){.at = begin, .len = (size_t)(j->at - begin)};
	return true;
}

static bool enter(sodns_json_t *j, char bracket)
{
	if (!j->pending)
		return false;
	if (peek(j) != bracket) {
		sodns_json_skip(j);
		return false;
	}
	if (j->depth == SODNS_JSON_DEPTH)
		return fail(j);
	j->at++;
	j->depth++;
	j->kinds = j->kinds << 1 | (bracket == '{');
	j->pending = false;
	j->first = true;
	return true;
}

bool sodns_json_object(sodns_json_t *j)
{
	return enter(j, '{');
}

bool sodns_json_array(sodns_json_t *j)
{
	return enter(j, '[');
}

/* To where the next member or item begins. False at the container's end, and after an error. */
static bool next(sodns_json_t *j, bool object)
{
	sodns_json_skip(j);
	if (j->failed || !j->depth || (j->kinds & 1) != object)
		return false;
	int c = peek(j);
	if (c == (object ? '}' : ']')) {
		j->at++;
		j->depth--;
		j->kinds >>= 1;
		j->first = false;
		return false;
	}
	if (!j->first) {
		if (c != ',')
			return fail(j);
		j->at++;
		c = peek(j);
	}
	j->first = false;
	return c >= 0 ? true : fail(j);
}

bool sodns_json_member(sodns_json_t *j, sodns_json_text_t *key)
{
	if (!next(j, true))
		return false;
	if (*j->at != '"')
		return fail(j);
	if (!take_string(j, key))
		return false;
	if (peek(j) != ':')
		return fail(j);
	j->at++;
	j->pending = true;
	return true;
}

bool sodns_json_item(sodns_json_t *j)
{
	if (!next(j, false))
		return false;
	j->pending = true;
	return true;
}

bool sodns_json_string(sodns_json_t *j, sodns_json_text_t *out)
{
	if (!j->pending)
		return false;
	if (peek(j) != '"') {
		sodns_json_skip(j);
		return false;
	}
	j->pending = false;
	return take_string(j, out);
}

/* A plain value's bytes, or false for a value of another kind, which is passed over. */
static bool plain(sodns_json_t *j, sodns_json_text_t *out)
{
	int c = j->pending ? peek(j) : -1;
	if (c == '"' || c == '{' || c == '[') {
		sodns_json_skip(j);
		return false;
	}
	if (!j->pending)
		return false;
	j->pending = false;
	return take_plain(j, out);
}

bool sodns_json_integer(sodns_json_t *j, int64_t *out)
{
	sodns_json_text_t t;
	int64_t v = 0;
	if (!plain(j, &t))
		return false;
	bool negative = *t.at == '-';
	for (size_t i = negative; i < t.len; i++) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, t.at[i] - '0', &v))
			return false;
	}
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

bool sodns_json_boolean(sodns_json_t *j, bool *out)
{
	sodns_json_text_t t;
	if (!plain(j, &t) || (*t.at != 't' && *t.at != 'f'))
		return false;
	*out = *t.at == 't';
	return true;
}

bool sodns_json_failed(const sodns_json_t *j)
{
	return j->failed;
}

/* Four hexadecimal digits at `at`, or -1. */
static int32_t hex4(const char *at, const char *end)
{
	int32_t v = 0;
	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = sodns_digit(at[i]);
		if (d > 15)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* What \u stands for at `*at`, which is moved behind it; half a surrogate pair is U+FFFD. */
static int32_t take_unicode(const char **at, const char *end)
{
	int32_t high = hex4(*at, end), low = -1;
	if (high < 0)
		return SODNS_UTF8_BAD;
	*at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u')
		low = hex4(*at + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return SODNS_UTF8_BAD;
	*at += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* One character of the text, resolved; `*at` is moved behind it. */
static size_t take_character(const char **at, const char *end, char out[4])
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	out[0] = *(*at)++;
	if (out[0] != '\\' || *at == end)
		return 1;
	char c = *(*at)++;
	if (c == 'u')
		return sodns_utf8_write((uint32_t)take_unicode(at, end), out);
	const char *known = c ? strchr(from, c) : NULL;
	out[0] = known ? to[known - from] : c;
	return 1;
}

size_t sodns_json_copy(const sodns_json_text_t *t, char *out, size_t size)
{
	const char *at = t->at, *end = at + t->len;
	size_t len = 0;
	if (!t->escaped && size) {
		len = t->len < size ? t->len : size - 1;
		memcpy(out, at, len);
		out[len] = 0;
		return t->len;
	}
	while (at < end) {
		char c[4];
		size_t n = take_character(&at, end, c);
		for (size_t i = 0; i < n; i++, len++)
			if (len + 1 < size)
				out[len] = c[i];
	}
	if (size)
		out[len < size ? len : size - 1] = 0;
	return len;
}

bool sodns_json_equal(const sodns_json_text_t *t, const char *text, size_t len)
{
	const char *at = t->at, *end = at + t->len;
	size_t done = 0;
	if (!t->escaped)
		return t->len == len && !memcmp(t->at, text, len);
	while (at < end) {
		char c[4];
		size_t n = take_character(&at, end, c);
		if (n > len - done || memcmp(text + done, c, n))
			return false;
		done += n;
	}
	return done == len;
}
