/*
 * The zone store inside. A zone is one set of nodes, one for each name (and for each empty
 * non-terminal on the way to one), found by three ways that share them:
 *
 *	table    a flat hash of full-name hashes: the way of a query. One probe, then the node;
 *	parent   a pointer in the node: proves the name label by label, and passes the zone cuts;
 *	order    a B+tree of node pointers in canonical order: NSEC proofs, transfers.
 *
 * NSEC3 records and their signatures stand in nodes of their own, below a second top beside the apex:
 * a hash is no name of the zone (RFC 5155, 7.2.8). They share the table, and have an order of their own.
 *
 * What a name has is a chain of states, newest first, each valid from a version on. A reader takes
 * the newest that is not newer than its version; so table and order need no versions of their own:
 * they hold every node that any reader can need, and a node leaves them only when the last version
 * that had it has no readers.
 *
 * A first load takes its memory from regions (chunks that double); what later
 * transactions make comes from malloc, so that it can go one by one. A zone of a dozen records, of which
 * there may be many thousands, has all it has in some 2 KB.
 */
#ifndef CORE_ZONE_STORE_H
#define CORE_ZONE_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include <sodns/zone.h>

#include "message/query.h"

/* One RRset of a state; its data follow, then padding to 4 bytes. */
typedef struct zone_set {
	uint16_t type, covers;
	uint32_t ttl;
	uint32_t len;
	uint16_t count, unused;
	uint8_t data[];
} zone_set_t;

enum {
	STATE_HEAP = 1,   /* from malloc */
	STATE_ABSENT = 2, /* the name is not there from this version on */
	STATE_NS = 4,
	STATE_DNAME = 8,
};

typedef struct zone_state {
	struct zone_state *_Atomic before;
	uint64_t since; /* the first version that has it */
	uint32_t size;  /* bytes of sets that follow */
	uint16_t sets;
	uint16_t flags;
	_Alignas(4) uint8_t bytes[];
} zone_state_t;

struct sodns_node {
	struct sodns_node *parent; /* NULL: the apex */
	zone_state_t *_Atomic state;
	uint32_t children; /* names directly below that are there; the writer's */
	uint32_t hash;     /* high half of the name's hash: the place in the table */
	uint16_t tag;      /* low 16 bits */
	bool heap;
	uint8_t label[]; /* with its length byte; the apex has none */
};

/* The hash: a slot is a node pointer in the high 48 bits and the tag in the low 16. */
typedef struct zone_table {
	uint32_t size, used, deleted;
	_Alignas(64) _Atomic(uint64_t) slot[];
} zone_table_t;
#define SLOT_EMPTY 0u
#define SLOT_DELETED 1u

/* How a version proves that something is not there. */
enum denial { DENIAL_NONE, DENIAL_NSEC, DENIAL_NSEC3 };

/* A label made of a hash of SHA-1: its length byte and base32hex. */
#define HASH_LABEL 33

/* The chain of NSEC3 records that a version answers from (RFC 5155, 7.1). */
typedef struct zone_denial {
	enum denial kind;
	uint16_t iterations;
	uint16_t refused; /* iterations of a chain that has too many of them */
	uint8_t salt_len;
	/* Of NSEC3 alone, from here on. */
	uint8_t salt[255];
	/* of the apex, and of the wildcard below it: most names that do not exist ask for them */
	uint8_t apex[HASH_LABEL], star[HASH_LABEL];
} zone_denial_t;

struct garbage {
	sodns_node_t *node;
	zone_state_t *newer; /* the state that replaced what is garbage */
};

typedef struct zone_version {
	uint64_t number;
	_Atomic(uint32_t) pins; /* queries put aside that see it */
	_Atomic(bool) graced;   /* every worker has passed a batch boundary since it was replaced */
	struct sodns_zone *zone;
	struct zone_version *newer;
	struct garbage *garbage; /* what the next version replaced */
	size_t garbage_count;
	bool sorted; /* the garbage, by node */
	size_t records, names;
	uint32_t serial;
	bool has_soa;
	zone_denial_t denial; /* without NSEC3 the memory ends before its salt */
} zone_version_t;
#define VERSION_SHORT offsetof(zone_version_t, denial.salt)

