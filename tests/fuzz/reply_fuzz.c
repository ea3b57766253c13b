/*
 * Replies that go round: a received message that is passed on as it is says what the same message
 * says that was taken apart, and so does an image of it that was kept.
 *
 * The first byte chooses what the query is like, the rest is the message; the query asks what stands
 * there as the question.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "message/encode.h"
#include "message/query.h"
#include "message/reply.h"
#include "message/rrtype.h"
#include "query.h"

#define AGE 7u
/* What the daemon has for a reply. */
#define ROOM (65535 + 64)

static sodns_query_t q, reader;
static query_shared_t shared;
static uint8_t packet[1472];

/* Makes the query for the message's own question; false: none can be. */
static bool ask(const uint8_t *m, size_t len, unsigned how)
{
	static const uint8_t opt[] = {0, 0, 41, 16, 0, 0, 0, 0x80, 0, 0, 0};
	uint8_t name[SODNS_NAME_MAX];
	size_t n, at = len < 12 ? 0 : name_unpack(m, len, 12, name, &n);
	if (!at || at + 4 > len || n != at - 12)
		return false;
	memset(packet, 0, 12);
	packet[2] = 1;
	packet[5] = 1;
	memcpy(packet + 12, m + 12, n + 4);
	if (how & 1)
		for (size_t i = 12; i < 12 + n; i++)
			if (packet[i] >= 'a' && packet[i] <= 'z')
				packet[i] ^= 0x20;
	size_t size = 12 + n + 4;
	if (how & 2) {
		memcpy(packet + size, opt, sizeof(opt));
		size += sizeof(opt);
		packet[11] = 1;
	}
	return query_parse(&q, packet, size) == PARSE_OK;
}

static sodns_reply_t *reread(const uint8_t *bytes, size_t len)
{
	sodns_reply_t *r = sodns_reply_parse(&reader, bytes, len);
	if (!r)
		abort();
	return r;
}

/* Encodes r, with bytes behind it that must not be written, and reads that again. */
static sodns_reply_t *round_trip(sodns_reply_t *r, size_t fit)
{
	uint8_t *out = malloc(ROOM);
	if (!out)
		abort();
	size_t n = message_encode(&q, r, out, fit);
	if (n < 12 || n > ROOM)
		abort();
	/* The arena has it from here on. */
	uint8_t *kept = arena_alloc(&shared.arena, n);
	memcpy(kept, out, n);
	free(out);
	return reread(kept, n);
}

static void same_set(const sodns_rrset_t *a, const sodns_rrset_t *b, uint32_t age)
{
	uint32_t ttl = a->ttl > age ? a->ttl - age : 0;
	if (!sodns_name_equal(a->owner, b->owner) || a->type != b->type || a->rclass != b->rclass ||
	    ttl != b->ttl || a->data_len != b->data_len)
		abort();
	if (!(rrtype(a->type)->flags & RR_NAMED) && memcmp(a->data, b->data, a->data_len))
		abort();
}

/* Both say the same, b being `age` seconds older. One that had to be cut says less; one that was kept
 * has RD and CD of the query. */
static void same(sodns_reply_t *a, sodns_reply_t *b, uint32_t age)
{
	unsigned asked = age ? SODNS_RD | SODNS_CD : 0;
	if ((a->flags ^ b->flags) & SODNS_TC)
		return;
	if ((a->flags ^ b->flags) & ~asked || a->rcode != b->rcode)
		abort();
	for (int k = 0; k < 3; k++) {
		if (a->section[k].count != b->section[k].count)
			abort();
		for (uint32_t i = 0; i < a->section[k].count; i++)
			same_set(&a->section[k].sets[i], &b->section[k].sets[i], age);
	}
}

/* Kept and served again, whole and opened. */
static void keep(sodns_reply_t *r)
{
	sodns_image_t image;
	sodns_reply_t *whole = round_trip(r, 65535);
	if (sodns_reply_image(r, &image))
		return;
	uint8_t *kept = malloc(image.length);
	if (!kept)
		abort();
	memcpy(kept, image.message, image.length);
	sodns_reply_t *served = sodns_reply_wire(&q, kept, image.length, image.ttls,
						 image.ttl_count, AGE);
	same(whole, round_trip(served, 65535), AGE);
	served = sodns_reply_wire(&q, kept, image.length, image.ttls, image.ttl_count, AGE);
	round_trip(served, 512);
	same(whole, round_trip(served, 65535), AGE);
	free(kept);
}

static void pass_on(const uint8_t *data, size_t len)
{
	uint8_t *m = malloc(len);
	if (!m)
		abort();
	memcpy(m, data, len);
	sodns_reply_t *r = sodns_reply_received(&q, m, len);
	sodns_reply_t *parsed = sodns_reply_parse(&q, data, len);
	if (r && !parsed)
		abort();
	if (r) {
		static const uint8_t identity[200];
		same(round_trip(parsed, 65535), round_trip(r, 65535), 0);
		sodns_reply_add_option(r, 3, identity, sizeof(identity));
		round_trip(r, 65535);
		round_trip(r, 512);
	}
	if (parsed)
		keep(parsed);
	free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	query_begin(&q, &shared, SODNS_TCP);
	if (ask(data + 1, len - 1, *data)) {
		reader = q;
		pass_on(data + 1, len - 1);
	}
	arena_reset(&shared.arena);
	return 0;
}
