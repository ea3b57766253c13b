/*
 * Bytes as text: hexadecimal, base64, and base32 with the extended hex alphabet (RFC 4648).
 */
#include "text/encoding.h"
#include "zone/scan.h"

#define PIECE 256u

/* Adds a text to what was decoded before it. */
static bool put_piece(scanner_t *s, decoder_t *d, const encoding_t *e, const char *text, size_t len)
{
	uint8_t bytes[PIECE];
	while (len) {
		size_t some = len < PIECE ? len : PIECE;
		ptrdiff_t n = decode_piece(d, e, text, some, bytes, sizeof(bytes));
		if (n < 0 || !scan_put(s, bytes, (size_t)n))
			return false;
		text += some;
		len -= some;
	}
	return true;
}

static bool put_text(scanner_t *s, const encoding_t *e, const char *text, size_t len)
{
	decoder_t d = {0};
	return put_piece(s, &d, e, text, len) && decode_end(&d, e);
}

/* All words up to the end of the record, which are one text. */
static bool put_words(scanner_t *s, const encoding_t *e)
{
	decoder_t d = {0};
	word_t w;
	while (scan_word(s, &w)) {
		s->word = w;
		if (!put_piece(s, &d, e, w.at, w.len))
			return false;
	}
	return decode_end(&d, e);
}

bool scan_put_hex(scanner_t *s, const word_t *w)
{
	return put_text(s, &encoding_hex, w->at, w->len);
}

bool scan_put_hex_words(scanner_t *s)
{
	return put_words(s, &encoding_hex);
}

bool scan_put_base64(scanner_t *s, const char *text, size_t len)
{
	return put_text(s, &encoding_base64, text, len);
}

bool scan_put_base64_words(scanner_t *s)
{
	return put_words(s, &encoding_base64);
}

bool scan_put_base32(scanner_t *s, const word_t *w)
{
	return put_text(s, &encoding_base32hex, w->at, w->len);
}
