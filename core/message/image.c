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

int sodns_reply_image(sodns_reply_t *r, sodns_image_t *out)
{
	sodns_query_t *q = r->q;
	if (r->kind == SODNS_WIRE)
		reply_open(r);
	if (r->kind != SODNS_RECORDS)
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
