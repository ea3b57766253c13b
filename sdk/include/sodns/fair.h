/*
 * Fair shares of what is scarce: connections, tasks, requests. What each has is counted by client, and
 * when a limit is reached, what a newcomer needs is taken from the client that has most. As long as
 * there is enough for all, one client may have all of it.
 *
 * A client is a network, not an address: by default an IPv4 address and the /64 of an IPv6 one
 * (`-client.ipv4`, `-client.ipv6`). A keeper counts one kind of thing for one thread; what is counted
 * has a claim in it. All functions are for the thread that has the keeper, or under the caller's lock;
 * they cost about a table look-up, and take memory for a client's first claim alone.
 */
#ifndef SODNS_FAIR_H
#define SODNS_FAIR_H

#include <sodns/net.h>

typedef struct sodns_fair sodns_fair_t;

/* One thing that some client has; a part of the caller's object, cleared before its first use. */
typedef struct sodns_claim {
	void *own[3]; /* the keeper's */
} sodns_claim_t;

/* An empty keeper; NULL: no memory. */
SODNS_API sodns_fair_t *sodns_fair_new(void);
/* Claims that it still has are forgotten. NULL is allowed. */
SODNS_API void sodns_fair_free(void *keeper);
/* Counts the claim for the client at `peer`, as its youngest. False: no memory, and it is counted for
 * none. */
SODNS_API bool sodns_fair_claim(sodns_fair_t *f, sodns_claim_t *c, const sodns_address_t *peer);
/* The claim becomes its client's youngest again. */
SODNS_API void sodns_fair_renew(sodns_fair_t *f, sodns_claim_t *c);
/* The claim of the same client that is next in age, NULL: it is the youngest. */
static inline sodns_claim_t *sodns_claim_younger(const sodns_claim_t *c)
{
	return (sodns_claim_t *)c->own[2];
}
/* Whether it counts for a client. */
static inline bool sodns_claim_counts(const sodns_claim_t *c)
{
	return c->own[0] != NULL;
}
/* The claim counts no more; nothing happens if it did not. */
SODNS_API void sodns_fair_release(sodns_fair_t *f, sodns_claim_t *c);
/* The oldest claim of the client at `peer`, and how many it has; NULL: none. */
SODNS_API sodns_claim_t *sodns_fair_of(const sodns_fair_t *f, const sodns_address_t *peer,
				       unsigned *count);
/* The oldest claim of the client that has most, and how many those are; NULL: there are none. A
 * newcomer that would have less even with one more should be given one of them. */
SODNS_API sodns_claim_t *sodns_fair_most(const sodns_fair_t *f, unsigned *count);
/* A word of the claim's client for the caller's use, 0 at first; NULL: it counts for none. */
SODNS_API uint64_t *sodns_fair_note(const sodns_claim_t *c);
/* How many of a limit one client may have at all (`-client.share`); the limit itself by default. */
SODNS_API unsigned sodns_fair_part(unsigned limit);
/* Counts sodns_client_shares_taken_total{limit}: something was taken from the client that had most.
 * `limit` is worded as for sodns_limit_reached(). [any thread] */
SODNS_API void sodns_fair_taken(const char *limit);

#endif
