/*
 * Fair shares (sodns/fair.h): a hash table of the clients that have something, and a heap of them
 * that has the richest on top. A client is in both as long as it has a claim, so that what clients
 * can choose, their addresses, never makes more entries than there are claims.
 */
#include "report/fair.h"

#include <stdlib.h>

#include <sodns/hash.h>
#include <sodns/metrics.h>

#define ROOM_LEAST 64u

unsigned fair_ipv4_bits = 32, fair_ipv6_bits = 64, fair_percent = 100;

struct key {
	uint64_t high, low; /* the bits that count, IPv4's in front */
	uint64_t family;
};

/* A claim's own. */
enum { CLIENT, OLDER, YOUNGER }; /* as fair.h reads them */

struct client {
	struct client *next; /* in its bucket */
	struct key key;
	unsigned count;
	size_t at; /* in the heap */
	uint64_t note;
	sodns_claim_t *oldest, *youngest;
};

struct sodns_fair {
	struct client **buckets, **heap; /* room for as many in each */
	size_t room, count;
};

static uint64_t leading(uint64_t word, unsigned bits)
{
	return bits >= 64 ? word : bits ? word & ~(UINT64_MAX >> bits) : 0;
}

static struct key key_of(const sodns_address_t *peer)
{
	struct key k = {.family = peer->family};
	unsigned bits = peer->family == 4 ? fair_ipv4_bits : fair_ipv6_bits;
	for (unsigned i = 0; i < (peer->family == 4 ? 4u : 8u); i++)
		k.high |= (uint64_t)peer->bytes[i] << (56 - 8 * i);
	for (unsigned i = 0; i < 8 && peer->family == 6; i++)
		k.low |= (uint64_t)peer->bytes[8 + i] << (56 - 8 * i);
	k.high = leading(k.high, bits);
	k.low = leading(k.low, bits > 64 ? bits - 64 : 0);
	return k;
}

static struct client **bucket_of(const sodns_fair_t *f, const struct key *k)
{
	return &f->buckets[sodns_hash(k, sizeof(*k)) & (f->room - 1)];
}

static struct client *find(const sodns_fair_t *f, const struct key *k)
{
	struct client *c = *bucket_of(f, k);
	while (c && (c->key.high != k->high || c->key.low != k->low || c->key.family != k->family))
		c = c->next;
	return c;
}

static bool resize(sodns_fair_t *f, size_t room)
{
	struct client **buckets = calloc(room, sizeof(*buckets));
	struct client **heap = buckets ? realloc(f->heap, room * sizeof(*heap)) : NULL;
	if (!heap) {
		free(buckets);
		return false;
	}
	free(f->buckets);
	f->buckets = buckets;
	f->heap = heap;
	f->room = room;
	for (size_t i = 0; i < f->count; i++) {
		struct client **at = bucket_of(f, &heap[i]->key);
		heap[i]->next = *at;
		*at = heap[i];
	}
	return true;
}

sodns_fair_t *sodns_fair_new(void)
{
	sodns_fair_t *f = calloc(1, sizeof(*f));
	if (!f || !resize(f, ROOM_LEAST)) {
		free(f);
		return NULL;
	}
	return f;
}

void sodns_fair_free(void *keeper)
{
	sodns_fair_t *f = keeper;
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->heap[i]);
	free(f->buckets);
	free(f->heap);
	free(f);
}

static void place(sodns_fair_t *f, struct client *c, size_t at)
{
	f->heap[at] = c;
	c->at = at;
}

static void sift_up(sodns_fair_t *f, struct client *c)
{
	size_t at = c->at;
	for (size_t up = (at - 1) / 2; at && f->heap[up]->count < c->count; up = (at - 1) / 2) {
		place(f, f->heap[up], at);
		at = up;
	}
	place(f, c, at);
}

static void sift_down(sodns_fair_t *f, struct client *c)
{
	size_t at = c->at;
	for (size_t down; (down = 2 * at + 1) < f->count; at = down) {
		if (down + 1 < f->count && f->heap[down + 1]->count > f->heap[down]->count)
			down++;
		if (f->heap[down]->count <= c->count)
			break;
		place(f, f->heap[down], at);
	}
	place(f, c, at);
}

