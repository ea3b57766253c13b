/*
 * The target of a request: its path, and the parameter that has a GET's message. Either may be
 * written with percent signs (RFC 3986, 2.1); read as CoreDNS reads it.
 */
#include <sodns/text.h>

#include "doh.h"

#include <string.h>

#define PATH "/dns-query"

/* Decodes to `out`, which has room for len; the length, or -1: what follows a percent sign is not
 * hexadecimal. In a query a plus is a blank. */
static ptrdiff_t decode(const char *text, size_t len, char *out, bool query)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%') {
			out[n++] = query && text[i] == '+' ? ' ' : text[i];
			continue;
		}
		if (len - i < 3 || sodns_digit(text[i + 1]) > 15 || sodns_digit(text[i + 2]) > 15)
			return -1;
		out[n++] = (char)(sodns_digit(text[i + 1]) << 4 | sodns_digit(text[i + 2]));
		i += 2;
	}
	return (ptrdiff_t)n;
}

static size_t path_end(const char *target, size_t len)
{
	const char *end = len ? memchr(target, '?', len) : NULL;
	return end ? (size_t)(end - target) : len;
}

unsigned target_status(const char *target, size_t len)
{
	size_t n = path_end(target, len);
	char path[3 * sizeof(PATH)];
	/* Longer than with all of it escaped: what it says does not matter, if it is well-formed. */
	if (n > sizeof(path))
		return 404;
	ptrdiff_t got = decode(target, n, path, false);
	if (got < 0)
		return 400;
	return got == sizeof(PATH) - 1 && !memcmp(path, PATH, sizeof(PATH) - 1) ? 200 : 404;
}

static bool is_dns(const char *key, size_t len)
{
	char name[9];
	ptrdiff_t n = len <= sizeof(name) ? decode(key, len, name, true) : -1;
	return n == 3 && !memcmp(name, "dns", 3);
}

/* A pair of the query; where it is another one, or can't be read, *n stays. False: a second one. */
static bool take_pair(const char *pair, size_t len, char *out, ptrdiff_t *n)
{
	const char *equals = len ? memchr(pair, '=', len) : NULL;
	size_t key = equals ? (size_t)(equals - pair) : len;
	if (!is_dns(pair, key) || memchr(pair, ';', len))
		return true;
	if (*n >= 0)
		return false;
	*n = equals ? decode(equals + 1, len - key - 1, out, true) : 0;
	return true;
}

size_t target_message(const char *target, size_t len, uint8_t *out, size_t size)
{
	static __thread char text[TARGET_MAX];
	ptrdiff_t n = -1;
	for (size_t at = path_end(target, len); at < len;) {
		const char *pair = target + ++at, *end = memchr(pair, '&', len - at);
		size_t pair_len = end ? (size_t)(end - pair) : len - at;
		if (pair_len > sizeof(text) || !take_pair(pair, pair_len, text, &n))
			return 0;
		at += pair_len;
	}
	n = n < 0 ? -1 : sodns_base64url_decode(text, (size_t)n, out, size);
	return n < 0 ? 0 : (size_t)n;
}
