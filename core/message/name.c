/*
 * Names: lengths, comparison, text, unpacking from messages.
 */
#include "message/name.h"

#include <stdio.h>

#include <sodns/name.h>

#define HEADER_SIZE 12u

static inline uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* 0x20 in those of eight bytes that are capital letters. */
static inline uint64_t capitals_in(uint64_t v)
{
	/* Per byte: the high bit of ge_a is set from 'A' on, of gt_z from 'Z' + 1 on. */
	uint64_t low = v & 0x7f7f7f7f7f7f7f7fu;
	uint64_t ge_a = low + 0x3f3f3f3f3f3f3f3fu, gt_z = low + 0x2525252525252525u;
	return (ge_a & ~gt_z & ~v & 0x8080808080808080u) >> 2;
}

size_t sodns_name_length(const uint8_t *name)
{
	const uint8_t *p = name;
	while (*p)
		p += *p + 1;
	return (size_t)(p - name) + 1;
}

unsigned sodns_name_labels(const uint8_t *name)
{
	unsigned n = 0;
	for (; *name; name += *name + 1)
		n++;
	return n;
}

bool sodns_name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t len = sodns_name_length(a), i = 0;
	if (len != sodns_name_length(b))
		return false;
	for (; i + 8 <= len; i += 8) {
		uint64_t x, y;
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y && (x | capitals_in(x)) != (y | capitals_in(y)))
			return false;
	}
	for (; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

const uint8_t *sodns_name_parent(const uint8_t *name, unsigned n)
{
	while (n-- && *name)
		name += *name + 1;
	return name;
}

bool sodns_name_is_below(const uint8_t *name, const uint8_t *zone)
{
	if (!*zone)
		return true;
	unsigned have = sodns_name_labels(name), want = sodns_name_labels(zone);
	return have >= want && sodns_name_equal(sodns_name_parent(name, have - want), zone);
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
	size_t na = *a++, nb = *b++, n = na < nb ? na : nb;
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return lower(a[i]) < lower(b[i]) ? -1 : 1;
	return na < nb ? -1 : na > nb;
}

int sodns_name_compare(const uint8_t *a, const uint8_t *b)
{
	name_labels_t la, lb;
	name_split(a, &la);
	name_split(b, &lb);
	unsigned i = la.count, j = lb.count;
	while (i && j) {
		int c = compare_labels(a + la.at[--i], b + lb.at[--j]);
		if (c)
			return c;
	}
	return i ? 1 : j ? -1 : 0;
}

/* One character of a label's text: plain, \X or \DDD. Returns where the next one begins, NULL if
 * bad. */
static const char *read_char(const char *t, uint8_t *out)
{
	if (*t != '\\') {
		*out = (uint8_t)*t;
		return t + 1;
	}
	t++;
	if (*t < '0' || *t > '9') {
		*out = (uint8_t)*t;
		return *t ? t + 1 : NULL;
	}
	unsigned v = 0;
	for (int i = 0; i < 3; i++, t++) {
		if (*t < '0' || *t > '9')
			return NULL;
		v = v * 10 + (unsigned)(*t - '0');
	}
	*out = (uint8_t)v;
	return v < 256 ? t : NULL;
}

/* Appends the origin to the labels that are there. */
static int complete(const uint8_t *origin, uint8_t *out, size_t len)
{
	size_t n = origin ? sodns_name_length(origin) : 1;
	if (len + n > SODNS_NAME_MAX)
		return SODNS_EINVAL;
	if (origin)
		memcpy(out + len, origin, n);
	else
		out[len] = 0;
	return (int)(len + n);
}

int sodns_name_from_text(const char *t, const uint8_t *origin, uint8_t out[SODNS_NAME_MAX])
{
	if (!*t)
		return SODNS_EINVAL;
	if (t[0] == '.' && !t[1])
		return complete(NULL, out, 0);
	if (t[0] == '@' && !t[1])
		return complete(origin, out, 0);
	size_t label = 0, len = 1;
	while (*t) {
		if (*t == '.') {
			if (len == label + 1 || len - label > 64)
				return SODNS_EINVAL;
			out[label] = (uint8_t)(len - label - 1);
			label = len++;
			if (!*++t)
				return complete(NULL, out, label);
			if (len >= SODNS_NAME_MAX)
				return SODNS_EINVAL;
			continue;
		}
		uint8_t c;
		if (len >= SODNS_NAME_MAX || !(t = read_char(t, &c)))
			return SODNS_EINVAL;
		out[len++] = c;
	}
	if (len - label > 64)
		return SODNS_EINVAL;
	out[label] = (uint8_t)(len - label - 1);
	return complete(origin, out, len);
}

/* Whether a byte stands for itself in a zone file's name: printable, and none of . \ " ( ) ; @ ' $. */
static inline bool is_plain(uint8_t c)
{
	static const bool plain[256] = {
		[32] = 0, 1, 0, 1, 0,        1, 1, 0, 0, 0, 1, 1, 1,        1, 0, 1, 1, 1, 1, 1,
		1,        1, 1, 1, 1,        1, 1, 0, 1, 1, 1, 1, [64] = 0, 1, 1, 1, 1, 1, 1, 1,
		1,        1, 1, 1, 1,        1, 1, 1, 1, 1, 1, 1, 1,        1, 1, 1, 1, 1, 1, 1,
		0,        1, 1, 1, [96] = 1, 1, 1, 1, 1, 1, 1, 1, 1,        1, 1, 1, 1, 1, 1, 1,
		1,        1, 1, 1, 1,        1, 1, 1, 1, 1, 1, 1, 1,        1, 1, 0,
	};
	return plain[c];
}

static char *write_special(char *o, uint8_t c)
{
	if (c < ' ' || c > '~')
		return o + sprintf(o, "\\%03u", c);
	*o++ = '\\';
	*o++ = (char)c;
	return o;
}

/* A label whose bytes all stand for themselves, as nearly all do, byte for byte. NULL: some don't. */
static char *copy_plain(char *o, const uint8_t *label, size_t n)
{
	bool plain = true;
	for (size_t i = 0; i < n; i++) {
		o[i] = (char)label[i];
		plain &= is_plain(label[i]);
	}
	return plain ? o + n : NULL;
}

static char *write_label(char *o, const uint8_t *label, size_t n)
{
	for (const uint8_t *end = label + n; label < end; label++)
		if (is_plain(*label))
			*o++ = (char)*label;
		else
			o = write_special(o, *label);
	return o;
}

size_t sodns_name_to_text(const uint8_t *name, char out[SODNS_NAME_TEXT_MAX])
{
	char *o = out;
	if (!*name)
		*o++ = '.';
	for (; *name; name += *name + 1) {
		char *end = copy_plain(o, name + 1, *name);
		o = end ? end : write_label(o, name + 1, *name);
		*o++ = '.';
	}
	*o = 0;
	return (size_t)(o - out);
}

size_t sodns_name_lower(const uint8_t *name, uint8_t out[SODNS_NAME_MAX])
{
	size_t len = sodns_name_length(name);
	name_copy_lower(out, name, len);
	return len;
}

const uint8_t *sodns_name_match(const uint8_t *name, const uint8_t *const *zones, size_t count)
{
	const uint8_t *best = NULL;
	size_t best_len = 0;
	for (size_t i = 0; i < count; i++) {
		size_t len = sodns_name_length(zones[i]);
		if (len > best_len && sodns_name_is_below(name, zones[i])) {
			best = zones[i];
			best_len = len;
		}
	}
	return best;
}

size_t name_split(const uint8_t *name, name_labels_t *l)
{
	size_t at = 0;
	l->count = 0;
	l->known[0] = l->known[1] = 0;
	while (name[at]) {
		l->at[l->count++] = (uint8_t)at;
		at += name[at] + 1u;
	}
	l->at[l->count] = (uint8_t)at;
	return at + 1;
}

uint64_t name_hash_make(const uint8_t *name, const name_labels_t *labels, unsigned i)
{
	name_labels_t *l = (name_labels_t *)(uintptr_t)labels;
	hash_state_t s = hash_of_names;
	name_hash_labels(&s, name, l, i, l->count);
	l->known[i / 64] |= 1ull << (i % 64);
	return l->hash_known[i] = hash_end(&s);
}

void name_hash_rest(hash_state_t s, const uint8_t *name, name_labels_t *l, unsigned to)
{
	while (to-- > 0) {
		name_hash_labels(&s, name, l, to, to + 1);
		l->known[to / 64] |= 1ull << (to % 64);
		l->hash_known[to] = hash_end(&s);
	}
}

uint64_t name_hash_child(const uint8_t *name, const name_labels_t *l, unsigned i,
			 const uint8_t *label)
{
	const name_labels_t child = {.count = 1};
	hash_state_t s = hash_of_names;
	name_hash_labels(&s, name, l, i, l->count);
	name_hash_labels(&s, label, &child, 0, 1);
	return hash_end(&s);
}

uint64_t sodns_name_hash(const uint8_t *name)
{
	name_labels_t l;
	name_split(name, &l);
	return name_hash_make(name, &l, 0);
}

bool name_copy_lower(uint8_t *out, const uint8_t *name, size_t len)
{
	uint64_t changed = 0;
	size_t i = 0;
	for (; i + 8 <= len; i += 8) {
		uint64_t v, mask;
		memcpy(&v, name + i, 8);
		mask = capitals_in(v);
		v |= mask;
		changed |= mask;
		memcpy(out + i, &v, 8);
	}
	for (; i < len; i++) {
		out[i] = lower(name[i]);
		changed |= out[i] ^ name[i];
	}
	return changed != 0;
}

size_t sodns_name_from_message(const uint8_t *message, size_t len, size_t at,
			       uint8_t out[SODNS_NAME_MAX])
{
	size_t n;
	return name_unpack(message, len, at, out, &n);
}

size_t name_unpack(const uint8_t *m, size_t len, size_t at, uint8_t out[SODNS_NAME_MAX],
		   size_t *out_len)
{
	size_t steps = 2 * NAME_LABELS_MAX + 2;
	return name_unpack_within(m, len, at, out, out_len, &steps);
}

/* The end of the labels that stand in a row from `at` on; each takes a step. */
static size_t pass_labels(const uint8_t *m, size_t len, size_t at, size_t *steps)
{
	size_t begin = at, left = *steps;
	while (at < len && at - begin < SODNS_NAME_MAX && m[at] && m[at] < 64 && left) {
		at += m[at] + 1u;
		left--;
	}
	*steps = left;
	return at;
}

size_t name_unpack_within(const uint8_t *m, size_t len, size_t at, uint8_t out[SODNS_NAME_MAX],
			  size_t *out_len, size_t *steps)
{
	size_t n = 0, end = 0, limit = at;
	for (unsigned jumps = 0;; jumps++) {
		size_t begin = at;
		at = pass_labels(m, len, at, steps);
		if (at >= len || n + (at - begin) + 1 > SODNS_NAME_MAX)
			return 0;
		memcpy(out + n, m + begin, at - begin);
		n += at - begin;
		if (!m[at])
			break;
		if (m[at] < 0xc0 || at + 1 >= len || jumps > NAME_LABELS_MAX || !*steps)
			return 0;
		--*steps;
		size_t to = (size_t)(m[at] & 0x3f) << 8 | m[at + 1];
		if (!end)
			end = at + 2;
		/* Strictly backwards: every jump goes further down, so that it ends. And not into the
		 * header, which is another one when a message is passed on. */
		if (to >= limit || to < HEADER_SIZE)
			return 0;
		/* A name that came before ends before this pointer: what would run on into it, or
		 * beyond, is none, and might be cut off with what follows. */
		len = at;
		limit = at = to;
	}
	out[n++] = 0;
	at++;
	*out_len = n;
	return end ? end : at;
}
