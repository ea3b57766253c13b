/*
 * Packets: as a query, answered; and as a reply that came from elsewhere, opened and written again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "message/encode.h"
#include "message/query.h"
#include "message/reply.h"
#include "query.h"

static uint8_t out[65535 + 64];

static void answer(sodns_query_t *q, const uint8_t *data, size_t len)
{
	static const uint8_t address[4] = {192, 0, 2, 1};
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_add_record(r, SODNS_ANSWER, sodns_query_name(q), SODNS_TYPE_A, 60, address, 4);
	sodns_reply_add_option(r, 15, "\0", 2);
	size_t room = sodns_query_room(q);
	/* An OPT record leaves where one came, and nothing is longer than it may be. */
	if (message_encode(q, r, out, room) > room || (out[10] << 8 | out[11]) != q->has_edns)
		abort();
	r = sodns_reply_parse(q, data, len);
	if (!r)
		return;
	sodns_reply_add_option(r, 3, "id", 2);
	sodns_reply_cap_ttl(r, 5);
	message_encode(q, r, out, 512);
	size_t n = message_encode(q, r, out, 65535);
	if (n < 12 || n > 65535)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static sodns_query_t q;
	static query_shared_t shared;
	static uint8_t packet[1472 + 16];
	if (len > 1472)
		return 0;
	memcpy(packet, data, len);
	query_begin(&q, &shared, SODNS_UDP);
	enum parse_verdict v = query_parse(&q, packet, len);
	if (v == PARSE_OK)
		answer(&q, data, len);
	else if (v != PARSE_DROP)
		message_encode_rejection(packet, q.question_end, SODNS_FORMERR, out);
	arena_reset(&shared.arena);
	return 0;
}
