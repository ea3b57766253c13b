/*
 * Asking over HTTPS (RFC 8484): the questions of a connection that speaks TLS are streams of HTTP/2.
 * The HTTP/2 is in a library that is opened with the first upstream of the kind.
 */
#include <errno.h>
#include <stdio.h>

#include <sodns/log.h>

#include "doh/provider.h"
#include "runtime/provider.h"
#include "upstream/upstream.h"

static provider_t library = {.file = DOH_PROVIDER_FILE,
			     .symbol = DOH_PROVIDER_SYMBOL,
			     .what = "the client of DNS over HTTPS",
			     .size = sizeof(doh_provider_t),
			     .lock = PTHREAD_MUTEX_INITIALIZER};
static _Atomic(const doh_provider_t *) provider; /* there before an upstream is */

bool https_load(void)
{
	char why[512];
	const doh_provider_t *p = provider_open(&library, why, sizeof(why));
	if (p)
		provider = p;
	else
		sodns_log(SODNS_LOG_ERROR, NULL, "%s", why);
	return p;
}

static void seal(void *arg, const uint8_t *bytes, size_t len)
{
	carrier_t *c = arg;
	if (sodns_tls_write(c->tls, bytes, len))
		c->broken = true;
}

static void give_up(sodns_exchange_t *x, const char *why)
{
	lane_t *l = ((carrier_t *)x->carrier)->lane;
	snprintf(l->why, sizeof(l->why), "%s", why);
	x->error = EPROTO;
	exchange_note_local(x);
	exchange_unhang(x);
	exchange_done(x, SODNS_EIO);
}

/* A stream brings one answer: if its question is another, no right one comes behind it. */
static void take_answer(void *arg, uint16_t id, uint8_t *message, size_t len)
{
	carrier_t *c = arg;
	enum question question;
	message[0] = (uint8_t)(id >> 8);
	message[1] = (uint8_t)id;
	sodns_exchange_t *x = exchange_find(c, message, len, &question);
	if (x)
		exchange_receive(x, message, len,
				 question == QUESTION_SAME ? QUESTION_SAME : QUESTION_NONE);
	else if ((x = exchange_of(c, id)))
		give_up(x, "the answer is none");
}

/* What the server has not looked at is asked once more, elsewhere. */
static void take_refusal(void *arg, uint16_t id, bool unseen, const char *why)
{
	carrier_t *c = arg;
	sodns_exchange_t *x = exchange_of(c, id);
	if (!x)
		return;
	if (!unseen || x->again) {
		give_up(x, why);
		return;
	}
	exchange_unhang(x);
	x->again = true;
	upstream_send_stream(c->lane, x);
}

bool https_begin(carrier_t *c)
{
	static const doh_owner_t owner = {
		.send = seal, .answer = take_answer, .refuse = take_refusal};
	char authority[96];
	upstream_put_endpoint(authority, sizeof(authority), &c->lane->upstream->options.address);
	return (c->doh = provider->begin(authority, &owner, c));
}

bool https_ask(carrier_t *c, const sodns_exchange_t *x)
{
	return provider->ask(c->doh, https_gets(x), x->id, x->query, x->len);
}

void https_forget(carrier_t *c, uint16_t id)
{
	provider->forget(c->doh, id);
}

bool https_input(carrier_t *c, const uint8_t *bytes, size_t len)
{
	const char *why = provider->input(c->doh, bytes, len);
	c->last = sodns_now();
	if (why)
		snprintf(c->lane->why, sizeof(c->lane->why), "%s", why);
	else if (!provider->is_open(c->doh) && !c->closed)
		carrier_retire(c);
	return !why;
}

void https_end(carrier_t *c)
{
	if (c->doh)
		provider->end(c->doh);
}
