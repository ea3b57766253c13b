/*
 * A message from another server that is to be passed on: checked from end to end, but not taken
 * apart. Every byte is hostile; what the check lets through, the decoder can open later.
 */
#include "message/encode.h"
#include "message/rdata.h"
#include "message/reply.h"

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

typedef struct scan {
	const uint8_t *m;
	size_t len, at;
	uint16_t *ttls;
	size_t ttl_count;
	size_t question_steps; /* of a pointer to the question's name */
	size_t steps;          /* that names may still take */
	size_t opt;            /* where the OPT record begins, 0: there is none */
	size_t opt_end;        /* and ends */
	bool signs;            /* there is a TSIG record */
} scan_t;

/* Most owners are the question's name, which has been looked at. */
static bool skip_name(scan_t *s, size_t end)
{
	uint8_t unpacked[SODNS_NAME_MAX];
	size_t n;
	if (s->at + 2 <= end && get16(s->m + s->at) == (0xc000 | QUESTION_AT) &&
	    s->steps >= s->question_steps) {
		s->at += 2;
		/* As many as the decoder would take: what passes here can be opened. */
		s->steps -= s->question_steps;
	} else {
		s->at = name_unpack_within(s->m, end, s->at, unpacked, &n, &s->steps);
	}
	return s->at;
}

static bool skip_rdata(scan_t *s, uint16_t type, size_t end)
{
	const rrtype_t *t = rrtype(type);
	if (!(t->flags & RR_NAMED)) {
		size_t at = s->at;
		s->at = end;
		return rdata_valid(type, s->m + at, end - at);
	}
	for (const char *f = t->form; *f; f++) {
		if (rdata_is_name(*f)) {
			if (!skip_name(s, end))
				return false;
			continue;
		}
		size_t n = rdata_field(*f, s->m + s->at, end - s->at);
		if (n > end - s->at)
			return false;
		s->at += n;
	}
	return s->at == end;
}

static bool skip_record(scan_t *s, bool additional)
{
	size_t begin = s->at;
	if (!skip_name(s, s->len) || s->at + 10 > s->len)
		return false;
	unsigned type = get16(s->m + s->at);
	size_t ttl = s->at + 4, end = s->at + 10 + get16(s->m + s->at + 8);
	s->at += 10;
	if (end > s->len || !skip_rdata(s, (uint16_t)type, end))
		return false;
	if (type == SODNS_TYPE_OPT) {
		if (!additional || s->opt)
			return false;
		s->opt = begin;
		s->opt_end = end;
	} else {
		s->signs |= type == SODNS_TYPE_TSIG;
		s->ttls[s->ttl_count++] = (uint16_t)ttl;
	}
	return true;
}

/* Whether all records are there that the counts promise, and are well-formed. */
static bool scan(scan_t *s)
{
	unsigned answers = get16(s->m + 6) + get16(s->m + 8), all = answers + get16(s->m + 10);
	for (unsigned i = 0; i < all; i++)
		if (!skip_record(s, i >= answers))
			return false;
	return true;
}

static bool options_good(const uint8_t *o, size_t len)
{
	size_t at = 0;
	while (at < len && len - at >= 4 && 4 + get16(o + at + 2) <= len - at)
		at += 4 + get16(o + at + 2);
	return at == len;
}

/* The OPT record's fields and options become the reply's; its owner is the root, one byte. */
static bool take_opt(sodns_reply_t *r, uint8_t *opt)
{
	uint8_t *f = opt + 1;
	size_t len = get16(f + 8);
	if (*opt || !options_good(f + 10, len))
		return false;
	const sodns_query_t *q = r->q;
	r->own_edns = true;
	/* Size and DO are the query's, where it has them: it may have got them on the way here. */
	r->edns_size = q->has_edns ? sodns_query_edns_size(q) : (uint16_t)get16(f + 2);
	r->edns_do = f[6] & 0x80 || sodns_query_do(q);
	r->rcode |= f[4] << 4;
	reply_take_options(r, f + 10, len);
	return true;
}

sodns_reply_t *sodns_reply_received(sodns_query_t *q, uint8_t *m, size_t len)
{
	size_t question = QUESTION_AT + q->name_len + 4u;
	if (len < question || len > 65535 || get16(m + 4) != 1)
		return NULL;
	/* A record is 11 bytes at least. */
	scan_t s = {.m = m,
		    .len = len,
		    .at = question,
		    .question_steps = q->labels.count + 1u,
		    .steps = name_steps(len) - q->labels.count};
	s.ttls = arena_alloc(&q->shared->arena, (len - question) / 11 * sizeof(*s.ttls));
	if (!scan(&s))
		return NULL;
	/* An OPT record that is not the last can't be cut off: pointers lead behind it. Neither can a TSIG
	 * record, which has no TTL to be changed, and is for nobody who gets this answer from us. */
	if (s.signs || (s.opt && s.opt_end != s.at))
		return sodns_reply_parse(q, m, len);
	sodns_reply_t *r = sodns_reply_wire(q, m, s.opt ? s.opt : s.at, s.ttls, s.ttl_count, 0);
	r->received = true;
	r->flags &= (uint16_t) ~(SODNS_RD | SODNS_CD);
	r->flags |= (uint16_t)(get16(m + 2) & (SODNS_RD | SODNS_CD));
	if (!s.opt)
		return r;
	if (!take_opt(r, m + s.opt))
		return NULL;
	unsigned additional = get16(m + 10) - 1;
	m[10] = (uint8_t)(additional >> 8);
	m[11] = (uint8_t)additional;
	return r;
}
