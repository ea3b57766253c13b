/*
 * The zone store: names and RRsets in memory, for everything that serves records from there.
 *
 * A zone is filled in transactions. Readers see one version of a zone throughout a query, without
 * locks; a commit makes the next version visible at once and whole. The first load of a big zone is
 * built in bulk by the same calls. Names and RRsets are lower case and in wire form, ready to be
 * copied into a message.
 *
 * Reading begins with sodns_zone_view(), whose result belongs to the query. sodns_zone_find() walks
 * from the apex towards the name and tells everything that RFC 1034, 4.3.2, RFC 4592 and RFC 6672
 * ask on the way; a plugin chooses what to do with it.
 */
#ifndef SODNS_ZONE_H
#define SODNS_ZONE_H

#include <sodns/name.h>
#include <sodns/query.h>
#include <sodns/reply.h>

typedef struct sodns_txn sodns_txn_t;
typedef struct sodns_zone_view sodns_zone_view_t;
typedef struct sodns_node sodns_node_t;

/* An empty zone; NULL: no memory. origin is copied. Freed by sodns_zone_free() (at once; use sodns_retire
 * for one that queries may see). [any thread] */
SODNS_API sodns_zone_t *sodns_zone_new(const uint8_t *origin);
SODNS_API void sodns_zone_free(void *zone);
SODNS_API const uint8_t *sodns_zone_origin(const sodns_zone_t *z);

/* Begins a change. One writer at a time: a second one waits on the zone's lock. NULL: no memory.
 * [any thread], not
 * in a query */
SODNS_API sodns_txn_t *sodns_zone_begin(sodns_zone_t *z);
/* Adds a record; a record that is there already, letter case in its names aside, is not added again;
 * the RRset takes the TTL of the record added first. owner must be lower case and in the zone, rdata
 * well-formed for the type: SODNS_EINVAL otherwise. */
SODNS_API int sodns_txn_add(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint32_t ttl,
			    const uint8_t *rdata, uint16_t len);
/* Replaces an RRset whole; count 0 removes it. data as in sodns_rrset_t; checked as
 * sodns_txn_add() does. */
SODNS_API int sodns_txn_set(sodns_txn_t *t, const uint8_t *owner, uint16_t type, uint32_t ttl,
			    const uint8_t *data, uint32_t data_len, uint16_t count);
/* Removes one record, or with type SODNS_TYPE_ANY and rdata NULL the whole name. SODNS_ENOENT: not
 * there. */
SODNS_API int sodns_txn_remove(sodns_txn_t *t, const uint8_t *owner, uint16_t type,
			       const uint8_t *rdata, uint16_t len);
/* Makes the change visible, or forgets it; either ends the transaction. A change happens whole or not at
 * all: once there was no memory for a part of it, every call of the transaction says SODNS_ENOMEM, and
 * so does its end, which has forgotten it then; the version that was there is served on. */
SODNS_API int sodns_txn_commit(sodns_txn_t *t);
SODNS_API void sodns_txn_abort(sodns_txn_t *t);
/* Reads a master file (RFC 1035, 5) into the transaction: $INCLUDE, $GENERATE, $TTL, $ORIGIN. 0, or
 * a negative value with the reason, file and line in err. Records outside of the zone are left out.
 * *files, unless NULL, is set to the number of files that were read. */
SODNS_API int sodns_txn_load_file(sodns_txn_t *t, const char *path, unsigned *files, char *err,
				  size_t err_size);
/* The serial of the first SOA in a master file. 0, SODNS_ENOENT if it has none, or SODNS_EINVAL
 * with the reason in err. Blocks. [any thread] */
SODNS_API int sodns_zone_file_serial(const char *path, const uint8_t *origin, uint32_t *serial,
				     char *err, size_t err_size);

/* Records and names of the newest version. [any thread] */
SODNS_API size_t sodns_zone_records(const sodns_zone_t *z);
SODNS_API size_t sodns_zone_names(const sodns_zone_t *z);
/* The SOA's serial of the newest version; false without a SOA. [any thread] */
SODNS_API bool sodns_zone_serial(const sodns_zone_t *z, uint32_t *serial);

/* The version that this query sees, the same one at each call; until the query ends. [query] */
SODNS_API const sodns_zone_view_t *sodns_zone_view(sodns_query_t *q, const sodns_zone_t *z);

