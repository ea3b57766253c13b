/*
 * Looking at bytes: eight at a time, and as UTF-8.
 */
#ifndef CORE_RUNTIME_BYTES_H
#define CORE_RUNTIME_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A bit set in each byte of w that is c, in the lowest such byte at least. */
static inline uint64_t bytes_like(uint64_t w, char c)
{
	const uint64_t ones = 0x0101010101010101u;
	w ^= ones * (unsigned char)c;
	return (w - ones) & ~w & ones << 7;
}

/* The next quote or backslash of a JSON string, or the end. */
static inline const char *bytes_special(const char *p, const char *end)
{
	uint64_t w;
	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		if (bytes_like(w, '"') | bytes_like(w, '\\'))
			break;
	}
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* Bytes of the character that begins here, if it is one of UTF-8 (RFC 3629, 4); else 0. */
static inline size_t bytes_character(const uint8_t *p, size_t len)
{
	uint8_t c = p[0], low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	uint8_t top = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	size_t n = c < 0xc2 || c > 0xf4 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (!n || n > len || p[1] < low || p[1] > top)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

#endif
