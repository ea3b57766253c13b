/*
 * Looking at bytes eight at a time.
 */
#ifndef CORE_TEXT_BYTES_H
#define CORE_TEXT_BYTES_H

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

#endif
