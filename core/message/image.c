/*
 * Images: messages to be kept and served again (sodns/reply.h).
 */
#include "message/encode.h"
#include "message/reply.h"

#define MESSAGE_MAX 65535u

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* Behind a name of a message that we wrote. */
static size_t skip_name(const uint8_t *m, size_t at)
{
	while (m[at] && m[at] < 0xc0)
		at += m[at] + 1u;
	return at + (m[at] ? 2 : 1);
}

/* Where the TTLs stand in a message that we wrote. */
static void find_ttls(sodns_image_t *image, size_t at)
{
	const uint8_t *m = image->message;
	for (size_t i = 0; i < image->ttl_count; i++) {
		at = skip_name(m, at);
		image->ttls[i] = (uint16_t)(at + 4);
		at += 10 + get16(m + at + 8);
	}
}

/* Another server's answer needs no more than its question in lower case, which names in it may be ends of,
 * and its header and TTLs as the reply has them. */
static void copy_image(sodns_reply_t *r, sodns_image_t *out)
{
	sodns_query_t *q = r->q;
	uint8_t *m = arena_alloc(&q->shared->arena, r->wire_len);
	memcpy(m, r->wire, r->wire_len);
	m[0] = m[1] = 0;
	message_put_flags(q, r, m);
	memcpy(m + QUESTION_AT, q->name, q->name_len);
	out->message = m;
	out->length = r->wire_len;
	out->ttl_count = r->ttl_count;
	out->ttls = arena_alloc(&q->shared->arena, (r->ttl_count + 1) * sizeof(*out->ttls));
	for (size_t i = 0; i < r->ttl_count; i++) {
		uint8_t *p = m + r->ttls[i];
		uint32_t ttl = reply_image_ttl(r, p);
		out->ttls[i] = r->ttls[i];
		p[0] = (uint8_t)(ttl >> 24);
		p[1] = (uint8_t)(ttl >> 16);
		p[2] = (uint8_t)(ttl >> 8);
		p[3] = (uint8_t)ttl;
	}
}

/* Where a record's owner ends, its type begins; where it begins, the one before ends. */
bool sodns_reply_image_record(const sodns_reply_t *r, size_t i, sodns_image_record_t *out)
{
	if (r->kind != SODNS_WIRE || i >= r->ttl_count)
		return false;
	const uint8_t *m = r->wire, *ttl = m + r->ttls[i];
	size_t begin = QUESTION_AT + r->q->name_len + 4u, answers = get16(m + 6);
	if (i)
		begin = r->ttls[i - 1] + 6u + get16(m + r->ttls[i - 1] + 4);
	out->section = i < answers                  ? SODNS_ANSWER
		       : i < answers + get16(m + 8) ? SODNS_AUTHORITY
						    : SODNS_ADDITIONAL;
	out->type = (uint16_t)get16(ttl - 4);
	out->rclass = (uint16_t)get16(ttl - 2);
	out->ttl = reply_image_ttl(r, ttl);
	out->asked = begin + 6 == r->ttls[i] && get16(m + begin) == (0xc000 | QUESTION_AT);
	return true;
}

int sodns_reply_image(sodns_reply_t *r, sodns_image_t *out)
{
	sodns_query_t *q = r->q;
	if (r->kind == SODNS_WIRE && r->rcode < 16 && r->received) {
		copy_image(r, out);
		return SODNS_OK;
	}
	if (!sodns_reply_open(r))
		return SODNS_EINVAL;
	if (r->rcode > 15)
		return SODNS_ERANGE;
	size_t room = sodns_reply_length(r);
	if (room > MESSAGE_MAX)
		room = MESSAGE_MAX;
	out->message = arena_alloc(&q->shared->arena, room);
	out->length = message_encode_image(q, r, out->message, room);
	if (!out->length)
		return SODNS_ERANGE;
	const uint8_t *m = out->message;
	out->ttl_count = (size_t)get16(m + 6) + get16(m + 8) + get16(m + 10);
	out->ttls = arena_alloc(&q->shared->arena, (out->ttl_count + 1) * sizeof(*out->ttls));
	find_ttls(out, QUESTION_AT + q->name_len + 4u);
	return SODNS_OK;
}
