/*
 * What a plain line of the log may hold (log_text.h).
 */
#include "report/log_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

/* Whether all of eight bytes are printable ASCII. */
static bool all_printable(const char *p)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	/* No high bit; none below a blank; none that DEL's bits make zero. */
	return !((v | (v - ones * 0x20) | ((v ^ ones * 0x7f) - ones)) & ones << 7);
}

/* Two bytes: the controls of C1, which terminals obey like those of ASCII. Three: marks that turn the
 * direction of the text, or end its line. */
static bool is_control(const uint8_t *p, size_t n)
{
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (n != 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

/* Bytes of the character that begins here if it is plain, else 0. */
static size_t plain_character(const uint8_t *p, size_t n)
{
	if (*p < 0x80)
		return (*p >= ' ' && *p != 0x7f) || *p == '\t';
	size_t len = utf8_many(p, n);
	return is_control(p, len) ? 0 : len;
}

size_t log_text_plain(const char *p, size_t n)
{
	size_t at = 0, len;
	while (at < n) {
		if (n - at >= 8 && all_printable(p + at)) {
			at += 8;
			continue;
		}
		if (!(len = plain_character((const uint8_t *)p + at, n - at)))
			break;
		at += len;
	}
	return at;
}

size_t log_text_escape(const char *text, size_t n, char out[LOG_TEXT_MAX], size_t *len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = (const uint8_t *)text;
	size_t used = *p < 0x80 ? 1 : utf8_many(p, n);
	*len = 0;
	if (*p == '\n') {
		out[(*len)++] = ' ';
		return 1;
	}
	if (!used)
		used = 1;
	for (size_t i = 0; i < used; i++) {
		out[(*len)++] = '\\';
		out[(*len)++] = 'x';
		out[(*len)++] = digits[p[i] >> 4];
		out[(*len)++] = digits[p[i] & 15];
	}
	return used;
}

size_t log_text_length(const char *p, size_t n)
{
	char out[LOG_TEXT_MAX];
	size_t length = 0, len;
	for (;;) {
		size_t plain = log_text_plain(p, n);
		length += plain;
		p += plain;
		n -= plain;
		if (!n)
			return length;
		size_t used = log_text_escape(p, n, out, &len);
		length += len;
		p += used;
		n -= used;
	}
}
