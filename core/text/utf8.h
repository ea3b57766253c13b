/*
 * UTF-8 where it is looked at byte by byte on the way of queries and log lines.
 */
#ifndef CORE_TEXT_UTF8_H
#define CORE_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins here, len being there, if it is one of several bytes (RFC 3629, 4);
 * else 0. */
static inline size_t utf8_many(const uint8_t *p, size_t len)
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
