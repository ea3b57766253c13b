/*
 * A change to a zone while it is made. Records come mostly name by name, so one name at a time is
 * open: its RRsets are edited in a buffer and written as one state when another name's turn comes.
 *
 * Memory: a change happens whole or not at all. Once an allocation of a transaction has failed, all its
 * calls return SODNS_ENOMEM and its end takes back what was made; the version that was current stays,
 * and later transactions find the zone as it was. What has been taken out of reach but for want of
 * memory cannot be handed on to be freed stays until the zone goes (order_remove(), grace_defer()).
 */
#ifndef CORE_ZONE_TXN_H
#define CORE_ZONE_TXN_H

#include "zone/store.h"

struct sodns_txn {
	sodns_zone_t *z;
	zone_version_t *next; /* what the commit publishes */
	bool bulk;            /* the zone is new: regions, and the order is built at the end */
	bool failed;          /* out of memory on the way: a commit becomes an abort */
	/* the open name */
	sodns_node_t *open;
	bool open_hash; /* its NSEC3 records, not those of the name */
	uint8_t *buffer;
	size_t size, room;
	uint16_t sets;
	bool dirty;
	uint8_t owner[SODNS_NAME_MAX];
	size_t owner_len;
	name_labels_t labels;
	/* undo and garbage */
	struct garbage *touched;
	size_t touched_count, touched_room;
	sodns_node_t **added;
	size_t added_count, added_room;
	size_t ordered; /* of those added: they stand in the order */
	/* counts of the next version */
	size_t records, names;
};

/* Adds a record whose RDATA are well-formed; its name is open afterwards. As sodns_txn_add(). */
int txn_add(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
	    uint16_t len);
/* The serial in a SOA's RDATA. */
uint32_t txn_soa_serial(const uint8_t *rdata);

#endif
