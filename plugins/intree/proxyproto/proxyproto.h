/*
 * proxyproto: whose PROXY headers are believed, and what becomes of the others.
 */
#ifndef PROXYPROTO_H
#define PROXYPROTO_H

#include <sodns/ability.h>
#include <sodns/plugin.h>

enum policy {
	POLICY_USE,
	POLICY_IGNORE, /* read and passed over */
	POLICY_REJECT, /* with a header: not served */
	POLICY_SKIP,   /* not looked for */
};

struct sessions;

struct proxyproto {
	sodns_prefix_t *allowed;
	size_t allowed_count;
	enum policy others; /* of peers that are not allowed; of all, if there is no list */
	bool others_given;  /* in the Corefile */
	uint64_t ttl;       /* ns; of UDP sessions. 0: there are none */
	uint32_t max_sessions;
	struct sessions **sessions; /* each worker's */
	size_t worker_count;
};

enum sodns_verdict proxyproto_datagram(void *self, sodns_packet_t *p);
ptrdiff_t proxyproto_stream(void *self, sodns_packet_t *p);

/* sessions.c: what a header said of the peer, for datagrams without one. Of one thread. */
struct sessions *sessions_new(uint32_t max);
void sessions_free(struct sessions *s);
void sessions_store(struct sessions *s, const sodns_address_t *peer, const sodns_address_t *source,
		    uint64_t now, uint64_t ttl);
/* The source, and its time begins anew; or NULL. */
const sodns_address_t *sessions_find(struct sessions *s, const sodns_address_t *peer, uint64_t now,
				     uint64_t ttl);

#endif
