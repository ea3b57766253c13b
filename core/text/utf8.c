/*
 * Characters in and out of UTF-8 (sodns/text.h).
 */
#include <sodns/text.h>

#include "text/utf8.h"

size_t sodns_utf8_length(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	if (!len)
		return 0;
	return *p < 0x80 ? 1 : utf8_many(p, len);
}

size_t sodns_utf8_read(const char *text, size_t len, uint32_t *c)
{
	const uint8_t *p = (const uint8_t *)text;
	if (len && *p < 0x80) {
		*c = *p;
		return 1;
	}
	size_t n = len ? utf8_many(p, len) : 0;
	if (!n) {
		*c = SODNS_UTF8_BAD;
		return 1;
	}
	*c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | (p[i] & 0x3f);
	return n;
}

size_t sodns_utf8_write(uint32_t c, char out[4])
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = SODNS_UTF8_BAD;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00u >> n & 0xff) | c);
	return n;
}

bool sodns_utf8_valid(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n)
		if (!(n = sodns_utf8_length(text + at, len - at)))
			return false;
	return true;
}
