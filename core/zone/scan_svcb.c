/*
 * SvcParams as text (RFC 9460, 2.1 and appendix A): KEY, KEY=VALUE or KEY="VALUE", in any order. A value
 * is read as a character-string first; a list's items have escapes of their own after that.
 */
#include <stdlib.h>
#include <string.h>

#include "message/rdata.h"
#include "zone/scan.h"

#define KEY_INVALID 65535u
#define LIST_ITEM_MAX 255u

/* What a key's value is made of. */
enum value { KEYS, IDS, NOTHING, PORT, IPV4, BASE64, IPV6, BYTES, GROUPS };

static const struct param {
	const char *name;
	enum value value;
} params[] = {
	{"mandatory", KEYS},          {"alpn", IDS},
	{"no-default-alpn", NOTHING}, {"port", PORT},
	{"ipv4hint", IPV4},           {"ech", BASE64},
	{"ipv6hint", IPV6},           {"dohpath", BYTES},
	{"ohttp", NOTHING},           {"tls-supported-groups", GROUPS},
};
#define PARAMS (sizeof(params) / sizeof(params[0]))

static bool number(const char *text, size_t len, uint64_t max, uint64_t *out)
{
	const word_t w = {.at = text, .len = len};
	return scan_number(&w, max, out);
}

/* The key of a name, keyNNNNN included; KEY_INVALID: there is none. Generic ones have no form. */
static unsigned key_of(const char *name, size_t len, enum value *value)
{
	uint64_t v;
	for (unsigned i = 0; i < PARAMS; i++)
		if (strlen(params[i].name) == len && !strncmp(params[i].name, name, len)) {
			*value = params[i].value;
			return i;
		}
	*value = BYTES;
	bool generic = len > 3 && !strncmp(name, "key", 3) && (name[3] != '0' || len == 4) &&
		       number(name + 3, len - 3, KEY_INVALID - 1, &v);
	return generic ? (unsigned)v : KEY_INVALID;
}

/* A list's items, by commas: each goes to `put`. */
static bool put_list(scanner_t *s, const char *text, size_t len,
		     bool (*put)(scanner_t *s, const char *item, size_t len))
{
	const char *end = text + len, *comma;
	for (;; text = comma + 1) {
		comma = memchr(text, ',', (size_t)(end - text));
		if (!put(s, text, (size_t)((comma ? comma : end) - text)))
			return false;
		if (!comma)
			return true;
	}
}

static bool put_key(scanner_t *s, const char *item, size_t len)
{
	enum value ignored;
	unsigned key = key_of(item, len, &ignored);
	return key != KEY_INVALID && scan_put_number(s, key, 2);
}

static bool put_group(scanner_t *s, const char *item, size_t len)
{
	uint64_t v;
	return number(item, len, UINT16_MAX, &v) && scan_put_number(s, v, 2);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, 2);
}

/* In ascending order (RFC 9460, 8). */
static bool put_keys(scanner_t *s, const char *text, size_t len)
{
	size_t begin = s->rdata_len;
	if (!put_list(s, text, len, put_key))
		return false;
	qsort(s->rdata + begin, (s->rdata_len - begin) / 2, 2, by_key);
	return true;
}