static struct client *client_new(sodns_fair_t *f, const struct key *k)
{
	if (f->count == f->room && !resize(f, f->room * 2))
		return NULL;
	struct client *c = calloc(1, sizeof(*c)), **at = bucket_of(f, k);
	if (!c)
		return NULL;
	c->key = *k;
	c->next = *at;
	*at = c;
	place(f, c, f->count++);
	return c;
}

static void client_free(sodns_fair_t *f, struct client *c)
{
	struct client **at = bucket_of(f, &c->key), *last = f->heap[--f->count];
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (last != c) {
		place(f, last, c->at);
		sift_up(f, last);
		sift_down(f, last);
	}
	free(c);
	/* After a flood; if there is no memory for a smaller one, it stays. */
	if (f->room > ROOM_LEAST && f->count < f->room / 8)
		(void)!resize(f, f->room / 2);
}

static void link_claim(struct client *c, sodns_claim_t *claim)
{
	claim->own[CLIENT] = c;
	claim->own[OLDER] = c->youngest;
	claim->own[YOUNGER] = NULL;
	if (c->youngest)
		c->youngest->own[YOUNGER] = claim;
	else
		c->oldest = claim;
	c->youngest = claim;
}

static void unlink_claim(struct client *c, sodns_claim_t *claim)
{
	sodns_claim_t *older = claim->own[OLDER], *younger = claim->own[YOUNGER];
	if (older)
		older->own[YOUNGER] = younger;
	else
		c->oldest = younger;
	if (younger)
		younger->own[OLDER] = older;
	else
		c->youngest = older;
	claim->own[CLIENT] = NULL;
}

bool sodns_fair_claim(sodns_fair_t *f, sodns_claim_t *claim, const sodns_address_t *peer)
{
	const struct key k = key_of(peer);
	struct client *c = find(f, &k);
	claim->own[CLIENT] = NULL;
	if (!c && !(c = client_new(f, &k)))
		return false;
	link_claim(c, claim);
	c->count++;
	sift_up(f, c);
	return true;
}

void sodns_fair_renew(sodns_fair_t *f, sodns_claim_t *claim)
{
	struct client *c = claim->own[CLIENT];
	(void)f;
	if (!c || !claim->own[YOUNGER])
		return;
	unlink_claim(c, claim);
	link_claim(c, claim);
}

void sodns_fair_release(sodns_fair_t *f, sodns_claim_t *claim)
{
	struct client *c = claim->own[CLIENT];
	if (!c)
		return;
	unlink_claim(c, claim);
	c->count--;
	if (c->count)
		sift_down(f, c);
	else
		client_free(f, c);
}

sodns_claim_t *sodns_fair_of(const sodns_fair_t *f, const sodns_address_t *peer, unsigned *count)
{
	const struct key k = key_of(peer);
	const struct client *c = find(f, &k);
	*count = c ? c->count : 0;
	return c ? c->oldest : NULL;
}

sodns_claim_t *sodns_fair_most(const sodns_fair_t *f, unsigned *count)
{
	const struct client *c = f->count ? f->heap[0] : NULL;
	*count = c ? c->count : 0;
	return c ? c->oldest : NULL;
}

uint64_t *sodns_fair_note(const sodns_claim_t *claim)
{
	struct client *c = claim->own[CLIENT];
	return c ? &c->note : NULL;
}

unsigned sodns_fair_part(unsigned limit)
{
	unsigned part = (unsigned)((uint64_t)limit * fair_percent / 100);
	return part ? part : 1;
}

static const char *const label_names[] = {"limit", NULL};
static const sodns_family_t family = {
	.name = "sodns_client_shares_taken_total",
	.help = "What was taken from the client that had most of it, for one that had less.",
	.labels = label_names};

void sodns_fair_taken(const char *limit)
{
	sodns_metric_count(&family, &limit, 1);
}

void fair_start(void)
{
	static const char *const limits[] = {"tasks", "connections", "http connections"};
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sodns_metric(&family, &limits[i]);
}
