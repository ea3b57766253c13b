/*
 * Through JSON that nobody reads, eight bytes at a time: strings and the depth of brackets, nothing
 * else. Most of what an API server sends is passed over like this, some of it twice.
 */
#ifndef CORE_RUNTIME_SCAN_H
#define CORE_RUNTIME_SCAN_H

#include <endian.h>

#include <sodns/json.h>

#define SCAN_ONES 0x0101010101010101u

/* 1 in each byte of w that is c. */
static inline uint64_t scan_equal(uint64_t w, unsigned char c)
{
	const uint64_t low = SCAN_ONES * 0x7f;
	w ^= SCAN_ONES * c;
	return (~(((w & low) + low) | w) & ~low) >> 7;
}

/* Byte by byte. */
static inline const char *scan_slowly(sodns_json_scan_t *s, const char *p, const char *end,
				      unsigned base)
{
	while (p < end) {
		char c = *p++;
		if (s->escaped)
			s->escaped = false;
		else if (c == '"')
			s->in_string = !s->in_string;
		else if (s->in_string)
			s->escaped = c == '\\';
		else if (c == '{' || c == '[')
			s->depth++;
		else if ((c == '}' || c == ']') && --s->depth == base)
			return p;
	}
	return p;
}

/* To behind the bracket that closes what was opened at depth `base`, which depth is then; or to the
 * end. The first byte ever is an opening bracket at that depth. */
static inline const char *scan_through(sodns_json_scan_t *s, const char *p, const char *end,
				       unsigned base)
{
	while (end - p >= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		w = le64toh(w);
		/* The product's bytes are running sums: odd from a string's first quote on. */
		uint64_t odd = scan_equal(w, '"') * SCAN_ONES;
		uint64_t inside = (s->in_string ? ~odd : odd) & SCAN_ONES;
		uint64_t folded = w | SCAN_ONES * 0x20; /* [ is { and ] is } */
		unsigned opened = (unsigned)((scan_equal(folded, '{') & ~inside) * SCAN_ONES >> 56);
		unsigned closed = (unsigned)((scan_equal(folded, '}') & ~inside) * SCAN_ONES >> 56);
		if (s->escaped || scan_equal(w, '\\') || s->depth <= base + closed) {
			p = scan_slowly(s, p, p + 8, base);
			if (s->depth == base)
				return p;
			continue;
		}
		s->depth += opened - closed;
		s->in_string = inside >> 56;
		p += 8;
	}
	return scan_slowly(s, p, end, base);
}

#endif