typedef struct sodns_zone_match {
	const sodns_node_t *node;     /* the name itself (perhaps an empty non-terminal), or NULL */
	const sodns_node_t *encloser; /* closest encloser: the longest existing ancestor-or-self */
	const sodns_node_t
		*cut; /* the topmost name below the apex, on the way or the name itself, with NS */
	const sodns_node_t *dname; /* the topmost name above the name asked with a DNAME */
	const sodns_node_t
		*wildcard; /* "*" below the closest encloser if node is NULL and it exists */
	uint8_t encloser_labels, cut_labels, dname_labels; /* how many labels their names have */
	const void *reserved[2];
} sodns_zone_match_t;
/* Walks to `name`, lower case, in the zone. Returns false if the name is outside of the zone.
 * [query] */
SODNS_API bool sodns_zone_find(const sodns_zone_view_t *v, const uint8_t *name,
			       sodns_zone_match_t *m);
/* The apex. */
SODNS_API const sodns_node_t *sodns_zone_apex(const sodns_zone_view_t *v);
/* An RRset of a node; `owner` goes into it as given. For RRSIG: the signatures over `covers`.
 * False: none. */
SODNS_API bool sodns_node_set(const sodns_zone_view_t *v, const sodns_node_t *n,
			      const uint8_t *owner, uint16_t type, uint16_t covers,
			      sodns_rrset_t *out);
/* All RRsets of a node, in turn: *at begins with 0. False at the end. */
SODNS_API bool sodns_node_next(const sodns_zone_view_t *v, const sodns_node_t *n,
			       const uint8_t *owner, unsigned *at, sodns_rrset_t *out);
/* Whether the node has records of its own in this version (an empty non-terminal has none). */
SODNS_API bool sodns_node_has_records(const sodns_zone_view_t *v, const sodns_node_t *n);
/* The full name of a node, written to out. Returns its length. */
SODNS_API size_t sodns_node_name(const sodns_node_t *n, uint8_t out[SODNS_NAME_MAX]);
/* The last name with records before `name` in canonical order (RFC 4034, 6.1), or NULL. */
SODNS_API const sodns_node_t *sodns_zone_previous(const sodns_zone_view_t *v, const uint8_t *name);
/* The first name with records after `name` (NULL: the apex), in canonical order, or NULL at the
 * end. */
SODNS_API const sodns_node_t *sodns_zone_following(const sodns_zone_view_t *v, const uint8_t *name);

/* Calls fn(arg, set) for every RRset of the zone: the apex first and there the SOA, then name by name
 * in canonical order. Stops when fn returns other than 0, and returns that. fn may wait: the version
 * is the query's. set->owner lives until fn returns. [query] */
SODNS_API int sodns_zone_walk(const sodns_zone_view_t *v,
			      int (*fn)(void *arg, const sodns_rrset_t *set), void *arg);
/* What a plugin that serves the zone does for SODNS_ABILITY_TRANSFER: everything, or the SOA alone for
 * that `since` shows to be up to date. SODNS_EINVAL: the zone has no SOA. [query] [may wait] */
SODNS_API int sodns_zone_transfer(sodns_query_t *q, const sodns_zone_t *z, const uint32_t *since,
				  int (*emit)(void *arg, const sodns_rrset_t *set),
				  void *arg) SODNS_MAY_WAIT;

/* The authoritative answer to q from the zone that its name lies in: RFC 1034, 4.3.2, with
 * wildcards, DNAME, and the proofs of zones signed with NSEC or NSEC3. Aliases that leave the zone,
 * or point to a name that it does not have, are followed by sodns_ask(). *result says how it went; a plugin that falls through does so when there
 * is no answer record. [query] [may wait] */
enum sodns_zone_result {
	SODNS_ZONE_SUCCESS, /* the answer; or an empty non-terminal, or an apex with SOA and NS alone */
	SODNS_ZONE_NODATA,
	SODNS_ZONE_NXDOMAIN,
	SODNS_ZONE_REFERRAL, /* perhaps behind aliases */
	SODNS_ZONE_FAILURE,  /* SERVFAIL: no SOA, or an alias could not be followed */
};
SODNS_API sodns_reply_t *sodns_zone_answer(sodns_query_t *q, const sodns_zone_t *z,
					   enum sodns_zone_result *result) SODNS_MAY_WAIT;

/* Hints for a batch of queries: begin fetching what sodns_zone_find() will need into the
 * processor's cache. Stage 0 first for all queries of the batch, then stage 1. [query] */
SODNS_API void sodns_zone_prefetch(const sodns_zone_t *z, const sodns_query_t *q, unsigned stage);

#endif