struct region_chunk;
struct order_node;

struct sodns_zone {
	pthread_mutex_t lock; /* writers */
	_Atomic(uint32_t) refs;
	zone_table_t *_Atomic table;
	struct order_node *_Atomic order, *_Atomic hash_order; /* NULL: nothing is in it */
	zone_version_t *_Atomic current;
	zone_version_t *oldest;
	sodns_node_t *apex, *hashes; /* the tops: of names, of NSEC3 records */
	struct region_chunk *region;
	size_t heap_objects; /* states and nodes from malloc */
	uint64_t origin_hash;
	uint8_t origin_labels, origin_len;
	uint8_t origin[];
};

struct sodns_zone_view {
	const sodns_zone_t *zone;
	zone_version_t *version;
	const sodns_query_t *q;
	bool pinned;
	struct query_view *next;
};

/* Memory for a first load: never freed one by one. */
void *region_alloc(sodns_zone_t *z, size_t size, size_t align);
void region_free_all(sodns_zone_t *z);

/* The node with this hash, label and parent, in any version; NULL: there is none. */
sodns_node_t *table_child(const sodns_zone_t *z, const sodns_node_t *parent, uint64_t hash,
			  const uint8_t *label);
/* The node of a name by its labels from `first` on; proves the whole name. */
sodns_node_t *table_find(const sodns_zone_t *z, const uint8_t *name, const name_labels_t *l,
			 unsigned first);
/* Writer: room for `more` nodes; inserts; takes out. */
int table_reserve(sodns_zone_t *z, size_t more);
void table_insert(sodns_zone_t *z, sodns_node_t *n);
void table_remove(sodns_zone_t *z, sodns_node_t *n);
void table_free(zone_table_t *t);
void table_prefetch(const sodns_zone_t *z, uint64_t hash, unsigned stage);

/* The state of a node that a version sees, NULL if the name is not there. */
static inline const zone_state_t *state_at(const sodns_node_t *n, uint64_t version)
{
	const zone_state_t *s = atomic_load_explicit(&n->state, memory_order_acquire);
	while (s && s->since > version)
		s = atomic_load_explicit(&s->before, memory_order_acquire);
	return s && !(s->flags & STATE_ABSENT) ? s : NULL;
}

static inline const zone_set_t *set_after(const zone_set_t *s)
{
	return (const zone_set_t *)(const void *)(s->data + ((s->len + 3) & ~3u));
}

/* Nodes in canonical order. Writers: build the order of what is below a top, and the top; insert;
 * remove. SODNS_ENOMEM: nothing has changed. */
int order_build(sodns_zone_t *z, sodns_node_t *top, sodns_node_t **added, size_t count);
int order_insert(sodns_zone_t *z, sodns_node_t *n);
int order_remove(sodns_zone_t *z, sodns_node_t *n);
void order_free(sodns_zone_t *z);
/* Takes both orders out of reach, as if they had never been built. */
void order_forget(sodns_zone_t *z);
/* The last node before name (or equal, if `equal`), the first after it; in any version. */
sodns_node_t *order_before(const sodns_zone_t *z, const uint8_t *name, bool equal);
sodns_node_t *order_after(const sodns_zone_t *z, const uint8_t *name);
/* The last hash before name (or equal); NULL: the first one is behind it. The last of all. */
sodns_node_t *order_hash_before(const sodns_zone_t *z, const uint8_t *name, bool equal);
sodns_node_t *order_last_hash(const sodns_zone_t *z);
/* Several nodes in a row after name, at most `room` of them: names, or hashes. 0: there are none. */
size_t order_run(const sodns_zone_t *z, bool hashes, const uint8_t *name, sodns_node_t **out,
		 size_t room);

/* A version that is no longer current has lost a pin or has been graced: collects what is not seen.
 */
void zone_collect(sodns_zone_t *z);
void zone_collect_locked(sodns_zone_t *z);
void zone_unref(sodns_zone_t *z);

#endif
