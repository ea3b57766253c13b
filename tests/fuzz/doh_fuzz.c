/*
 * A server's half of an HTTP/2 connection, fed in pieces of any size to the client of DNS over HTTPS,
 * which has a few questions in flight. Each is answered or refused at most once, and not when it was
 * forgotten.
 *
 * The first byte is the size of the pieces, the second one how questions are asked, and which are
 * forgotten on the way.
 */
#include <stdlib.h>
#include <string.h>

#include "doh/provider.h"
#include "fuzz.h"

#define QUESTIONS 4u

extern const doh_provider_t sodns_doh_library;

struct owner {
	bool waits[QUESTIONS];
	size_t sent;
};

static void take_bytes(void *arg, const uint8_t *bytes, size_t len)
{
	struct owner *o = arg;
	volatile uint8_t last = bytes[len - 1];
	(void)last;
	o->sent += len;
}

static void settle(struct owner *o, uint16_t id)
{
	if (id >= QUESTIONS || !o->waits[id])
		abort();
	o->waits[id] = false;
}

static void take_answer(void *arg, uint16_t id, uint8_t *message, size_t len)
{
	if (len < 12 || len > 65535)
		abort();
	message[len - 1] ^= 1;
	settle(arg, id);
}

static void take_refusal(void *arg, uint16_t id, bool unseen, const char *why)
{
	(void)unseen;
	if (!*why)
		abort();
	settle(arg, id);
}

static void converse(doh_t *d, struct owner *o, unsigned how, const uint8_t *data, size_t len,
		     size_t step)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < step ? len - at : step;
		/* A copy of just this, so that reading beyond it shows. */
		uint8_t *piece = malloc(n);
		if (!piece)
			abort();
		memcpy(piece, data + at, n);
		const char *why = sodns_doh_library.input(d, piece, n);
		free(piece);
		if (why)
			return;
		if (at && how & 2 && o->waits[1]) {
			o->waits[1] = false;
			sodns_doh_library.forget(d, 1);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const doh_owner_t calls = {
		.send = take_bytes, .answer = take_answer, .refuse = take_refusal};
	static const uint8_t message[] = {0, 0, 1, 0,   0, 1, 0, 0, 0, 0,
					  0, 0, 1, 'a', 0, 0, 1, 0, 1};
	struct owner o = {.sent = 0};
	if (len < 2)
		return 0;
	doh_t *d = sodns_doh_library.begin("192.0.2.1:443", &calls, &o);
	if (!d)
		return 0;
	for (uint16_t i = 0; i < QUESTIONS; i++)
		o.waits[i] = sodns_doh_library.ask(d, data[1] & 1, i, message, sizeof(message));
	converse(d, &o, data[1], data + 2, len - 2, data[0] + 1u);
	(void)sodns_doh_library.is_open(d);
	sodns_doh_library.end(d);
	return o.sent ? 0 : -1;
}
