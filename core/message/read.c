/*
 * Messages read without a query (sodns/message.h). Every byte is hostile: what is not checked here is
 * not handed out.
 */
#include <sodns/message.h>

#include "message/name.h"
#include "message/rdata.h"

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* Where the name at r->at ends; 0: it is none. */
static size_t take_name(sodns_message_reader_t *r, uint8_t out[SODNS_NAME_MAX])
{
	size_t n;
	return name_unpack_within(r->bytes, r->length, r->at, out, &n, &r->steps);
}

static bool take_question(sodns_message_reader_t *r, bool first)
{
	uint8_t other[SODNS_NAME_MAX];
	size_t at = take_name(r, first ? r->name : other);
	if (!at || r->length - at < 4)
		return false;
	if (first) {
		r->type = (uint16_t)get16(r->bytes + at);
		r->rclass = (uint16_t)get16(r->bytes + at + 2);
	}
	r->at = at + 4;
	return true;
}

int sodns_message_read(sodns_message_reader_t *r, const uint8_t *message, size_t len)
{
	if (len < SODNS_MESSAGE_HEADER || len > 65535)
		return SODNS_EINVAL;
	*r = (sodns_message_reader_t){.id = (uint16_t)get16(message),
				      .flags = (uint16_t)get16(message + 2),
				      .bytes = message,
				      .length = len,
				      .at = SODNS_MESSAGE_HEADER,
				      .steps = name_steps(len)};
	for (unsigned i = 0; i < 4; i++)
		r->count[i] = (uint16_t)get16(message + 4 + 2 * i);
	for (unsigned i = 0; i < r->count[0]; i++)
		if (!take_question(r, !i))
			return SODNS_EINVAL;
	return SODNS_OK;
}

/* RDATA that is the rest of the record from `at` on. */
static bool take_rdata(sodns_message_reader_t *r, size_t at, size_t len,
		       sodns_message_record_t *out)
{
	size_t names = rdata_names(out->type), n;
	if (!names) {
		out->rdata = r->bytes + at;
		out->rdata_len = (uint16_t)len;
		return rdata_valid(out->type, out->rdata, len);
	}
	if (len + names * SODNS_NAME_MAX > sizeof(out->space))
		return false;
	n = rdata_unpack(out->type, r->bytes, at, at + len, out->space, &r->steps);
	out->rdata = out->space;
	out->rdata_len = (uint16_t)n;
	return n != SIZE_MAX;
}

static bool take_record(sodns_message_reader_t *r, sodns_message_record_t *out)
{
	size_t at = take_name(r, out->owner);
	if (!at || r->length - at < 10)
		return false;
	const uint8_t *f = r->bytes + at;
	size_t len = get16(f + 8);
	out->type = (uint16_t)get16(f);
	out->rclass = (uint16_t)get16(f + 2);
	out->ttl = (uint32_t)get16(f + 4) << 16 | get16(f + 6);
	at += 10;
	if (r->length - at < len || !take_rdata(r, at, len, out))
		return false;
	r->at = at + len;
	return true;
}

int sodns_message_next(sodns_message_reader_t *r, sodns_message_record_t *out)
{
	uint32_t answers = r->count[1], authority = answers + r->count[2];
	if (r->done >= authority + r->count[3])
		return 0;
	out->section = r->done < answers     ? SODNS_ANSWER
		       : r->done < authority ? SODNS_AUTHORITY
					     : SODNS_ADDITIONAL;
	if (!take_record(r, out))
		return SODNS_EINVAL;
	r->done++;
	return 1;
}

const uint8_t *sodns_edns_find(const uint8_t *options, size_t len, uint16_t code, size_t *out_len)
{
	*out_len = 0;
	for (size_t at = 0; len - at >= 4;) {
		size_t n = get16(options + at + 2);
		if (len - at - 4 < n)
			return NULL;
		if (get16(options + at) == code) {
			*out_len = n;
			return options + at + 4;
		}
		at += 4 + n;
	}
	return NULL;
}
