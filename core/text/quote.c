/*
 * Strings and characters in quotes, as strconv.Quote of Go writes them (sodns/text.h).
 */
#include <sodns/text.h>

#include <stdio.h>
#include <string.h>

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

bool sodns_utf8_printable(uint32_t c)
{
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(unprintable[0]); i++)
		if (c >= unprintable[i][0] && c <= unprintable[i][1])
			return false;
	return c <= 0x10ffff;
}

/* A character within these quotes; returns its bytes, 10 at most, and may write a zero behind them. */
static size_t put_character(uint32_t c, char quote, bool ascii, char out[11])
{
	static const char plain[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
	const char *at = c && c < 0x80 ? strchr(plain, (int)c) : NULL;
	if (c == (uint32_t)quote || c == '\\') {
		out[0] = '\\';
		out[1] = (char)c;
		return 2;
	}
	if (sodns_utf8_printable(c) && (c < 0x80 || !ascii))
		return sodns_utf8_write(c, out);
	if (at) {
		out[0] = '\\';
		out[1] = letters[at - plain];
		return 2;
	}
	const char *format = c < ' ' || c == 0x7f ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
	return (size_t)snprintf(out, 11, format, c);
}

/* Whole pieces only, so that no escape is cut in two. */
static bool add(char *out, size_t room, size_t *n, const char *piece, size_t len)
{
	if (len >= room - *n)
		return false;
	memcpy(out + *n, piece, len);
	*n += len;
	return true;
}

size_t sodns_quote(const char *text, size_t len, bool ascii, char *out, size_t room)
{
	char piece[16];
	size_t n = 0;
	if (!room)
		return 0;
	bool fits = add(out, room, &n, "\"", 1);
	for (size_t at = 0, used; fits && at < len; at += used) {
		uint32_t c;
		used = sodns_utf8_read(text + at, len - at, &c);
		size_t wide = used == 1 && c == SODNS_UTF8_BAD
				      ? (size_t)snprintf(piece, sizeof(piece), "\\x%02x",
							 (uint8_t)text[at])
				      : put_character(c, '"', ascii, piece);
		fits = add(out, room, &n, piece, wide);
	}
	if (fits)
		add(out, room, &n, "\"", 1);
	out[n] = 0;
	return n;
}

size_t sodns_quote_character(uint32_t c, bool ascii, char out[16])
{
	bool none = c > 0x10ffff || (c >= 0xd800 && c < 0xe000);
	out[0] = '\'';
	size_t n = 1 + put_character(none ? SODNS_UTF8_BAD : c, '\'', ascii, out + 1);
	out[n++] = '\'';
	out[n] = 0;
	return n;
}
