/*
 * How long an answer may be kept by HTTP caches: as long as its records, or as what it denies.
 */
#include "doh.h"

#include <sodns/rr.h>

#define AGE_MAX 3600u
#define AGE_NONE 5u

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Behind the name at `at`, or `len` if it does not end. */
static size_t skip_name(const uint8_t *m, size_t at, size_t len)
{
	while (at < len && m[at] && m[at] < 0xc0)
		at += m[at] + 1u;
	if (at >= len)
		return len;
	return at + (m[at] ? 2 : 1);
}

/* A record's: how long it may be kept. In the authority section the SOA record says how long there is
 * nothing. */
static uint32_t age_of(const uint8_t *m, size_t at, size_t len, bool authority)
{
	uint32_t ttl = get32(m + at + 4), minimum = UINT32_MAX;
	size_t end = at + 10u + get16(m + at + 8);
	if (authority && get16(m + at) == SODNS_TYPE_SOA && end <= len && end - at >= 10 + 22)
		minimum = get32(m + end - 4);
	return ttl < minimum ? ttl : minimum;
}

uint32_t message_age(const uint8_t *m, size_t len)
{
	uint32_t least = AGE_MAX;
	unsigned records = 0, rcode = m[3] & 15u;
	size_t at = 12;
	if (rcode != SODNS_NOERROR && rcode != SODNS_NXDOMAIN)
		return AGE_NONE;
	for (unsigned i = get16(m + 4); i; i--)
		at = skip_name(m, at, len) + 4;
	unsigned answers = get16(m + 6), authority = get16(m + 8);
	for (unsigned i = 0; i < answers + authority + get16(m + 10); i++) {
		at = skip_name(m, at, len);
		if (at + 10 > len)
			break;
		if (get16(m + at) != SODNS_TYPE_OPT) {
			bool denies = i >= answers && i < answers + authority;
			uint32_t age = age_of(m, at, len, denies);
			least = age < least ? age : least;
			records++;
		}
		at += 10u + get16(m + at + 8);
	}
	return records ? least : AGE_NONE;
}
