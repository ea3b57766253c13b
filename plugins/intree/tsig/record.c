/*
 * Reading and writing TSIG records, and feeding them to the code.
 */
#include "record.h"

#include <string.h>

#include <sodns/rr.h>

#define HEADER 12
/* Two names, and 18 bytes. */
#define VARIABLES_MAX (2 * SODNS_NAME_MAX + 18)

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static uint8_t *put16(uint8_t *p, unsigned v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put48(uint8_t *p, uint64_t v)
{
	p = put16(p, v >> 32 & 0xffff);
	p = put16(p, v >> 16 & 0xffff);
	return put16(p, v & 0xffff);
}

static uint64_t get48(const uint8_t *p)
{
	return (uint64_t)get16(p) << 32 | (uint64_t)get16(p + 2) << 16 | get16(p + 4);
}

/* Everything behind the algorithm's name; it must end where the RDATA does. */
static bool read_rest(const uint8_t *p, size_t left, struct record *out)
{
	if (left < 10)
		return false;
	out->time = get48(p);
	out->fudge = (uint16_t)get16(p + 6);
	out->mac_len = (uint16_t)get16(p + 8);
	p += 10;
	left -= 10;
	if (left < out->mac_len + 6u)
		return false;
	out->mac = p;
	p += out->mac_len;
	left -= out->mac_len + 6u;
	out->original_id = (uint16_t)get16(p);
	out->error = (uint16_t)get16(p + 2);
	out->other_len = (uint16_t)get16(p + 4);
	out->other = p + 6;
	return left == out->other_len;
}

bool record_read(const uint8_t *message, size_t len, size_t at, struct record *out)
{
	at = sodns_name_from_message(message, len, at, out->owner);
	if (!at || len - at < 10 || get16(message + at) != SODNS_TYPE_TSIG)
		return false;
	out->ttl = (uint32_t)get16(message + at + 4) << 16 | get16(message + at + 6);
	size_t rdlen = get16(message + at + 8);
	at += 10;
	if (rdlen > len - at)
		return false;
	size_t end = at + rdlen;
	at = sodns_name_from_message(message, end, at, out->algorithm);
	return at && at <= end && read_rest(message + at, end - at, out);
}

/* The variables of 4.3.3 up to the other data, the names in lower case. */
static size_t put_variables(const struct record *r, uint8_t out[VARIABLES_MAX])
{
	uint8_t *p = out + sodns_name_lower(r->owner, out);
	p = put16(put16(put16(p, SODNS_CLASS_ANY), r->ttl >> 16), r->ttl & 0xffff);
	p += sodns_name_lower(r->algorithm, p);
	p = put16(put48(p, r->time), r->fudge);
	return (size_t)(put16(put16(p, r->error), r->other_len) - out);
}

size_t record_mac(const sodns_hmac_key_t *key, const uint8_t *message, size_t at,
		  const struct record *r, uint8_t out[MAC_MAX])
{
	uint8_t header[HEADER], variables[VARIABLES_MAX];
	memcpy(header, message, HEADER);
	put16(header, r->original_id);
	put16(header + 10, get16(header + 10) - 1);
	const sodns_digest_part_t parts[] = {{header, HEADER},
					     {message + HEADER, at - HEADER},
					     {variables, put_variables(r, variables)},
					     {r->other, r->other_len}};
	return sodns_hmac(key, parts, 4, out);
}

size_t record_mac_answer(const sodns_hmac_key_t *key, const uint8_t *previous, size_t previous_len,
			 const uint8_t *message, size_t len, const struct record *r, bool further,
			 uint8_t out[MAC_MAX])
{
	uint8_t length[2], time[8], variables[VARIABLES_MAX];
	put16(length, (unsigned)previous_len);
	put16(put48(time, r->time), r->fudge);
	const sodns_digest_part_t parts[] = {
		{length, sizeof(length)},
		{previous, previous_len},
		{message, len},
		{further ? time : variables, further ? sizeof(time) : put_variables(r, variables)},
		{r->other, further ? 0 : r->other_len}};
	return sodns_hmac(key, parts, 5, out);
}

size_t record_length(const struct record *r)
{
	return sodns_name_length(r->owner) + 10 + sodns_name_length(r->algorithm) + 16 +
	       r->mac_len + r->other_len;
}

void record_write(const struct record *r, uint8_t *out)
{
	size_t n = sodns_name_length(r->owner), m = sodns_name_length(r->algorithm);
	memcpy(out, r->owner, n);
	out = put16(put16(out + n, SODNS_TYPE_TSIG), SODNS_CLASS_ANY);
	out = put16(put16(out, r->ttl >> 16), r->ttl & 0xffff);
	out = put16(out, (unsigned)(m + 16 + r->mac_len + r->other_len));
	memcpy(out, r->algorithm, m);
	out = put16(put16(put48(out + m, r->time), r->fudge), r->mac_len);
	if (r->mac_len)
		memcpy(out, r->mac, r->mac_len);
	out = put16(out + r->mac_len, r->original_id);
	out = put16(put16(out, r->error), r->other_len);
	if (r->other_len)
		memcpy(out, r->other, r->other_len);
}
