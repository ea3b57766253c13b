/*
 * State that queries share. The contract: *what a query could reach when it began stays valid until
 * it ends.* A writer builds the new thing aside, publishes it by one pointer store, and retires the
 * old one; readers take no lock.
 *
 *	void *old = sodns_publish(&self->table, new_table);      // writer, under its own lock
 *	sodns_retire(old, table_free);
 *	const struct table *t = sodns_reach(&self->table);       // query
 *
 * And what outlives a reload: an object that an instance gives out under a key is found by the next
 * generation's instance of the same plugin, as long as both give the same number for its layout.
 */
#ifndef SODNS_SHARE_H
#define SODNS_SHARE_H

#include <sodns/abi.h>

typedef struct sodns_shared {
	void *current; /* only by the functions below */
} sodns_shared_t;

/* Stores a pointer for readers to find; returns the one that was there. [any thread] */
SODNS_API void *sodns_publish(sodns_shared_t *s, void *p);
/* The pointer last published. Within a query it stays valid until the query ends. [any thread] */
SODNS_API void *sodns_reach(const sodns_shared_t *s);
/* Calls fn(p) when every query that could have reached p has ended. Runs on a service thread. p
 * NULL: does nothing. [any thread] */
SODNS_API void sodns_retire(void *p, void (*fn)(void *p));

/* The object that the running generation's instances of this plugin keep under `key`, or NULL if
 * there is none or its layout is another (then one line is logged). Counted: it is released after
 * teardown of the last generation that found or gave it. It must be safe for both generations at
 * once. [prepare] */
SODNS_API void *sodns_inherit(sodns_prepare_t *p, const char *key, uint32_t layout);
/* Whether an instance of this plugin has inherited or given something under `key` in this configuration
 * already: two instances that would have the same key tell themselves apart by a number. [prepare] */
SODNS_API bool sodns_bequeathed(sodns_prepare_t *p, const char *key);
/* Gives an object out under `key` for later generations; release(object) is called when the last
 * one that has it is gone. Replaces what this generation gave under the same key. [prepare] */
SODNS_API void sodns_bequeath(sodns_prepare_t *p, const char *key, uint32_t layout, void *object,
			      void (*release)(void *object));

/* The number of workers, and the calling worker's (0 …), -1 on other threads: for state held per
 * worker. */
SODNS_API unsigned sodns_workers(void);
SODNS_API int sodns_worker(void);

#endif
