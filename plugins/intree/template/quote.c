/*
 * Strings and characters in quotes, as strconv.Quote of Go writes them.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"

#define REPLACEMENT 0xfffdu

/* Ranges of characters that are no letters, marks, numbers, signs or the blank: controls, other spaces,
 * formats, surrogates, private use, and what is no character. Those that are not assigned are not
 * known here. */
static const uint32_t unprintable[][2] = {
	{0, 0x1f},        {0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},
	{0x61c, 0x61c},   {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x1680, 0x1680},
	{0x180e, 0x180e}, {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
	{0x3000, 0x3000}, {0xd800, 0xf8ff},   {0xfeff, 0xfeff},   {0xfff0, 0xfffb},
	{0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

bool rune_is_printable(uint32_t c)
{
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++)
		if (c >= unprintable[i][0] && c <= unprintable[i][1])
			return false;
	return c <= 0x10ffff;
}

static void put_rune(text_t *t, uint32_t c, char quote, bool ascii)
{
	static const char plain[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
	char out[16];
	size_t n;
	const char *at = c && c < 0x80 ? strchr(plain, (int)c) : NULL;
	if (c == (uint32_t)quote || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		n = 2;
	} else if (rune_is_printable(c) && (c < 0x80 || !ascii)) {
		n = utf8_put(c, out);
	} else if (at) {
		out[0] = '\\';
		out[1] = letters[at - plain];
		n = 2;
	} else if (c < ' ' || c == 0x7f) {
		n = (size_t)snprintf(out, sizeof(out), "\\x%02x", c);
	} else {
		n = (size_t)snprintf(out, sizeof(out), c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
	}
	text_add(t, out, n);
}

void quote_string(text_t *t, const char *text, size_t len, bool ascii)
{
	char hex[8];
	text_add(t, "\"", 1);
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c;
		n = utf8_get(text + at, len - at, &c);
		if (n == 1 && c == REPLACEMENT)
			text_add(t, hex,
				 (size_t)snprintf(hex, sizeof(hex), "\\x%02x", (uint8_t)text[at]));
		else
			put_rune(t, c, '"', ascii);
	}
	text_add(t, "\"", 1);
}

void text_quote(text_t *t, const char *text, size_t len)
{
	quote_string(t, text, len, false);
}

void quote_rune(text_t *t, uint32_t c, bool ascii)
{
	text_add(t, "'", 1);
	put_rune(t, c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? REPLACEMENT : c, '\'', ascii);
	text_add(t, "'", 1);
}

bool quote_is_raw(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c;
		n = utf8_get(text + at, len - at, &c);
		if (n == 1 ? c == REPLACEMENT || (c < ' ' && c != '\t') || c == '`' || c == 0x7f
			   : c == 0xfeff)
			return false;
	}
	return true;
}
