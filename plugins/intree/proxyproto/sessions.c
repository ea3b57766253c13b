/*
 * UDP sessions: a proxy that sends its header once, in a datagram of its own, means the datagrams
 * behind it, too. A chained hash in an array of fixed size; when it is full, the session that was
 * used longest ago makes room.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>

#include "proxyproto.h"

/* Sessions are named by their place in the array plus one; 0 is none. */
struct session {
	sodns_address_t peer, source;
	uint64_t expires;
	uint32_t next;         /* in its bucket */
	uint32_t newer, older; /* by use */
};

struct sessions {
	struct session *all;
	uint32_t *buckets;
	uint32_t max, mask, used, newest, oldest;
};

struct sessions *sessions_new(uint32_t max)
{
	struct sessions *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	uint64_t size = 16;
	while (size < max)
		size *= 2;
	s->all = calloc((size_t)max + 1, sizeof(*s->all));
	s->buckets = calloc(size, sizeof(*s->buckets));
	s->max = max;
	s->mask = (uint32_t)(size - 1);
	if (s->all && s->buckets)
		return s;
	sessions_free(s);
	return NULL;
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	free(s->all);
	free(s->buckets);
	free(s);
}

static uint32_t *bucket_of(const struct sessions *s, const sodns_address_t *peer)
{
	uint64_t h = sodns_hash(peer->bytes, sizeof(peer->bytes));
	return &s->buckets[sodns_hash_number(h, peer->port) & s->mask];
}

static bool is_peer(const struct session *e, const sodns_address_t *peer)
{
	return e->peer.port == peer->port && e->peer.scope == peer->scope &&
	       sodns_address_equal(&e->peer, peer);
}

static void unlink_use(struct sessions *s, const struct session *e)
{
	*(e->newer ? &s->all[e->newer].older : &s->newest) = e->older;
	*(e->older ? &s->all[e->older].newer : &s->oldest) = e->newer;
}

static void link_newest(struct sessions *s, uint32_t i)
{
	s->all[i].newer = 0;
	s->all[i].older = s->newest;
	*(s->newest ? &s->all[s->newest].newer : &s->oldest) = i;
	s->newest = i;
}

static uint32_t find(const struct sessions *s, const sodns_address_t *peer)
{
	uint32_t i = *bucket_of(s, peer);
	while (i && !is_peer(&s->all[i], peer))
		i = s->all[i].next;
	return i;
}

/* A place for a session: a fresh one, or that of the oldest. It is in no list then. */
static uint32_t take_place(struct sessions *s)
{
	if (s->used < s->max)
		return ++s->used;
	uint32_t i = s->oldest, *at = bucket_of(s, &s->all[i].peer);
	while (*at != i)
		at = &s->all[*at].next;
	*at = s->all[i].next;
	unlink_use(s, &s->all[i]);
	return i;
}

void sessions_store(struct sessions *s, const sodns_address_t *peer, const sodns_address_t *source,
		    uint64_t now, uint64_t ttl)
{
	uint32_t i = find(s, peer);
	if (i) {
		unlink_use(s, &s->all[i]);
	} else {
		i = take_place(s);
		uint32_t *bucket = bucket_of(s, peer);
		s->all[i].peer = *peer;
		s->all[i].next = *bucket;
		*bucket = i;
	}
	s->all[i].source = *source;
	s->all[i].expires = now + ttl;
	link_newest(s, i);
}

const sodns_address_t *sessions_find(struct sessions *s, const sodns_address_t *peer, uint64_t now,
				     uint64_t ttl)
{
	uint32_t i = find(s, peer);
	if (!i || s->all[i].expires <= now)
		return NULL;
	s->all[i].expires = now + ttl;
	unlink_use(s, &s->all[i]);
	link_newest(s, i);
	return &s->all[i].source;
}