/* Strings with a length each; a backslash takes a comma or another backslash into the string. */
static bool put_ids(scanner_t *s, const char *text, size_t len)
{
	size_t length = s->rdata_len;
	if (!scan_put(s, "", 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		bool escaped = text[i] == '\\';
		if (escaped && ++i == len)
			return false;
		if (text[i] == ',' && !escaped) {
			s->rdata[length] = (uint8_t)(s->rdata_len - length - 1);
			length = s->rdata_len;
			if (!s->rdata[length - 1] || !scan_put(s, "", 1))
				return false;
			continue;
		}
		if (s->rdata_len - length > LIST_ITEM_MAX || !scan_put(s, &text[i], 1))
			return false;
	}
	s->rdata[length] = (uint8_t)(s->rdata_len - length - 1);
	return s->rdata[length] != 0;
}

static bool put_value(scanner_t *s, enum value form, const char *text, size_t len)
{
	uint64_t v;
	switch (form) {
	case KEYS:
		return put_keys(s, text, len);
	case IDS:
		return put_ids(s, text, len);
	case NOTHING:
		return !len;
	case PORT:
		return number(text, len, UINT16_MAX, &v) && scan_put_number(s, v, 2);
	case IPV4:
		return put_list(s, text, len, scan_put_ipv4);
	case BASE64:
		return len && scan_put_base64(s, text, len);
	case IPV6:
		return put_list(s, text, len, scan_put_ipv6);
	case GROUPS:
		return put_list(s, text, len, put_group);
	default:
		return scan_put(s, text, len);
	}
}

/* Resolves a word's escapes in place: s->rdata from `at` on has the bytes. False: malformed. */
static bool resolve(scanner_t *s, const word_t *w)
{
	const char *p = w->at, *end = p + w->len;
	while (p < end) {
		uint8_t c = (uint8_t)*p++;
		if (c == '\\' && !(p = scan_escape(p, end, &c)))
			return false;
		if (!scan_put(s, &c, 1))
			return false;
	}
	return true;
}

static void reverse(uint8_t *p, size_t len)
{
	for (uint8_t *end = p + len; end - p > 1; p++) {
		uint8_t c = *p;
		*p = *--end;
		*end = c;
	}
}

/* Moves the parameter that was written last, from `at` on, to its place among those from `begin` on.
 * False: its key is there already. */
static bool put_in_order(scanner_t *s, size_t begin, size_t at)
{
	uint8_t *r = s->rdata;
	size_t to = begin, end = s->rdata_len;
	while (to < at && memcmp(r + to, r + at, 2) < 0)
		to += 4u + (size_t)(r[to + 2] << 8 | r[to + 3]);
	if (to == at)
		return true;
	if (!memcmp(r + to, r + at, 2))
		return false;
	/* What lies behind the place and the parameter change sides. */
	reverse(r + to, at - to);
	reverse(r + at, end - at);
	reverse(r + to, end - to);
	return true;
}

/* Key, length and value, whose text goes round by the room behind them. */
static bool put_param(scanner_t *s, unsigned key, enum value form, const word_t *text)
{
	size_t at = s->rdata_len;
	if (!scan_put_number(s, (uint64_t)key << 16, 4) || !resolve(s, text))
		return false;
	size_t value = at + 4, len = s->rdata_len - value;
	char *copy = malloc(len + 1);
	if (!copy)
		return false;
	memcpy(copy, s->rdata + value, len);
	s->rdata_len = value;
	bool good = put_value(s, form, copy, len);
	free(copy);
	len = s->rdata_len - value;
	if (!good || len > UINT16_MAX)
		return false;
	s->rdata[at + 2] = (uint8_t)(len >> 8);
	s->rdata[at + 3] = (uint8_t)len;
	return true;
}

/* One parameter, whose first word is s->word. */
static bool take_param(scanner_t *s, size_t begin)
{
	word_t w = s->word, value = {.at = "", .len = 0};
	const char *equals = memchr(w.at, '=', w.len);
	size_t len = equals ? (size_t)(equals - w.at) : w.len, at = s->rdata_len;
	enum value form;
	unsigned key = key_of(w.at, len, &form);
	if (w.quoted || key == KEY_INVALID) {
		s->why = "unknown key";
		return false;
	}
	if (equals)
		value = (word_t){.at = equals + 1, .len = w.len - len - 1};
	if (equals && !value.len && s->p < s->end && *s->p == '"' && !scan_word(s, &value))
		return false;
	s->why = "malformed value";
	if (!put_param(s, key, form, &value))
		return false;
	s->why = "given twice";
	return put_in_order(s, begin, at);
}

bool scan_svcb(scanner_t *s)
{
	size_t begin = s->rdata_len;
	word_t w;
	while (scan_word(s, &w)) {
		s->word = w;
		if (!take_param(s, begin))
			return false;
	}
	size_t n = s->rdata_len - begin;
	s->why = "parameters that do not go together";
	return rdata_field('v', s->rdata + begin, n) == n;
}
