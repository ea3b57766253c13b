/*
 * The JSON writer (sodns/json.h). A member is written behind what stands already and given up again if
 * it does not fit. Most text is plain: eight bytes at a time are looked at and copied.
 */
#include <sodns/json.h>

#include <sodns/text.h>

#include "text/bytes.h"
#include "text/utf8.h"

void sodns_json_out(sodns_json_out_t *o, char *buf, size_t size)
{
	*o = (sodns_json_out_t){.at = buf, .end = buf + size, .first = true};
}

static bool put(sodns_json_out_t *o, const char *text, size_t len)
{
	if ((size_t)(o->end - o->at) < len)
		return false;
	memcpy(o->at, text, len);
	o->at += len;
	return true;
}

/* Whether one of the eight bytes is a control character, a quote, a backslash or no ASCII. May be wrong
 * about plain ones behind such a byte. */
static bool any_special(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u;
	return ((w | ((w - ones * 0x20) & ~w)) & ones << 7) | bytes_like(w, '"') |
	       bytes_like(w, '\\');
}

/* One character as it stands in a string; *used: how many bytes it was. */
static bool put_character(sodns_json_out_t *o, const uint8_t *p, size_t len, size_t *used)
{
	static const char digits[] = "0123456789abcdef", replacement[] = "\xef\xbf\xbd";
	uint8_t c = *p;
	*used = 1;
	if (c == '"' || c == '\\')
		return put(o, (const char[]){'\\', (char)c}, 2);
	if (c == '\n')
		return put(o, "\\n", 2);
	if (c < 0x20)
		return put(o, (const char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]},
			   6);
	if (c < 0x80)
		return put(o, (const char *)p, 1);
	size_t n = utf8_many(p, len);
	*used = n ? n : 1;
	return n ? put(o, (const char *)p, n) : put(o, replacement, 3);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* False: not all of it fits; whole characters that did are there. */
static bool put_escaped(sodns_json_out_t *o, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + len;
	while (p < end) {
		uint64_t w;
		size_t used;
		if (end - p >= 8 && o->end - o->at >= 8) {
			memcpy(&w, p, 8);
			if (!any_special(w)) {
				memcpy(o->at, &w, 8);
				o->at += 8;
				p += 8;
				continue;
			}
		}
		if (is_plain(*p) && o->at < o->end) {
			*o->at++ = (char)*p++;
			continue;
		}
		if (!put_character(o, p, (size_t)(end - p), &used))
			return false;
		p += used;
	}
	return true;
}

static bool put_key(sodns_json_out_t *o, const char *key)
{
	return (o->first || put(o, ",", 1)) && put(o, "\"", 1) &&
	       put_escaped(o, key, strlen(key)) && put(o, "\":", 2);
}

/* Keeps the member, or takes back what is there of it. */
static bool settle(sodns_json_out_t *o, bool fits, char *began)
{
	if (fits)
		o->first = false;
	else
		o->at = began;
	o->cut |= !fits;
	return fits;
}

bool sodns_json_put_string(sodns_json_out_t *o, const char *key, const char *text, size_t len)
{
	char *began = o->at;
	return settle(o,
		      put_key(o, key) && put(o, "\"", 1) && put_escaped(o, text, len) &&
			      put(o, "\"", 1),
		      began);
}

bool sodns_json_put_beginning(sodns_json_out_t *o, const char *key, const char *text, size_t len)
{
	char *began = o->at;
	if (!put_key(o, key) || !put(o, "\"\"", 2))
		return settle(o, false, began);
	/* The place of the quote that ends it is kept. */
	o->at--;
	o->end--;
	o->cut |= !put_escaped(o, text, len);
	o->end++;
	put(o, "\"", 1);
	return settle(o, true, began);
}

bool sodns_json_put_raw(sodns_json_out_t *o, const char *key, const char *text, size_t len)
{
	char *began = o->at;
	return settle(o, put_key(o, key) && put(o, text, len), began);
}

bool sodns_json_put_integer(sodns_json_out_t *o, const char *key, int64_t value)
{
	char digits[24];
	return sodns_json_put_raw(o, key, digits, sodns_int_to_text(value, digits));
}

bool sodns_json_put_boolean(sodns_json_out_t *o, const char *key, bool value)
{
	return sodns_json_put_raw(o, key, value ? "true" : "false", value ? 4 : 5);
}

bool sodns_json_open(sodns_json_out_t *o, const char *key)
{
	char *began = o->at;
	if (!settle(o, put_key(o, key) && put(o, "{}", 2), began))
		return false;
	o->at--;
	o->end--;
	o->first = true;
	return true;
}

void sodns_json_close(sodns_json_out_t *o)
{
	o->end++;
	put(o, "}", 1);
	o->first = false;
}
