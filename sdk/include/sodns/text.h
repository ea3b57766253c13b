/*
 * Text that programs exchange: bytes in the encodings of RFC 4648, UTF-8, numbers, durations, quoted
 * strings. Numbers, durations and quotes are read and written as Go does it, since Corefiles, templates
 * and metrics are read by people who know them from there.
 *
 * Texts are a pointer and a length, with any bytes in them, and need no final zero, unless said
 * otherwise. What is written goes to memory of the caller's, `room` bytes of it.
 *
 * All functions: [any thread]. They take no memory and know nothing of queries.
 */
#ifndef SODNS_TEXT_H
#define SODNS_TEXT_H

#include <string.h>

#include <sodns/abi.h>

/* ---- bytes as text (RFC 4648)
 *
 * Encoding writes a final zero, for which there must be room too; it is not counted. Decoding writes none,
 * and may write over the text that it reads. Both return the length of what they wrote, or
 * SODNS_ERANGE: there is no room; decoding SODNS_EINVAL, too: that is no such text. After an error
 * it is not known what the memory holds. */

/* Room that encoding so many bytes takes, and that the bytes of so many characters take at most. */
#define SODNS_BASE64_ROOM(len) (((len) + 2) / 3 * 4 + 1)
#define SODNS_HEX_ROOM(len) ((len)*2 + 1)
#define SODNS_DECODED_ROOM(len) ((len) / 4 * 3 + 3)

/* With padding, without which a text is not whole (section 4). Ends of lines in it are passed over. */
SODNS_API ptrdiff_t sodns_base64_encode(const void *bytes, size_t len, char *out, size_t room);
SODNS_API ptrdiff_t sodns_base64_decode(const char *text, size_t len, void *out, size_t room);
/* The alphabet for URLs, without padding (section 5). */
SODNS_API ptrdiff_t sodns_base64url_encode(const void *bytes, size_t len, char *out, size_t room);
SODNS_API ptrdiff_t sodns_base64url_decode(const char *text, size_t len, void *out, size_t room);
/* The alphabet that keeps the order, without padding, in lower case (section 7; RFC 5155, 3.3). Capitals
 * are read as well; bits that make no byte must be zero. */
SODNS_API ptrdiff_t sodns_base32hex_encode(const void *bytes, size_t len, char *out, size_t room);
SODNS_API ptrdiff_t sodns_base32hex_decode(const char *text, size_t len, void *out, size_t room);
/* In lower case; capitals are read as well. An odd digit is an error (section 8). */
SODNS_API ptrdiff_t sodns_hex_encode(const void *bytes, size_t len, char *out, size_t room);
SODNS_API ptrdiff_t sodns_hex_decode(const char *text, size_t len, void *out, size_t room);

/* The value of a digit in a base of up to 36, letter case aside; 99: it is none in any. */
static inline int sodns_digit(char c)
{
	char low = (char)(c | 0x20);
	return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'z' ? low - 'a' + 10 : 99;
}

/* The order of two texts by their bytes: negative, 0, positive. */
static inline int sodns_text_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t least = a_len < b_len ? a_len : b_len;
	int order = least ? memcmp(a, b, least) : 0;
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* ---- UTF-8 (RFC 3629) */

/* What stands for bytes that are no UTF-8. */
#define SODNS_UTF8_BAD 0xfffdu

/* How many bytes the character at `text` has, of which len are there; 0: there is none, or it is no
 * UTF-8. */
SODNS_API size_t sodns_utf8_length(const char *text, size_t len);
/* The character at `text` (len is not 0), and how many bytes it has. Where there is no character, one byte
 * is SODNS_UTF8_BAD. */
SODNS_API size_t sodns_utf8_read(const char *text, size_t len, uint32_t *c);
/* Writes a character, SODNS_UTF8_BAD for what is none; returns how many bytes it has. */
SODNS_API size_t sodns_utf8_write(uint32_t c, char out[4]);
/* Whether all of the text is UTF-8. */
SODNS_API bool sodns_utf8_valid(const char *text, size_t len);

/* ---- numbers, as Go's strconv */

/* A whole number, all of the text being one, in a base from 2 to 36; or in base 0: 0x, 0o, 0b and 0 name
 * the base, and digits may have a '_' between them. 0, SODNS_EINVAL: it is none; or SODNS_ERANGE: it is
 * above max, or not from min to max. */
SODNS_API int sodns_uint_from_text(const char *text, size_t len, unsigned base, uint64_t max,
				   uint64_t *out);
SODNS_API int sodns_int_from_text(const char *text, size_t len, unsigned base, int64_t min,
				  int64_t max, int64_t *out);
/* A whole number in decimal digits, with a final zero; returns the length. Also in a signal handler. */
SODNS_API size_t sodns_uint_to_text(uint64_t v, char out[21]);
SODNS_API size_t sodns_int_to_text(int64_t v, char out[22]);
/* A number with or without fraction and exponent, decimal or (0x1.8p3) hexadecimal; "inf", "infinity"
 * and "nan" in any case. 0, SODNS_EINVAL: it is none; SODNS_ERANGE: it is too large for a double, and
 * *out is infinite. */
SODNS_API int sodns_float_from_text(const char *text, size_t len, double *out);
/* What is said of an error of these: "invalid syntax", "value out of range". */
SODNS_API const char *sodns_number_error(int error);

#define SODNS_FLOAT_ROOM 400
/* As strconv.FormatFloat: format is one of e E f g G b x X, precision the digits behind the point (g:
 * all), -1: the fewest that read back as the same number. With a final zero; cut off at room, for which
 * SODNS_FLOAT_ROOM and the precision is enough. Returns the length written. */
SODNS_API size_t sodns_float_to_text(double v, char format, int precision, char *out, size_t room);

/* ---- durations, as Go's: "300ms", "1h15m", "-1.5s" */

/* Reads nanoseconds; text ends with a zero. 0 or SODNS_EINVAL. */
SODNS_API int sodns_duration_from_text(const char *text, int64_t *out);
/* What Go says of a text that is none: `time: unknown unit "x" in duration "5x"`; cut off at room. */
SODNS_API void sodns_duration_error(const char *text, char *out, size_t room);
/* "1h15m0s", "300ms", with a final zero; returns the length. */
SODNS_API size_t sodns_duration_to_text(int64_t ns, char out[40]);

/* ---- strings in quotes, as strconv.Quote writes them */

/* Room for any text of this length. */
#define SODNS_QUOTE_ROOM(len) ((len)*10 + 3)
/* The text in double quotes, with escapes for what cannot be printed; ascii: and for all that is not
 * ASCII. Written up to room, with a final zero; returns the length written. */
SODNS_API size_t sodns_quote(const char *text, size_t len, bool ascii, char *out, size_t room);
/* A character in single quotes. */
SODNS_API size_t sodns_quote_character(uint32_t c, bool ascii, char out[16]);
/* Whether Go would print it as it is. Coarser than Unicode: what is not assigned is not known here. */
SODNS_API bool sodns_utf8_printable(uint32_t c);

#endif
