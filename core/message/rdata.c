/*
 * Fields of RDATA by their letters (rrtype.h). Every byte is hostile: a field's size is never more
 * than was looked at.
 */
#include "message/rdata.h"

#include <string.h>

#include <sodns/rr.h>

#include "message/name.h"

#define MALFORMED (left + 1)

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

size_t rdata_name(const uint8_t *p, size_t left)
{
	size_t n = 0;
	if (left > SODNS_NAME_MAX)
		left = SODNS_NAME_MAX;
	while (n < left && p[n] && p[n] < 64)
		n += p[n] + 1u;
	return n < left && !p[n] ? n + 1 : 0;
}

static size_t names_size(const uint8_t *p, size_t left)
{
	size_t at = 0, n;
	for (; at < left; at += n)
		if (!(n = rdata_name(p + at, left - at)))
			return MALFORMED;
	return at;
}

/* One character-string at least. */
static size_t strings_size(const uint8_t *p, size_t left)
{
	size_t at = 0;
	while (at < left)
		at += p[at] + 1u;
	return left && at == left ? at : MALFORMED;
}

/* Blocks in ascending order, none empty, none ending in a zero byte (RFC 4034, 4.1.2). */
static size_t bitmap_size(const uint8_t *p, size_t left)
{
	int block = -1;
	size_t at = 0;
	while (at < left) {
		if (left - at < 3 || p[at] <= block || !p[at + 1] || p[at + 1] > 32 ||
		    left - at - 2 < p[at + 1])
			return MALFORMED;
		block = p[at];
		at += 2u + p[at + 1];
		if (!p[at - 1])
			return MALFORMED;
	}
	return at;
}

/* Types below 128, a bit each (RFC 2535, 5.2). */
static size_t old_bitmap_size(const uint8_t *p, size_t left)
{
	return !left || (left <= 16 && p[left - 1] && !(p[0] & 0x80)) ? left : MALFORMED;
}

/* Family, prefix, flag and length, address without its zeroes at the end (RFC 3123, 4). */
static size_t prefixes_size(const uint8_t *p, size_t left)
{
	size_t at = 0;
	while (at < left) {
		if (left - at < 4)
			return MALFORMED;
		unsigned family = get16(p + at), prefix = p[at + 2], n = p[at + 3] & 0x7f;
		unsigned most = family == 1 ? 4 : family == 2 ? 16 : 127;
		if (n > left - at - 4 || n > most || (most < 127 && prefix > most * 8))
			return MALFORMED;
		at += 4u + n;
		if (n && !p[at - 1])
			return MALFORMED;
	}
	return at;
}

/* A list of non-empty strings, as alpn's ids. */
static bool is_list(const uint8_t *p, size_t len)
{
	size_t at = 0;
	while (at < len && p[at])
		at += p[at] + 1u;
	return len && at == len;
}

/* Keys in ascending order, each once. */
static bool are_keys(const uint8_t *p, size_t len)
{
	int last = 0; /* "mandatory" itself is none of them */
	for (size_t at = 0; at + 2 <= len; at += 2) {
		if ((int)get16(p + at) <= last)
			return false;
		last = (int)get16(p + at);
	}
	return len && len % 2 == 0;
}

static bool param_valid(unsigned key, const uint8_t *value, size_t len)
{
	switch (key) {
	case 0: /* mandatory */
		return are_keys(value, len);
	case 1: /* alpn */
		return is_list(value, len);
	case 2: /* no-default-alpn */
	case 8: /* ohttp */
		return !len;
	case 3: /* port */
		return len == 2;
	case 4: /* ipv4hint */
		return len && len % 4 == 0;
	case 6: /* ipv6hint */
		return len && len % 16 == 0;
	case 5: /* ech */
	case 7: /* dohpath */
		return len;
	default:
		return key != 65535;
	}
}

static const uint8_t *param_find(const uint8_t *params, size_t len, unsigned key)
{
	for (size_t at = 0; at < len; at += 4u + get16(params + at + 2))
		if (get16(params + at) == key)
			return params + at;
	return NULL;
}

