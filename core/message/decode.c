/*
 * From a packet to records: what an upstream, a cache entry or a test hands in. Every byte is
 * hostile.
 */
#include "message/encode.h"
#include "message/reply.h"

/* MINFO and its like may be compressed, too, but few have heard of them. */
bool rdata_names(uint16_t type, rdata_names_t *out)
{
	switch (type) {
	case 2:
	case 5:
	case 12:
		*out = (rdata_names_t){0, 1, true, 0}; /* NS CNAME PTR */
		return true;
	case 6:
		*out = (rdata_names_t){0, 2, true, 0}; /* SOA */
		return true;
	case 15:
		*out = (rdata_names_t){2, 1, true, 0}; /* MX */
		return true;
	case 14:
	case 17:
		*out = (rdata_names_t){0, 2, false, 0}; /* MINFO RP */
		return true;
	case 18:
	case 21:
	case 36:
		*out = (rdata_names_t){2, 1, false, 0}; /* AFSDB RT KX */
		return true;
	case 24:
	case 46:
		*out = (rdata_names_t){18, 1, false, 0}; /* SIG RRSIG */
		return true;
	case 26:
		*out = (rdata_names_t){2, 2, false, 0}; /* PX */
		return true;
	case 33:
		*out = (rdata_names_t){6, 1, false, 0}; /* SRV */
		return true;
	case 35:
		*out = (rdata_names_t){4, 1, false, 3}; /* NAPTR */
		return true;
	case 3:
	case 4:
	case 7:
	case 8:
	case 9:
	case 39:
	case 47:
		*out = (rdata_names_t){0, 1, false, 0}; /* MD MF MB MG MR DNAME NSEC */
		return true;
	default:
		return false;
	}
}

size_t rdata_before_names(const rdata_names_t *n, const uint8_t *rdata, size_t len)
{
	size_t at = n->before;
	for (unsigned i = 0; i < n->strings && at < len; i++)
		at += rdata[at] + 1u;
	return at;
}

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

typedef struct decoder {
	sodns_reply_t *r;
	const uint8_t *m;
	size_t len, at;
} decoder_t;

static const uint8_t *take_name(decoder_t *d)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t n, at = name_unpack(d->m, d->len, d->at, name, &n);
	if (!at)
		return NULL;
	d->at = at;
	uint8_t *copy = arena_alloc(&d->r->q->shared->arena, n);
	return memcpy(copy, name, n);
}

/* RDATA with its names unpacked, behind its length. NULL if they are malformed. */
static uint8_t *take_rdata(decoder_t *d, uint16_t type, size_t rdlen, uint32_t *data_len)
{
	rdata_names_t names = {0};
	bool has = rdata_names(type, &names);
	size_t at = d->at, end = d->at + rdlen, n;
	uint8_t *out = arena_alloc(&d->r->q->shared->arena,
				   rdlen + 2 + names.names * (size_t)SODNS_NAME_MAX);
	uint8_t *to = out + 2;
	if (has) {
		size_t before = rdata_before_names(&names, d->m + at, rdlen);
		if (rdlen < before)
			return NULL;
		memcpy(to, d->m + at, before);
		to += before;
		at += before;
		for (unsigned i = 0; i < names.names; i++, to += n)
			if (!(at = name_unpack(d->m, end, at, to, &n)) || at > end)
				return NULL;
	}
	memcpy(to, d->m + at, end - at);
	to += end - at;
	if (to - out - 2 > 65535)
		return NULL;
	out[0] = (uint8_t)((to - out - 2) >> 8);
	out[1] = (uint8_t)(to - out - 2);
	*data_len = (uint32_t)(to - out);
	d->at = end;
	return out;
}

static bool take_opt(decoder_t *d, unsigned size, uint32_t ttl, size_t rdlen)
{
	sodns_reply_t *r = d->r;
	uint8_t *copy = arena_alloc(&r->q->shared->arena, rdlen);
	memcpy(copy, d->m + d->at, rdlen);
	for (size_t at = 0; at < rdlen; at += 4 + get16(copy + at + 2))
		if (rdlen - at < 4 || 4 + get16(copy + at + 2) > rdlen - at)
			return false;
	r->own_edns = true;
	r->edns_size = (uint16_t)size;
	r->edns_do = ttl & 0x8000;
	r->rcode |= (int)(ttl >> 24) << 4;
	r->options = copy;
	r->options_len = (uint16_t)message_pass_options(copy, rdlen);
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
	if (type == SODNS_TYPE_OPT && section == SODNS_ADDITIONAL)
		return take_opt(d, rclass, ttl, rdlen);
	uint8_t *data = take_rdata(d, (uint16_t)type, rdlen, &data_len);
	if (!data)
		return false;
	sodns_rrset_t set = {.owner = owner,
			     .data = data,
			     .data_len = data_len,
			     .ttl = ttl,
			     .type = (uint16_t)type,
			     .rclass = (uint16_t)rclass,
			     .count = 1};
	sodns_reply_add(d->r, section, &set);
	return true;
}

static bool decode(sodns_reply_t *r, const uint8_t *m, size_t len)
{
	decoder_t d = {.r = r, .m = m, .len = len, .at = QUESTION_AT};
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
		for (unsigned i = get16(m + 6 + 2 * k); i && d.at < len; i--)
			if (!take_record(&d, (enum sodns_section)k))
				return false;
	return true;
}

sodns_reply_t *sodns_reply_parse(sodns_query_t *q, const uint8_t *message, size_t len)
{
	sodns_reply_t *r = sodns_reply(q);
	return decode(r, message, len) ? r : NULL;
}

void reply_open(sodns_reply_t *r)
{
	const uint8_t *wire = r->wire;
	size_t len = r->wire_len;
	uint32_t age = r->age;
	uint16_t flags = r->flags;
	int rcode = r->rcode;
	/* A kept message was made by this encoder or checked when it was kept. */
	if (!decode(r, wire, len)) {
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
