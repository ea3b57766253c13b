/*
 * One answer being made from a zone; shared by answer.c (the walk), chase.c (aliases) and glue.c
 * (further names).
 */
#ifndef CORE_ZONE_ANSWER_H
#define CORE_ZONE_ANSWER_H

#include <sodns/reply.h>

#include "zone/store.h"

typedef struct answer {
	sodns_query_t *q;
	const sodns_zone_t *zone;
	const sodns_zone_view_t *view;
	sodns_reply_t *reply;
	const uint8_t *apex; /* the origin, as a suffix of the name asked */
	uint16_t type;
	bool dnssec; /* signatures and proofs are wanted */
} answer_t;

/* Adds an RRset of the node, and its signatures. False: there is none. */
bool answer_add(answer_t *a, enum sodns_section section, const sodns_node_t *n,
		const uint8_t *owner, uint16_t type);
/* NS, or SOA, of the apex into the authority section. */
void answer_ns(answer_t *a);
void answer_soa(answer_t *a);
/* Whether the node has records besides those that make the apex: an apex with only SOA and NS is
 * passed over like an empty non-terminal, as CoreDNS does. */
bool answer_has_data(const answer_t *a, const sodns_node_t *n);
/* The referral at a zone cut. */
enum sodns_zone_result answer_referral(answer_t *a, const sodns_node_t *cut, const uint8_t *owner);

/* Follows the alias to `target`, through the zone and by sodns_ask() out of it. */
enum sodns_zone_result chase_alias(answer_t *a, const uint8_t *target) SODNS_MAY_WAIT;
/* Rewrites the name asked by the DNAME of a node above it. */
enum sodns_zone_result chase_dname(answer_t *a, const sodns_node_t *n,
				   const uint8_t *owner) SODNS_MAY_WAIT;

/* Addresses of the name servers below `owner`, for a set of NS records. */
void glue_servers(answer_t *a, const sodns_rrset_t *ns);
/* Addresses of the targets in the zone that the answer's MX, SRV, SVCB and HTTPS records name. */
void glue_targets(answer_t *a);

#endif
