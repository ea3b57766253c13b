/*
 * What another server answered, passed on: as an image, opened into records, and cut to a small client.
 * The input is the answer; the query asks its question.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "message/encode.h"
#include "message/query.h"
#include "message/reply.h"
#include "query.h"

static uint8_t out[65535 + 64], message[65535];

static void encode(sodns_query_t *q, sodns_reply_t *r, size_t fit)
{
	size_t n = message_encode(q, r, out, fit);
	if (n < 12 || n > fit)
		abort();
}

static void pass_on(sodns_query_t *q, const uint8_t *data, size_t len)
{
	size_t count;
	memcpy(message, data, len);
	sodns_reply_t *r = sodns_reply_received(q, message, len);
	if (!r)
		return;
	encode(q, r, 65535);
	sodns_query_t *changed = sodns_query_derive(q);
	sodns_query_set_name(changed, (const uint8_t *)"\1x");
	encode(changed, r, 65535);
	memcpy(message, data, len);
	r = sodns_reply_received(q, message, len);
	encode(q, r, 512);
	memcpy(message, data, len);
	r = sodns_reply_received(q, message, len);
	sodns_reply_sets(r, SODNS_ANSWER, &count);
	/* What was let through can be opened. */
	if (sodns_reply_kind(r) != SODNS_RECORDS)
		abort();
	encode(q, r, 65535);
}

/* The question of the message as a query, with EDNS. */
static size_t make_query(const uint8_t *data, size_t len, uint8_t *packet)
{
	static const uint8_t opt[11] = {0, 0, 41, 4, 208, 0, 0, 0x80};
	size_t at = 12;
	while (at < len && data[at])
		at += data[at] + 1u;
	at += 5;
	if (at > len || at > 300)
		return 0;
	memcpy(packet, data, at);
	memset(packet + 2, 0, 10);
	packet[5] = packet[11] = 1;
	memcpy(packet + at, opt, sizeof(opt));
	return at + sizeof(opt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static sodns_query_t q;
	static query_shared_t shared;
	static uint8_t packet[1472 + 16];
	size_t n = len < 12 || len > sizeof(message) ? 0 : make_query(data, len, packet);
	if (!n)
		return 0;
	query_begin(&q, &shared, SODNS_UDP);
	if (query_parse(&q, packet, n) == PARSE_OK)
		pass_on(&q, data, len);
	arena_reset(&shared.arena);
	return 0;
}