/* What is mandatory is there, and no-default-alpn comes with alpn (RFC 9460, 7.1.1 and 8). */
static bool params_agree(const uint8_t *p, size_t len)
{
	const uint8_t *mandatory = param_find(p, len, 0);
	for (size_t i = 0; mandatory && i < get16(mandatory + 2); i += 2)
		if (!param_find(p, len, get16(mandatory + 4 + i)))
			return false;
	return !param_find(p, len, 2) || param_find(p, len, 1);
}

/* Keys in strictly ascending order, each with a value of its own form (RFC 9460, 2.2). */
static size_t params_size(const uint8_t *p, size_t left)
{
	int last = -1;
	size_t at = 0;
	while (at < left) {
		if (left - at < 4)
			return MALFORMED;
		unsigned key = get16(p + at), n = get16(p + at + 2);
		if ((int)key <= last || n > left - at - 4 || !param_valid(key, p + at + 4, n))
			return MALFORMED;
		last = (int)key;
		at += 4u + n;
	}
	return params_agree(p, left) ? at : MALFORMED;
}

/* Bytes of a gateway: none, an IPv4 or IPv6 address, a name (RFC 4025, 2.3; RFC 8777, 4.2.3). */
static size_t gateway_size(unsigned type, const uint8_t *p, size_t left)
{
	size_t n;
	switch (type) {
	case 0:
		return 0;
	case 1:
		return 4;
	case 2:
		return 16;
	case 3:
		n = rdata_name(p, left);
		return n ? n : MALFORMED;
	default:
		return MALFORMED;
	}
}

/* Kind of gateway, algorithm, gateway. */
static size_t ipseckey_size(const uint8_t *p, size_t left)
{
	return left < 2 ? MALFORMED : 2 + gateway_size(p[0], p + 2, left - 2);
}

/* Discovery bit and kind of relay, relay. */
static size_t amtrelay_size(const uint8_t *p, size_t left)
{
	return left < 1 ? MALFORMED : 1 + gateway_size(p[0] & 0x7f, p + 1, left - 1);
}

/* Lengths of tag and key around the algorithm, tag, key (RFC 8005, 5). */
static size_t hip_size(const uint8_t *p, size_t left)
{
	return left < 4 || !p[0] || !get16(p + 2) ? MALFORMED : 4u + p[0] + get16(p + 2);
}

/* Length of the prefix, what the address has beyond it, the prefix' name if there is one (RFC 2874,
 * 3.1). */
static size_t a6_size(const uint8_t *p, size_t left)
{
	if (!left || p[0] > 128)
		return MALFORMED;
	size_t n = 1 + (128u - p[0] + 7) / 8, name;
	if (!p[0] || n > left)
		return n;
	name = rdata_name(p + n, left - n);
	return name ? n + name : MALFORMED;
}

/* Version 0 has 16 bytes; of others that is not known (RFC 1876, 2). */
static size_t location_size(const uint8_t *p, size_t left)
{
	return left && !p[0] ? 16 : left ? left : MALFORMED;
}

static size_t counted(size_t before, size_t least, const uint8_t *p, size_t left)
{
	if (left < before)
		return MALFORMED;
	size_t n = before == 1 ? p[0] : get16(p);
	return n < least ? MALFORMED : before + n;
}

/* Bytes of the fields that have always as many. */
static const uint8_t fixed[128] = {
	['1'] = 1, ['m'] = 1, ['k'] = 1, ['2'] = 2, ['y'] = 2, ['M'] = 2, ['4'] = 4, ['t'] = 4,
	['d'] = 4, ['a'] = 4, ['6'] = 6, ['e'] = 6, ['8'] = 8, ['E'] = 8, ['q'] = 8, ['A'] = 16,
};

