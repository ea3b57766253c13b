/*
 * transfer: whole zones to secondaries. What the folder's files share.
 */
#ifndef TRANSFER_TRANSFER_H
#define TRANSFER_TRANSFER_H

#include <pthread.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/wait.h>

#define TARGET_BUCKETS 256

/* A zone whose change one target has not been told yet. */
struct pending {
	struct pending *next, *next_in_bucket;
	uint8_t zone[SODNS_NAME_MAX];
};

/* An address that transfers go to, and that is told of changes by a service of its own, so that one
 * that does not answer keeps no other waiting. */
struct target {
	struct target *next;
	sodns_address_t address;
	const sodns_address_t *source; /* to send from, or NULL */
	char text[SODNS_ADDRESS_TEXT_MAX + 10];
	pthread_mutex_t lock; /* of what follows */
	struct pending *first, **last, *buckets[TARGET_BUCKETS];
	sodns_service_t *service; /* NULL: not in force */
	bool idle;                /* the service sleeps until there is something to do */
	bool silent;              /* did not answer the last time */
};

/* One directive. */
struct rule {
	struct rule *next;
	const uint8_t *const *zones;
	size_t zone_count;
	bool to_all, has_source;
	sodns_address_t source;
	struct target *targets;
};

/* An instance of this block that hands zones out. */
struct origin {
	struct origin *next;
	const sodns_transfer_ability_t *ability;
	void *self;
};

struct transfer {
	struct rule *rules, **rules_end;
	struct origin *origins, **origins_end;
};

sodns_reply_t *transfer_serve(const sodns_handler_t *h, sodns_query_t *q) SODNS_MAY_WAIT;
/* The rule with the longest zone that the name lies in, the first of several; or NULL. */
const struct rule *rule_match(const struct transfer *t, const uint8_t *name);
/* The answer to an AXFR or IXFR query that is allowed. NULL: no instance has the zone. */
sodns_reply_t *stream_zone(const struct transfer *t, sodns_query_t *q,
			   const uint32_t *since) SODNS_MAY_WAIT;

/* Sets collected for a query, until it ends. */
struct collected;
struct collected *collected_new(sodns_query_t *q);
bool collected_is_empty(const struct collected *c);
/* Copies a set; arg is a struct collected. SODNS_ENOMEM: all transfers together have collected too much. */
int collected_add(void *arg, const sodns_rrset_t *set) SODNS_MAY_WAIT;
/* Calls fn for each, in the order in which they came, until it returns other than 0; returns that. */
int collected_each(const struct collected *c, int (*fn)(void *arg, const sodns_rrset_t *set),
		   void *arg) SODNS_MAY_WAIT;

void notify_init(struct transfer *t);
/* SODNS_ABILITY_NOTIFY; from `notify_start` to `notify_stop` the targets are told. */
void notify_zone(void *self, const uint8_t *zone);
void notify_start(struct transfer *t);
void notify_stop(struct transfer *t);
/* Forgets the targets that were not told. */
void notify_free(struct transfer *t);

#endif
