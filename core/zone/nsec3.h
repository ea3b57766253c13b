/*
 * Hashed denial of existence (RFC 5155): hashes of names, and the NSEC3 records that match or cover
 * them. Which chain of a zone is used is settled when a version is made; a query reads it.
 */
#ifndef CORE_ZONE_NSEC3_H
#define CORE_ZONE_NSEC3_H

#include "zone/store.h"

/* A chain with more iterations is not used: validators treat zones with more than 50 to 150 as
 * unsigned at best (RFC 9276, 3.2), and each name that does not exist costs up to three hashes. */
#define NSEC3_ITERATIONS_MAX 500

/* Settles how a version that is about to be published proves that something is not there: by the
 * first NSEC3PARAM whose chain is complete at the apex, or else by NSEC. The zone's lock is held. */
void denial_choose(sodns_zone_t *z, zone_version_t *version);

/* The iterations of a chain of the newest version that has too many to be used, or 0. [any thread] */
unsigned denial_refused(sodns_zone_t *z);

/* Writes the hash of a lower-case name as the label that its NSEC3 record has. sodns_digest_open() has
 * returned 0, as it has for a version with a chain. */
void nsec3_label(const zone_denial_t *d, const uint8_t *name, uint8_t label[HASH_LABEL]);

/* The node of the NSEC3 record with this label, or NULL. */
const sodns_node_t *nsec3_match(const sodns_zone_t *z, const zone_version_t *version,
				const uint8_t *label);
/* The node of the NSEC3 record that covers this label, the last of the chain for labels before the
 * first; or NULL. */
const sodns_node_t *nsec3_cover(const sodns_zone_t *z, const zone_version_t *version,
				const uint8_t *label);

#endif
