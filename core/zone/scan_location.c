/*
 * LOC (RFC 1876, 3): degrees [minutes [seconds]] N|S, the same E|W, altitude [size [horizontal
 * precision [vertical precision]]], lengths in metres.
 */
#include "zone/scan.h"

#define EQUATOR 0x80000000u
#define BELOW_SEA 10000000 /* the reference spheroid is 100 km up, in centimetres */

/* A number with up to `places` decimals, as a whole number of the last of them. */
static bool decimal(const char *p, const char *end, unsigned places, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	unsigned after = 0;
	bool point = false, digits = false;
	for (; p < end; p++) {
		if (*p == '.' && !point) {
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9' || v > max || (point && after == places))
			return false;
		v = v * 10 + (uint64_t)(*p - '0');
		after += point;
		digits = true;
	}
	for (; after < places; after++)
		v *= 10;
	*out = v;
	return digits && v <= max;
}

/* Thousandths of a second of arc, positive or negative by the letter that ends it. */
static bool put_angle(scanner_t *s, uint64_t degrees, char positive, char negative)
{
	static const uint64_t unit[] = {3600000, 60000, 1};
	uint64_t sum = 0, v;
	for (unsigned i = 0; i < 4; i++) {
		if (!scan_take(s))
			return false;
		const word_t *w = &s->word;
		char c = (char)(*w->at & ~32);
		if (i && w->len == 1 && (c == positive || c == negative))
			return sum <= degrees * unit[0] &&
			       scan_put_number(s, c == positive ? EQUATOR + sum : EQUATOR - sum, 4);
		if (i == 3 || !decimal(w->at, w->at + w->len, i == 2 ? 3 : 0,
				       !i       ? degrees
				       : i == 1 ? 59
						: 59999,
				       &v))
			return false;
		sum += v * unit[i];
	}
	return false;
}

/* Metres with centimetres and perhaps an "m", from the word in hand. */
static bool metres(const scanner_t *s, uint64_t max, uint64_t *out)
{
	const char *p = s->word.at, *end = p + s->word.len;
	if (end > p && (end[-1] | 32) == 'm')
		end--;
	return decimal(p, end, 2, max, out);
}

static bool put_altitude(scanner_t *s)
{
	uint64_t v;
	if (!scan_take(s))
		return false;
	bool below = *s->word.at == '-';
	s->word.at += below;
	s->word.len -= below;
	if (!metres(s, below ? BELOW_SEA : UINT32_MAX - BELOW_SEA, &v))
		return false;
	return scan_put_number(s, below ? BELOW_SEA - v : BELOW_SEA + v, 4);
}

/* A length as mantissa and power of ten (RFC 1876, 2); `given` is what it is where there is no word. */
static bool take_length(scanner_t *s, uint8_t given, uint8_t *out)
{
	uint64_t v;
	unsigned power = 0;
	*out = given;
	if (!scan_word(s, &s->word))
		return true;
	if (!metres(s, 9000000000u, &v))
		return false;
	for (; v > 9; power++)
		v /= 10;
	*out = (uint8_t)(v << 4 | power);
	return true;
}

bool scan_location(scanner_t *s)
{
	size_t at = s->rdata_len;
	return scan_put_number(s, 0, 4) && put_angle(s, 90, 'N', 'S') &&
	       put_angle(s, 180, 'E', 'W') && put_altitude(s) &&
	       take_length(s, 0x12, &s->rdata[at + 1]) && take_length(s, 0x16, &s->rdata[at + 2]) &&
	       take_length(s, 0x13, &s->rdata[at + 3]);
}