/* Fields that go on up to the end. */
static size_t rest_size(char field, const uint8_t *p, size_t left)
{
	switch (field) {
	case 'S':
		return strings_size(p, left);
	case 'T':
		return bitmap_size(p, left);
	case 'O':
		return old_bitmap_size(p, left);
	case 'P':
		return prefixes_size(p, left);
	case 'v':
		return params_size(p, left);
	case 'V':
		return names_size(p, left);
	case 'b':
	case 'h':
	case 'j':
	case 'w':
		return left ? left : MALFORMED;
	case 'o':
		return left > 1 ? left : MALFORMED;
	default: /* B H r */
		return left;
	}
}

size_t rdata_field(char field, const uint8_t *p, size_t left)
{
	size_t n = fixed[(uint8_t)field & 127];
	if (n)
		return n;
	switch (field) {
	case 'N':
	case 'c':
	case 'n':
	case 'u':
	case 'U':
		n = rdata_name(p, left);
		return n ? n : MALFORMED;
	case 'Q':
		return left ? counted(1, 0, p, left) : 0;
	case 's':
	case 'x':
		return counted(1, 0, p, left);
	case 'z':
		return counted(1, 1, p, left);
	case 'D':
		return counted(2, 0, p, left);
	case 'g':
		return ipseckey_size(p, left);
	case 'G':
		return amtrelay_size(p, left);
	case 'i':
		return hip_size(p, left);
	case 'p':
		return a6_size(p, left);
	case 'l':
		return location_size(p, left);
	default:
		return rest_size(field, p, left);
	}
}

bool rdata_valid(uint16_t type, const uint8_t *rdata, size_t len)
{
	const char *form = rrtype(type)->form;
	if (!form)
		return true;
	for (; *form; form++) {
		size_t n = rdata_field(*form, rdata, len);
		if (n > len)
			return false;
		rdata += n;
		len -= n;
	}
	return !len;
}

size_t rdata_names(uint16_t type)
{
	const rrtype_t *t = rrtype(type);
	size_t n = 0;
	if (t->flags & RR_NAMED)
		for (const char *f = t->form; *f; f++)
			n += rdata_is_name(*f);
	return n;
}

size_t rdata_unpack(uint16_t type, const uint8_t *message, size_t at, size_t end, uint8_t *out,
		    size_t *steps)
{
	uint8_t *to = out;
	for (const char *f = rrtype(type)->form; *f; f++) {
		size_t n;
		if (rdata_is_name(*f)) {
			at = name_unpack_within(message, end, at, to, &n, steps);
			if (!at || at > end)
				return SIZE_MAX;
		} else {
			n = rdata_field(*f, message + at, end - at);
			if (n > end - at)
				return SIZE_MAX;
			memcpy(to, message + at, n);
			at += n;
		}
		to += n;
	}
	return at == end ? (size_t)(to - out) : SIZE_MAX;
}

size_t rdata_target(uint16_t type)
{
	size_t at = 0;
	for (const char *f = rrtype(type)->form; f && *f; f++) {
		if (rdata_is_name(*f) || *f == 'u' || *f == 'U')
			return at;
		size_t n = fixed[(uint8_t)*f & 127];
		if (!n)
			return SIZE_MAX;
		at += n;
	}
	return SIZE_MAX;
}

static inline uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 32) : c;
}

static bool same_letters(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/* Names in a field whose letters' case does not matter: they end it. */
static size_t name_part(char field, const uint8_t *p)
{
	if (field == 'g' && p[0] == 3)
		return 2;
	if (field == 'G' && (p[0] & 0x7f) == 3)
		return 1;
	if (field == 'p')
		return 1 + (128u - p[0] + 7) / 8;
	return strchr("NcnuUV", field) ? 0 : SIZE_MAX;
}

bool rdata_equal(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	if (!memcmp(a, b, a_len))
		return true;
	const char *form = rrtype(type)->form;
	/* Most that differ do so in more than letters' case. */
	if (!form || !strpbrk(form, "NcnuUVgGp") || !same_letters(a, b, a_len))
		return false;
	for (size_t left = a_len; *form; form++) {
		size_t n = rdata_field(*form, a, left), plain = name_part(*form, a);
		if (memcmp(a, b, plain < n ? plain : n))
			return false;
		a += n;
		b += n;
		left -= n;
	}
	return true;
}
