/*
 * One answer being made from a zone; shared by answer.c (the walk), chase.c (aliases), denial.c (proofs)
 * and glue.c (further names).
 */
#ifndef CORE_ANSWER_ANSWER_H
#define CORE_ANSWER_ANSWER_H

#include <sodns/reply.h>

#include "zone/store.h"

typedef struct answer {
	sodns_query_t *q;
	const sodns_zone_t *zone;
	const sodns_zone_view_t *view;
	sodns_reply_t *reply;
	const uint8_t *apex; /* the origin, as a suffix of the name asked */
	const uint8_t *name; /* what is looked for: the name asked, then the targets of aliases */
	const uint8_t
		*next; /* the target that is to be looked for next; NULL: the answer is done */
	uint16_t type;
	uint8_t links; /* aliases passed */
	bool dnssec;   /* signatures and proofs are wanted */
} answer_t;

/* Adds an RRset of the node, and its signatures. False: there is none. */
bool answer_add(answer_t *a, enum sodns_section section, const sodns_node_t *n,
		const uint8_t *owner, uint16_t type);
/* NS of the apex into the authority section. */
void answer_ns(answer_t *a);
/* SOA of the apex into the authority section, with the TTL of a negative answer (RFC 2308, 3). */
void answer_soa(answer_t *a);
/* The end of an answer that has data. */
enum sodns_zone_result answer_complete(answer_t *a);
/* The name of a node, lower case, for as long as the query. */
const uint8_t *answer_name_of(answer_t *a, const sodns_node_t *n);

/* Goes on with the target of a CNAME, as it stands in RDATA; unless the chain came by there already,
 * or is too long. */
enum sodns_zone_result chase_alias(answer_t *a, const uint8_t *target);
/* Rewrites the name that is looked for by the DNAME of a node above it. */
enum sodns_zone_result chase_dname(answer_t *a, const sodns_node_t *n, const uint8_t *owner);
/* Asks for what the zone does not have, from routing on. The reply's answer becomes part of this one,
 * and its rcode this one's (RFC 6604, 3). `inside`: the name is one of the zone. */
enum sodns_zone_result chase_out(answer_t *a, bool inside) SODNS_MAY_WAIT;

/* Proofs that something is not there, into the authority section: RFC 4035, 3.1.3, and RFC 5155, 7.2.
 * Nothing is added if the client wants none or the zone has none. False: where a zone leaves
 * delegations out of its chain (opt-out) there is no proof, and the negative answer must have no
 * signatures.
 *
 * The delegation has no DS. */
void deny_ds(answer_t *a, const sodns_node_t *cut, const uint8_t *name);
/* The name that is looked for exists, but has no such type. */
bool deny_type(answer_t *a, const sodns_node_t *n);
/* The name does not exist, and no wildcard stands for it. */
bool deny_name(answer_t *a, const sodns_zone_match_t *m);
/* The wildcard was right to answer: no name is closer. */
void deny_closer(answer_t *a, const sodns_zone_match_t *m);
/* The wildcard that stands for the name has no such type. */
bool deny_wildcard_type(answer_t *a, const sodns_zone_match_t *m);

/* Addresses of the name servers below `owner`, for a set of NS records. */
void glue_servers(answer_t *a, const sodns_rrset_t *ns);
/* Addresses of the targets in the zone that the answer's MX, SRV, SVCB and HTTPS records name. */
void glue_targets(answer_t *a);

#endif
