/*
 * Base64, base32hex and hexadecimal (sodns/text.h): one reader and one writer of digits that have six,
 * five or four bits.
 */
#include "text/encoding.h"

#include <string.h>

struct encoding {
	const char *digits;
	uint8_t bits;   /* of a digit */
	bool padded;    /* to four digits, by '=' */
	bool no_case;   /* capitals are read as small letters */
	bool line_ends; /* are passed over */
	bool exact;     /* bits that make no byte must be zero */
};

const encoding_t encoding_hex = {.digits = "0123456789abcdef", .bits = 4, .no_case = true};
const encoding_t encoding_base32hex = {
	.digits = "0123456789abcdefghijklmnopqrstuv", .bits = 5, .no_case = true, .exact = true};
const encoding_t encoding_base64 = {
	.digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	.bits = 6,
	.padded = true,
	.line_ends = true};
const encoding_t encoding_base64url = {
	.digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", .bits = 6};

static ptrdiff_t encode(const encoding_t *e, const void *bytes, size_t len, char *out, size_t room)
{
	const uint8_t *p = bytes;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = (len / e->bits * 8) + (len % e->bits * 8 + e->bits - 1) / e->bits;
	size_t padding = e->padded ? (4 - n % 4) % 4 : 0;
	if (n + padding >= room)
		return SODNS_ERANGE;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= e->bits; have -= e->bits)
			*out++ = e->digits[bits >> (have - e->bits) & ((1u << e->bits) - 1)];
	}
	if (have)
		*out++ = e->digits[bits << (e->bits - have) & ((1u << e->bits) - 1)];
	memcpy(out, "===", padding);
	out[padding] = 0;
	return (ptrdiff_t)(n + padding);
}

/* A digit of base64, either alphabet; or -1. */
static int digit64(const encoding_t *e, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == e->digits[62] ? 62 : c == e->digits[63] ? 63 : -1;
}

static int digit_of(const encoding_t *e, char c)
{
	if (!e->no_case)
		return digit64(e, c);
	int d = sodns_digit(c);
	return d < 1 << e->bits ? d : -1;
}

/* What is no digit: padding where it may be, or what is passed over. */
static bool take_other(decoder_t *d, const encoding_t *e, char c)
{
	if (e->line_ends && (c == '\n' || c == '\r'))
		return true;
	/* Behind two digits of four there may be two of these, behind three one. */
	if (!e->padded || c != '=' || d->digits % 4 < 2 || d->digits % 4 + d->padding > 3)
		return false;
	d->padding++;
	return true;
}

ptrdiff_t decode_piece(decoder_t *d, const encoding_t *e, const char *text, size_t len, void *out,
		       size_t room)
{
	uint8_t *bytes = out;
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int v = digit_of(e, text[i]);
		if (v < 0) {
			if (!take_other(d, e, text[i]))
				return SODNS_EINVAL;
			continue;
		}
		if (d->padding)
			return SODNS_EINVAL;
		d->bits = d->bits << e->bits | (uint32_t)v;
		d->have += e->bits;
		d->digits++;
		if (d->have < 8)
			continue;
		if (n == room)
			return SODNS_ERANGE;
		d->have -= 8;
		bytes[n++] = (uint8_t)(d->bits >> d->have);
	}
	return (ptrdiff_t)n;
}

bool decode_end(const decoder_t *d, const encoding_t *e)
{
	/* A digit of which nothing went into a byte is one too many. */
	if (d->have >= e->bits || (e->exact && d->bits & ((1u << d->have) - 1)))
		return false;
	return !e->padded || (d->digits + d->padding) % 4 == 0;
}

static ptrdiff_t decode(const encoding_t *e, const char *text, size_t len, void *out, size_t room)
{
	decoder_t d = {0};
	ptrdiff_t n = decode_piece(&d, e, text, len, out, room);
	return n < 0 || decode_end(&d, e) ? n : SODNS_EINVAL;
}

ptrdiff_t sodns_base64_encode(const void *bytes, size_t len, char *out, size_t room)
{
	return encode(&encoding_base64, bytes, len, out, room);
}

ptrdiff_t sodns_base64_decode(const char *text, size_t len, void *out, size_t room)
{
	return decode(&encoding_base64, text, len, out, room);
}

ptrdiff_t sodns_base64url_encode(const void *bytes, size_t len, char *out, size_t room)
{
	return encode(&encoding_base64url, bytes, len, out, room);
}

ptrdiff_t sodns_base64url_decode(const char *text, size_t len, void *out, size_t room)
{
	return decode(&encoding_base64url, text, len, out, room);
}

ptrdiff_t sodns_base32hex_encode(const void *bytes, size_t len, char *out, size_t room)
{
	return encode(&encoding_base32hex, bytes, len, out, room);
}

ptrdiff_t sodns_base32hex_decode(const char *text, size_t len, void *out, size_t room)
{
	return decode(&encoding_base32hex, text, len, out, room);
}

ptrdiff_t sodns_hex_encode(const void *bytes, size_t len, char *out, size_t room)
{
	return encode(&encoding_hex, bytes, len, out, room);
}

ptrdiff_t sodns_hex_decode(const char *text, size_t len, void *out, size_t room)
{
	return decode(&encoding_hex, text, len, out, room);
}
