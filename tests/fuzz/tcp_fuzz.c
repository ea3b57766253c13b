/*
 * The framing of TCP, fed in pieces of any size: it hands over exactly the messages that the stream
 * holds.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/tcp_plain.c"

struct sodns_conn {
	size_t handed; /* bytes of messages */
	unsigned refuse;
};

bool sodns_conn_query(sodns_conn_t *c, uint64_t token, const uint8_t *message, size_t len)
{
	volatile uint8_t last = message[len - 1];
	(void)token;
	(void)last;
	if (len < 12)
		abort();
	if (c->refuse && !(--c->refuse % 3))
		return false;
	c->handed += len + 2;
	return true;
}

void sodns_conn_write(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	(void)c;
	(void)bytes;
	(void)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sodns_conn c = {.refuse = len > 1 ? data[0] : 0};
	size_t at = 0, step = len > 1 ? data[1] % 64u + 1 : 1;
	size_t rounds = len + 2u * c.refuse + 2;
	for (size_t end = step; at < len && rounds--; end += step) {
		if (end > len)
			end = len;
		/* A copy of just this, so that reading beyond it shows. */
		uint8_t *piece = malloc(end - at ? end - at : 1);
		if (!piece)
			return 0;
		memcpy(piece, data + at, end - at);
		ptrdiff_t used = tcp_plain.receive(&c, NULL, piece, end - at);
		free(piece);
		if (used < 0)
			break;
		if ((size_t)used > end - at)
			abort();
		at += (size_t)used;
	}
	if (c.handed > len)
		abort();
	return 0;
}
