/*
 * base64url.
 */
#include "doh.h"

static int value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

ptrdiff_t base64url_decode(const char *text, size_t len, uint8_t *out, size_t size)
{
	size_t n = 0;
	uint32_t bits = 0;
	if (len % 4 == 1 || len / 4 * 3 + 2 > size)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int v = value(text[i]);
		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4)
			out[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return (ptrdiff_t)n;
}
