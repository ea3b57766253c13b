/*
 * Through JSON that is passed over (sodns/json.h), eight bytes at a time: strings and the depth of brackets, nothing
 * else. Most of what an API server sends is passed over like this, some of it twice.
 */
#include <sodns/json.h>

#include <endian.h>

#define ONES 0x0101010101010101u

/* 1 in each byte of w that is c. */
static uint64_t equal(uint64_t w, unsigned char c)
{
	const uint64_t low = ONES * 0x7f;
	w ^= ONES * c;
	return (~(((w & low) + low) | w) & ~low) >> 7;
}

/* Byte by byte. */
static const char *scan_slowly(sodns_json_scan_t *s, const char *p, const char *end, uint32_t base)
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

const char *sodns_json_scan(sodns_json_scan_t *s, const char *p, const char *end, uint32_t base)
{
	while (end - p >= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		w = le64toh(w);
		/* The product's bytes are running sums: odd from a string's first quote on. */
		uint64_t odd = equal(w, '"') * ONES;
		uint64_t inside = (s->in_string ? ~odd : odd) & ONES;
		uint64_t folded = w | ONES * 0x20; /* [ is { and ] is } */
		unsigned opened = (unsigned)((equal(folded, '{') & ~inside) * ONES >> 56);
		unsigned closed = (unsigned)((equal(folded, '}') & ~inside) * ONES >> 56);
		if (s->escaped || equal(w, '\\') || s->depth <= base + closed) {
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
