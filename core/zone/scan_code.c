/*
 * Bytes as text: hexadecimal, base64, and base32 with the extended hex alphabet (RFC 4648).
 */
#include "zone/scan.h"

int scan_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits of a word, `high` being the one before them that had none beside it, or -1; so the next. -2:
 * it is no digit. */
static int put_hex_digits(scanner_t *s, const word_t *w, int high)
{
	for (size_t i = 0; i < w->len; i++) {
		int d = scan_hex_digit(w->at[i]);
		if (d < 0)
			return -2;
		if (high < 0) {
			high = d;
			continue;
		}
		uint8_t byte = (uint8_t)(high << 4 | d);
		high = -1;
		if (!scan_put(s, &byte, 1))
			return -2;
	}
	return high;
}

bool scan_put_hex(scanner_t *s, const word_t *w)
{
	return put_hex_digits(s, w, -1) == -1;
}

bool scan_put_hex_words(scanner_t *s)
{
	word_t w;
	int high = -1;
	while (high != -2 && scan_word(s, &w)) {
		s->word = w;
		high = put_hex_digits(s, &w, high);
	}
	return high == -1;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct base64 {
	uint32_t bits;
	unsigned have;  /* of them, not yet written */
	unsigned count; /* digits and padding so far */
	unsigned padding;
};

static bool put_base64_digits(scanner_t *s, struct base64 *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		b->count++;
		if (text[i] == '=' && b->padding < 2) {
			b->padding++;
			continue;
		}
		int d = base64_digit(text[i]);
		if (d < 0 || b->padding)
			return false;
		b->bits = b->bits << 6 | (uint32_t)d;
		b->have += 6;
		if (b->have < 8)
			continue;
		b->have -= 8;
		uint8_t byte = (uint8_t)(b->bits >> b->have);
		if (!scan_put(s, &byte, 1))
			return false;
	}
	return true;
}

/* Four digits make three bytes; what is missing at the end is padded. */
static bool base64_complete(const struct base64 *b)
{
	return b->count % 4 == 0 && b->have == b->padding * 2;
}

bool scan_put_base64(scanner_t *s, const char *text, size_t len)
{
	struct base64 b = {0};
	return put_base64_digits(s, &b, text, len) && base64_complete(&b);
}

bool scan_put_base64_words(scanner_t *s)
{
	struct base64 b = {0};
	word_t w;
	while (scan_word(s, &w)) {
		s->word = w;
		if (!put_base64_digits(s, &b, w.at, w.len))
			return false;
	}
	return base64_complete(&b);
}

static int base32_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

/* Without padding, as NSEC3 has it (RFC 5155, 3.3). */
bool scan_put_base32(scanner_t *s, const word_t *w)
{
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < w->len; i++) {
		int d = base32_digit(w->at[i]);
		if (d < 0)
			return false;
		bits = bits << 5 | (uint32_t)d;
		have += 5;
		if (have < 8)
			continue;
		have -= 8;
		uint8_t byte = (uint8_t)(bits >> have);
		if (!scan_put(s, &byte, 1))
			return false;
	}
	return have < 5 && !(bits & ((1u << have) - 1));
}
