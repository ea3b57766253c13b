/*
 * What upstreams make of questions: whether the letters of the name come back as they were sent,
 * whether they know EDNS, and the cookie that they want to see (RFC 7873).
 */
#include "forward.h"

#include <string.h>

#include <sodns/random.h>

/* What was found out is found out again after a while: servers are replaced. */
#define RECASES_NS (3600 * SODNS_SECOND)
#define NO_EDNS_NS (600 * SODNS_SECOND)
#define BEAR_NS (60 * SODNS_SECOND)
/* Answers over UDP with other letters, each of which was confirmed over TCP. */
#define RECASED_MAX 4u
/* Questions with EDNS left unanswered, each of which was answered without. */
#define SILENT_MAX 3u
/* A cookie that says when it was made need not be kept each time (RFC 9018, 4.3). */
#define COOKIE_NS (30 * SODNS_SECOND)

void manners_begin(struct upstream *u)
{
	sodns_random_bytes(u->manners.cookie, sizeof(u->manners.cookie));
}

static bool until(const _Atomic(uint64_t) *end)
{
	uint64_t at = atomic_load_explicit(end, memory_order_relaxed);
	return at && sodns_now() < at;
}

bool manners_recases(const struct upstream *u)
{
	return until(&u->manners.recases_until);
}

bool manners_no_edns(const struct upstream *u)
{
	return until(&u->manners.no_edns_until);
}

static void recases(struct upstream *u, uint64_t ns)
{
	if (!manners_recases(u))
		sodns_log(SODNS_LOG_WARNING, "forward",
			  "upstream %s does not keep the case of letters", u->text);
	atomic_store(&u->manners.recases_until, sodns_now() + ns);
}

void manners_note_recased(struct upstream *u)
{
	recases(u, RECASES_NS);
}

void manners_note_recased_udp(struct upstream *u)
{
	if (atomic_fetch_add(&u->manners.recased, 1) + 1 >= RECASED_MAX)
		recases(u, RECASES_NS);
}

void manners_bear_recasing(struct upstream *u)
{
	recases(u, BEAR_NS);
}

/* Written only where it changes something, here and below. */
void manners_note_kept(struct upstream *u)
{
	if (atomic_load_explicit(&u->manners.recased, memory_order_relaxed))
		atomic_store(&u->manners.recased, 0);
}

void manners_note_edns(struct upstream *u)
{
	struct manners *m = &u->manners;
	if (atomic_load_explicit(&m->edns_seen, memory_order_relaxed))
		return;
	atomic_store(&m->edns_seen, true);
	atomic_store(&m->silent, 0);
}

void manners_note_plain(struct upstream *u, bool silent)
{
	struct manners *m = &u->manners;
	if (silent && atomic_fetch_add(&m->silent, 1) + 1 < SILENT_MAX)
		return;
	atomic_store(&m->no_edns_until, sodns_now() + NO_EDNS_NS);
	atomic_store(&m->edns_seen, false);
	atomic_store(&m->silent, 0);
}

size_t cookie_get(const struct upstream *u, uint8_t out[COOKIE_SERVER_MAX])
{
	const struct server_cookie *c = &u->manners.server;
	uint32_t before = atomic_load(&c->version), len = atomic_load(&c->len);
	if (!len || before & 1)
		return 0;
	for (size_t i = 0; i < COOKIE_SERVER_MAX / 8; i++) {
		uint64_t word = atomic_load(&c->words[i]);
		memcpy(out + 8 * i, &word, 8);
	}
	return atomic_load(&c->version) == before ? len : 0;
}

/* One writes; for another that comes meanwhile there is a next answer. */
static void cookie_write(struct server_cookie *c, const uint8_t *bytes, size_t len)
{
	uint32_t before = atomic_load(&c->version);
	if (before & 1 || !atomic_compare_exchange_strong(&c->version, &before, before + 1))
		return;
	for (size_t i = 0; i < COOKIE_SERVER_MAX / 8; i++) {
		uint64_t word = 0;
		if (8 * i < len)
			memcpy(&word, bytes + 8 * i, len - 8 * i < 8 ? len - 8 * i : 8);
		atomic_store(&c->words[i], word);
	}
	atomic_store(&c->len, (uint32_t)len);
	atomic_store(&c->written, sodns_now());
	atomic_store(&c->version, before + 2);
}

void cookie_set(struct upstream *u, const uint8_t *bytes, size_t len)
{
	struct server_cookie *c = &u->manners.server;
	uint32_t has = atomic_load_explicit(&c->len, memory_order_relaxed);
	if (has == len &&
	    (!len ||
	     sodns_now() - atomic_load_explicit(&c->written, memory_order_relaxed) < COOKIE_NS))
		return;
	cookie_write(c, bytes, len);
}
