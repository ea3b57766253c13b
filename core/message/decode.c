/*
 * From a packet to records: what an upstream, a cache entry or a test hands in. Every byte is
 * hostile.
 */
#include "message/encode.h"
#include "message/rdata.h"
#include "message/reply.h"

/* More than any message takes that was let in. */
#define KEPT_STEPS (1u << 20)

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

typedef struct decoder {
	sodns_reply_t *r;
	const uint8_t *m;
	size_t len, at;
	size_t steps;         /* that names may still take */
	unsigned pointer;     /* the last owner that was one */
	const uint8_t *owner; /* and its copy */
} decoder_t;

/* Records of one set have the same pointer for an owner, mostly: then they have the same copy. */
static const uint8_t *take_name(decoder_t *d)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t n, begin = d->at;
	unsigned first = begin + 2 <= d->len ? get16(d->m + begin) : 0;
	if (d->pointer && first == d->pointer) {
		d->at += 2;
		return d->owner;
	}
	d->at = name_unpack_within(d->m, d->len, begin, name, &n, &d->steps);
	if (!d->at)
		return NULL;
	uint8_t *copy = arena_alloc(&d->r->q->shared->arena, n);
	if (first >= 0xc000) {
		d->pointer = first;
		d->owner = copy;
	}
	return memcpy(copy, name, n);
}

/* RDATA with its names unpacked, behind its length. NULL if they are malformed. */
static uint8_t *take_rdata(decoder_t *d, uint16_t type, size_t rdlen, uint32_t *data_len)
{
	size_t n = rdlen, end = d->at + rdlen, names = rdata_names(type);
	uint8_t *out = arena_alloc(&d->r->q->shared->arena, rdlen + 2 + names * SODNS_NAME_MAX);
	if (names) {
		n = rdata_unpack(type, d->m, d->at, end, out + 2, &d->steps);
		if (n > 65535)
			return NULL;
	} else {
		if (!rdata_valid(type, d->m + d->at, rdlen))
			return NULL;
		memcpy(out + 2, d->m + d->at, rdlen);
	}
	out[0] = (uint8_t)(n >> 8);
	out[1] = (uint8_t)n;
	*data_len = (uint32_t)n + 2;
	d->at = end;
	return out;
}

/* One, of the root, in the additional section (RFC 6891, 6.1.1). */
static bool take_opt(decoder_t *d, unsigned size, uint32_t ttl, size_t rdlen)
{
	sodns_reply_t *r = d->r;
	if (r->own_edns)
		return false;
	uint8_t *copy = arena_alloc(&r->q->shared->arena, rdlen);
	memcpy(copy, d->m + d->at, rdlen);
	for (size_t at = 0; at < rdlen; at += 4 + get16(copy + at + 2))
		if (rdlen - at < 4 || 4 + get16(copy + at + 2) > rdlen - at)
			return false;
	r->own_edns = true;
	r->edns_size = (uint16_t)size;
	r->edns_do = ttl & 0x8000;
	r->rcode |= (int)(ttl >> 24) << 4;
	reply_take_options(r, copy, rdlen);
	d->at += rdlen;
	return true;
}

/* Continues the last set of the section if the record belongs to it and stands right behind it. */
static bool take_record(decoder_t *d, enum sodns_section section)
{
	const uint8_t *owner = take_name(d);
	if (!owner || d->at + 10 > d->len)
		return false;
	const uint8_t *f = d->m + d->at;
	unsigned type = get16(f), rclass = get16(f + 2), rdlen = get16(f + 8);
	uint32_t ttl = (uint32_t)get16(f + 4) << 16 | get16(f + 6), data_len;
	d->at += 10;
	if (d->at + rdlen > d->len)
		return false;
	if (type == SODNS_TYPE_OPT)
		return section == SODNS_ADDITIONAL && !*owner && take_opt(d, rclass, ttl, rdlen);
	uint8_t *data = take_rdata(d, (uint16_t)type, rdlen, &data_len);
	if (!data)
		return false;
	sodns_rrset_t set = {.owner = owner,
			     .data = data,
			     .data_len = data_len,
			     .ttl = ttl,
			     .type = (uint16_t)type,
			     .rclass = (uint16_t)rclass,
			     .covers = type == SODNS_TYPE_RRSIG ? (uint16_t)get16(data + 2) : 0,
			     .count = 1};
	sodns_reply_add(d->r, section, &set);
	return true;
}

static bool decode(sodns_reply_t *r, const uint8_t *m, size_t len, size_t steps)
{
	decoder_t d = {.r = r, .m = m, .len = len, .at = QUESTION_AT, .steps = steps};
	if (len < QUESTION_AT)
		return false;
	r->kind = SODNS_RECORDS;
	r->flags = (uint16_t)(get16(m + 2) & (SODNS_AA | SODNS_TC | SODNS_RD | SODNS_RA | SODNS_AD |
					      SODNS_CD | SODNS_Z));
	r->rcode = m[3] & 15;
	for (unsigned i = get16(m + 4); i; i--) {
		if (!take_name(&d) || d.at + 4 > len)
			return false;
		d.at += 4;
	}
	for (int k = 0; k < 3; k++)
		for (unsigned i = get16(m + 6 + 2 * k); i; i--)
			if (!take_record(&d, (enum sodns_section)k))
				return false;
	return true;
}

sodns_reply_t *sodns_reply_parse(sodns_query_t *q, const uint8_t *message, size_t len)
{
	sodns_reply_t *r = sodns_reply(q);
	return decode(r, message, len, name_steps(len)) ? r : NULL;
}

void reply_open(sodns_reply_t *r)
{
	const uint8_t *wire = r->wire;
	size_t len = r->wire_len;
	uint32_t age = r->age;
	uint16_t flags = r->flags;
	int rcode = r->rcode;
	/* A kept message was made by this encoder or checked when it was kept, perhaps before it was
	 * made smaller. */
	if (!decode(r, wire, len, KEPT_STEPS)) {
		r->kind = SODNS_ERROR;
		r->rcode = SODNS_SERVFAIL;
		r->text = "malformed message kept";
		return;
	}
	r->flags = flags;
	r->rcode = rcode;
	if (r->ttl_set) {
		sodns_reply_set_ttl(r, r->ttl);
		return;
	}
	for (int k = 0; k < 3; k++)
		for (uint32_t i = 0; i < r->section[k].count; i++) {
			uint32_t *ttl = &r->section[k].sets[i].ttl;
			*ttl = *ttl > age ? *ttl - age : 0;
		}
}
