/*
 * A reply as the core knows it, and the way from it to a packet.
 */
#ifndef CORE_MESSAGE_REPLY_H
#define CORE_MESSAGE_REPLY_H

#include "message/query.h"

struct reply_section {
	sodns_rrset_t *sets;
	uint32_t count, room;
};

struct sodns_reply {
	sodns_query_t *q;
	enum sodns_reply_kind kind;
	int rcode;
	uint16_t flags; /* AA, TC, RD, RA, AD, CD */
	bool sealed;    /* edits do nothing */
	bool own_edns;  /* has an OPT of its own: leaves even if the client sent none */
	bool edns_do;
	bool received; /* a wire image whose question, RD and CD are its own */
	uint16_t edns_size;
	uint16_t options_len;
	const uint8_t *options;
	const uint8_t *came; /* another server's options, all of them */
	uint16_t came_len;
	const char *plugin;
	const char *text;
	const struct handler *maker; /* of a stream */
	sodns_stream_f stream;
	void *stream_arg;
	struct reply_section section[3];
	const uint8_t *wire;
	size_t wire_len;
	const uint16_t *ttls;
	size_t ttl_count;
	uint32_t age;
	bool ttl_set; /* of an image: all TTLs are `ttl` */
	uint32_t ttl;
};

/* Writes the message that answers `q` with `r` into out, of `size` bytes; what does not fit within
 * `fit` is left out and TC set, RRsets from the first that does not fit on. Returns the length. r
 * may be an error. Names are compressed (RFC 1035, 4.1.4). */
size_t message_encode(const sodns_query_t *q, sodns_reply_t *r, uint8_t *out, size_t fit);
/* Writes r's records as a message for keeps: the question in lower case, no OPT. 0: they don't fit. */
size_t message_encode_image(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out,
			    size_t size);
/* Whether r, an image, can leave for q as it is: it was made for, or received with, q's question. */
bool message_answers(const sodns_query_t *q, const sodns_reply_t *r);
/* Writes the header of the message that answers q with r, the id and the counts aside. */
void message_put_flags(const sodns_query_t *q, const sodns_reply_t *r, uint8_t *out);
/* The TTL at p of a record of an image, as it leaves. */
static inline uint32_t reply_image_ttl(const sodns_reply_t *r, const uint8_t *p)
{
	uint32_t ttl = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return r->ttl_set ? r->ttl : ttl > r->age ? ttl - r->age : 0;
}
/* The answer to a packet that is no good query: its header and, where that could be read, its
 * question (question_end: the offset behind it, else 0). Returns the length. */
size_t message_encode_rejection(const uint8_t *packet, size_t question_end, int rcode,
				uint8_t *out);
/* Another server's options, which have been checked, become the reply's as far as they may be passed on;
 * the bytes are the reply's own. */
void reply_take_options(sodns_reply_t *r, uint8_t *options, size_t len);
/* Turns a wire image into records, once. */
void reply_open(sodns_reply_t *r);

#endif
