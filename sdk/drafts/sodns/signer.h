/*
 * "sodns.signer/1": signs RRsets with the keys of a zone: for answers that are made while a query is
 * asked (a plugin behind which zones are not signed), and for zones that change (changes.h, amend).
 * Keys, their times and their roll-overs are the signer's affair; the caller says what is signed.
 */
#ifndef SODNS_SIGNER_H
#define SODNS_SIGNER_H

#include <sodns/reply.h>

#define SODNS_ABILITY_SIGNER "sodns.signer/1"

typedef struct sodns_signer_ability {
	uint32_t size;
	/* Appends the RRSIG records over `set`, one for each key that signs it now, into `out` (data from
	 * the query's arena). `zone` is the signer's name in them. The same RRset asked for by many at once
	 * is signed once; a query that comes meanwhile waits. 0, SODNS_ENOENT: the zone is none of its own,
	 * SODNS_ETIMEOUT: no signature came in time, and the answer is a SERVFAIL. [query] [may wait] */
	int (*sign)(void *self, sodns_query_t *q, const uint8_t *zone, const sodns_rrset_t *set,
		    sodns_rrset_t *out);
	/* The proof that the name has no records of the type (or is not there at all), signed, into the
	 * authority section: NSEC that covers just this name (RFC 4470), compact (RFC 9824) or NSEC3
	 * (RFC 7129), as the signer is configured. `types` are those that the name has, ascending. */
	int (*deny)(void *self, sodns_query_t *q, const uint8_t *zone, const uint16_t *types,
		    size_t count, bool exists, sodns_reply_t *r);
	/* DNSKEY, CDS, CDNSKEY of the apex, as they are published at this moment. */
	int (*apex)(void *self, sodns_query_t *q, const uint8_t *zone, uint16_t type,
		    sodns_rrset_t *out);
	/* A number that changes whenever a signature made before would be made otherwise now: part of the
	 * key of what is kept. [any thread] */
	uint64_t (*epoch)(void *self, const uint8_t *zone);
} sodns_signer_ability_t;

#endif
