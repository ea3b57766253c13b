/*
 * HTTP requests, of both versions, fed in pieces of any size to the plugin, which believes in a
 * connection of the core: some queries are refused and come again, some are answered at once, some
 * when the next piece has come, some never.
 *
 * The first byte is the size of the pieces, the second one chooses how queries fare.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/transport.h>

#include "fuzz.h"

#define IN_FLIGHT 8u

extern const sodns_plugin_t sodns_plugin;

struct sodns_conn {
	unsigned how;
	bool encrypted, http2, stalled, finishing;
	unsigned refusals;
	uint64_t tokens[IN_FLIGHT];
	unsigned in_flight;
};

bool sodns_conn_query(sodns_conn_t *c, uint64_t token, const uint8_t *message, size_t len)
{
	volatile uint8_t last = message[len - 1];
	(void)last;
	if (len < 12 || len > 65535)
		abort();
	if (c->in_flight == IN_FLIGHT || (c->how & 4 && ++c->refusals % 3 == 0)) {
		c->stalled = true;
		return false;
	}
	c->tokens[c->in_flight++] = token;
	return true;
}

void sodns_conn_pause(sodns_conn_t *c)
{
	if (!c->in_flight)
		abort(); /* nothing would ever wake it */
	c->stalled = true;
}

void sodns_conn_write(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	volatile uint8_t last = len ? bytes[len - 1] : 0;
	(void)last;
	(void)c;
}

void sodns_limit_reached(const char *limit, uint64_t n)
{
	(void)limit;
	(void)n;
}

void sodns_conn_held(sodns_conn_t *c, size_t bytes)
{
	(void)c;
	if (bytes > 600000)
		abort();
}

void sodns_conn_answered(sodns_conn_t *c)
{
	(void)c;
}

void sodns_conn_timeouts(const sodns_conn_t *c, uint64_t *read, uint64_t *write, uint64_t *idle)
{
	*read = c->how & 64 ? 0 : 3 * SODNS_SECOND;
	*write = *idle = *read;
}

void sodns_conn_finish(sodns_conn_t *c)
{
	c->finishing = true;
}

bool sodns_conn_encrypted(const sodns_conn_t *c)
{
	return c->encrypted;
}

const char *sodns_conn_alpn(const sodns_conn_t *c)
{
	return c->http2 ? "h2" : "http/1.1";
}

const char *sodns_conn_server(const sodns_conn_t *c)
{
	(void)c;
	return "https://:443";
}

/* Answers the oldest query. */
static void answer(sodns_conn_t *c, const sodns_transport_t *t, void *state)
{
	static const uint8_t message[] = {0, 0, 0x81, 0x80, 0, 0, 0,  1, 0, 0,   0, 0, 0, 0,
					  1, 0, 1,    0x80, 0, 0, 60, 0, 4, 192, 0, 2, 1};
	uint64_t token = c->tokens[0];
	memmove(c->tokens, c->tokens + 1, --c->in_flight * sizeof(c->tokens[0]));
	c->stalled = false;
	t->reply(c, state, token, message, c->how & 8 ? 0 : sizeof(message));
}

/* A copy of just this, so that reading beyond it shows. How much was used. */
static ptrdiff_t feed(sodns_conn_t *c, const sodns_transport_t *t, void *state, const uint8_t *data,
		      size_t len)
{
	uint8_t *piece = malloc(len ? len : 1);
	if (!piece)
		abort();
	if (len)
		memcpy(piece, data, len);
	ptrdiff_t used = t->receive(c, state, piece, len);
	free(piece);
	if (used > (ptrdiff_t)len)
		abort();
	return used;
}

static void converse(sodns_conn_t *c, const sodns_transport_t *t, void *state, const uint8_t *data,
		     size_t len, size_t step)
{
	size_t at = 0, end = 0;
	while (!c->finishing && (end < len || (c->in_flight && c->stalled))) {
		if (!c->stalled)
			end = len - end < step ? len : end + step;
		if (c->stalled || (c->how & 1 && c->in_flight)) {
			if (!c->in_flight)
				return; /* refused with none in flight: the core tries it later */
			answer(c, t, state);
			continue;
		}
		ptrdiff_t used = feed(c, t, state, data + at, end - at);
		if (used < 0)
			return;
		at += (size_t)used;
		if (c->how & 64 && t->tick(c, state, UINT64_MAX))
			return;
	}
	while (c->in_flight && !(c->how & 2))
		answer(c, t, state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const sodns_transport_t *t = sodns_plugin.ability(NULL, SODNS_ABILITY_TRANSPORT);
	if (len < 2)
		return 0;
	sodns_conn_t c = {.how = data[1]};
	c.encrypted = data[1] & 16;
	c.http2 = data[1] & 32;
	void *state = calloc(1, t->state_size);
	if (!state)
		return 0;
	converse(&c, t, state, data + 2, len - 2, data[0] + 1u);
	t->close(&c, state);
	free(state);
	return 0;
}
