/*
 * "sodns.packets/1": sees messages as they were on the wire, those of clients and those that are
 * exchanged with upstreams: for dnstap, traces, a live tail. Observers (reply.h: sodns_on_done()) see
 * what one query's answer is; this is for what sees everything, also what no block serves and what an
 * upstream sent in vain.
 *
 * A server whose blocks have no such instance pays one branch; an exchange, none before it has ended.
 * `see` is called on the thread that has the message, must not wait, and copies what it keeps: into a
 * ring of its worker's, of which it drops (and counts) what does not fit.
 */
#ifndef SODNS_PACKETS_H
#define SODNS_PACKETS_H

#include <sodns/query.h>

#define SODNS_ABILITY_PACKETS "sodns.packets/1"

/* dnstap's words, without what sodns does not do. */
enum sodns_packet_event {
	SODNS_CLIENT_QUERY = 1,
	SODNS_CLIENT_RESPONSE,
	SODNS_FORWARDER_QUERY,
	SODNS_FORWARDER_RESPONSE,
	SODNS_RESOLVER_QUERY,
	SODNS_RESOLVER_RESPONSE,
};

typedef struct sodns_seen {
	uint32_t size;
	uint8_t event;    /* enum sodns_packet_event */
	uint8_t protocol; /* enum sodns_protocol */
	uint8_t outcome; /* of an exchange: enum sodns_exchange_why; 0 for a message that was sent */
	uint8_t attempt; /* which try of the exchange it is, from 0 */
	const uint8_t *message;
	size_t len;
	const sodns_address_t *peer, *local;
	uint64_t at;            /* sodns_now(), ns */
	uint64_t began;         /* of a response: when its query was sent or received */
	const sodns_query_t *q; /* on behalf of which it is; NULL: of none (a health check) */
	const void *reserved[2];
} sodns_seen_t;

typedef struct sodns_packets_ability {
	uint32_t size;
	uint32_t events; /* 1 << event for each that is wanted */
	void (*see)(void *self, const sodns_seen_t *seen);
} sodns_packets_ability_t;

#endif
