/*
 * Where answers are kept: a hash table that the workers read without locks, in shards that are
 * changed under a lock each, with two populations, success and denial.
 *
 * An entry never changes but for a few counters. A writer that puts another one in its place, or throws it
 * out, unlinks it and retires it, so that queries that have found it can finish.
 *
 * What is thrown out is chosen by S3-FIFO (Yang et al., SOSP 2023): newcomers pass through a small
 * queue, a tenth of the whole, and only those that were asked for again there get into the main one.
 * So a scan, names that are not asked for twice, flows through the small queue and leaves the rest
 * alone. A table of fingerprints remembers which were thrown out of the small queue lately: they go
 * into the main one when they come again.
 *
 * Many server blocks have a cache that hardly anything is in: tables begin small and double.
 */
#ifndef CACHE_STORE_H
#define CACHE_STORE_H

#include <pthread.h>
#include <stdatomic.h>

#include <sodns/plugin.h>
#include <sodns/share.h>

/* To be changed with everything in this file: what an older version of the plugin kept is passed on
 * to this one as it is, where both say the same. */
#define STORE_LAYOUT 2u

#define SHARD_BITS 4u
#define SHARDS (1u << SHARD_BITS)
#define FREQUENCY_MAX 3u
#define NEVER UINT64_MAX

enum kind { SUCCESS, DENIAL, KINDS };
enum queue { SMALL, MAIN, QUEUES };

/* Bits that tell entries of one question apart. */
#define KEY_DO 1u
#define KEY_CD 2u

/* What is asked for. */
struct key {
	const uint8_t *name; /* lower case */
	uint64_t hash;
	uint16_t type, rclass;
	uint8_t name_len, bits;
};

struct store;

struct entry {
	/* what a look-up reads */
	struct entry *_Atomic next; /* in its bucket */
	uint64_t hash;
	uint64_t stored; /* sodns_now() */
	uint32_t ttl;    /* when it was stored */
	uint16_t length, ttl_count;
	uint8_t name_len, bits, kind;
	bool answers; /* it answers its question: no referral, no empty answer */
	_Atomic(uint8_t) frequency;
	/* what refreshing it needs */
	_Atomic(bool) refreshing;
	_Atomic(uint32_t) hits;        /* in a row, for prefetch */
	_Atomic(uint64_t) last_hit;    /* 0: none */
	_Atomic(uint64_t) retry_after; /* 0: at any time */
	struct entry *last_good; /* the answer that this one, which is none, took the place of */
	const char *wildcard;    /* the metadata zone/wildcard, or NULL */
	/* the store's own */
	struct store *store;
	struct entry *newer, *older; /* in its queue */
	_Atomic(unsigned) owners;    /* the table, and entries whose last_good it is */
	uint32_t size;
	uint8_t queue;
	uint16_t ttls[]; /* the image stands behind them */
};

static inline uint8_t *entry_image(const struct entry *e)
{
	return (uint8_t *)(uintptr_t)(e->ttls + e->ttl_count);
}

struct table {
	size_t mask;
	struct entry *_Atomic bucket[];
};

struct list {
	struct entry *newest, *oldest;
	size_t count;
};

/* Fingerprints of what was thrown out, each in the place that its hash says. */
struct ghosts {
	size_t mask;
	uint32_t *print; /* NULL: nothing was thrown out yet */
};

struct shard {
	_Alignas(64) sodns_shared_t table;
	pthread_mutex_t lock; /* of writers of what follows, or of the table */
	struct list queue[KINDS][QUEUES];
	struct ghosts ghosts[KINDS];
};

struct store {
	_Atomic(size_t) refs; /* generations together, and entries that are retired */
	_Atomic(size_t) capacity[KINDS], bytes_max;
	_Atomic(uint64_t) keep_dead; /* ns for which expired entries are of use */
	_Alignas(64) _Atomic(size_t) count[KINDS];
	_Atomic(size_t) bytes,
		retired; /* of what can be found; of what can't, but is not free yet */
	struct shard shard[SHARDS];
};

/* What a look-up found; NULL where there is none. Expired ones too. */
struct found {
	struct entry *kind[KINDS];
};

struct store *store_new(const size_t capacity[KINDS], size_t bytes_max);
/* Other limits, from now on; what is beyond them goes. */
void store_limit(struct store *s, const size_t capacity[KINDS], size_t bytes_max,
		 uint64_t keep_dead);
/* It is used no more. */
void store_release(void *store);

void store_touch(const struct store *s, uint64_t hash, unsigned stage);
/* Lock-free; what is found stays until the query ends. */
struct found store_find(const struct store *s, const struct key *k);

/* What a change threw out. */
struct evicted {
	struct entry *first; /* linked by `newer` */
	size_t count[KINDS];
};

/* Puts e in, in the place of one with the same key and kind; if e is a success that answers, a
 * denial goes. keep_good: an answer that e, which is none, takes the place of is kept with e.
 * The store owns e from now on: false, and e is freed, if there is no memory for it. */
bool store_put(struct store *s, struct entry *e, bool keep_good, bool drop_denial,
	       struct evicted *out);

/* Memory for an entry, NULL without; it belongs to the caller until store_put(). */
struct entry *entry_alloc(struct store *s, const sodns_image_t *image, const char *wildcard);
/* An entry that is in no store: freed when this query, and all that run, have ended. */
void entry_retire(struct entry *e);

/* evict.c: with the shard's lock held. */
void queue_add(struct shard *h, struct entry *e);
/* `by` comes to stand where e was. */
void queue_replace(struct shard *h, struct entry *e, struct entry *by);
void queue_remove(struct shard *h, struct entry *e);
/* The one that has to go next, or NULL. It stays in its queue. */
struct entry *queue_victim(struct store *s, struct shard *h, enum kind kind);
/* Notes that e was thrown out. */
void ghosts_add(struct shard *h, const struct entry *e);
/* Room for the fingerprints that `capacity` entries of the store ask for; without memory it stays. */
void ghosts_resize(struct ghosts *g, size_t capacity);

#endif
