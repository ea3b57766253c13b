/*
 * What a plugin may be able to do beyond answering: named structs that its `ability` callback
 * returns. The host asks each instance once, after setup, for the ids below. A struct begins with
 * its size, so that it can grow; a change of meaning is a new id.
 */
#ifndef SODNS_ABILITY_H
#define SODNS_ABILITY_H

#include <sodns/query.h>

/* "sodns.prefetch/1": called for every query of a batch that this instance's block will serve,
 * before the first one is served: stage 0 for all, then stage 1 for all. Only hints; must not wait
 * or answer. [query] */
#define SODNS_ABILITY_PREFETCH "sodns.prefetch/1"
typedef struct sodns_prefetch_ability {
	uint32_t size;
	void (*touch)(void *self, const sodns_query_t *q, unsigned stage);
} sodns_prefetch_ability_t;

/* "sodns.metadata/1": gives a query its metadata before the chain runs, where the block asks for
 * them. [query] */
#define SODNS_ABILITY_METADATA "sodns.metadata/1"
typedef struct sodns_metadata_ability {
	uint32_t size;
	void (*provide)(void *self, sodns_query_t *q);
} sodns_metadata_ability_t;

/* "sodns.ready/1": whether the instance can serve. [any thread] */
#define SODNS_ABILITY_READY "sodns.ready/1"
typedef struct sodns_ready_ability {
	uint32_t size;
	bool (*ready)(void *self);
} sodns_ready_ability_t;

/* "sodns.admit/1": sees a packet before it is parsed. May let it pass, drop it, answer REFUSED, or
 * correct the peer's address and cut a header off (both are in and out). One instance per server
 * block; all blocks of a listener must agree. [query] */
#define SODNS_ABILITY_ADMIT "sodns.admit/1"
enum sodns_verdict { SODNS_PASS, SODNS_REJECT, SODNS_DISCARD };
typedef struct sodns_packet {
	const uint8_t *bytes;
	size_t len;
	sodns_address_t peer;
	sodns_address_t local;
	enum sodns_protocol protocol;
} sodns_packet_t;
typedef struct sodns_admit_ability {
	uint32_t size;
	enum sodns_verdict (*admit)(void *self, sodns_packet_t *p);
} sodns_admit_ability_t;

/* "sodns.class/1": queries of classes other than IN are let in to servers that have such an
 * instance. */
#define SODNS_ABILITY_CLASS "sodns.class/1"

#endif
