/*
 * What the files of cache share: the directive's settings, what an answer is worth, counters.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <sodns/metrics.h>

#include "store.h"

enum counter {
	REQUESTS,
	MISSES,
	PREFETCHES,
	DROPS,
	STALE,
	NO_ROOM,
	BYTES,
	BY_KIND, /* from here on one for each kind */
	HITS = BY_KIND,
	ENTRIES = HITS + KINDS,
	EVICTIONS = ENTRIES + KINDS,
	COUNTERS = EVICTIONS + KINDS
};

/* Of one server. Made when first counted, as a metric that was never counted is not shown. */
struct counters {
	const char *server;
	_Atomic(sodns_metric_t *) metric[COUNTERS];
};

struct cache {
	const uint8_t *const *zones;
	size_t zone_count;
	bool all;       /* zones are the server block's */
	bool by_subnet; /* a plugin behind it answers by what clients say of their network */

	size_t capacity[KINDS], bytes;
	uint32_t ttl_max[KINDS], ttl_min[KINDS];
	uint64_t fail_ttl; /* ns */
	const uint8_t *const *except[KINDS];
	size_t except_count[KINDS];

	uint32_t prefetch, percentage; /* prefetch 0: off */
	int64_t prefetch_gap;          /* ns */
	uint64_t stale_up_to;          /* ns; 0: never */
	bool serves_stale, verify, prefer_positive, keepttl;
	uint64_t response_ttl; /* ns; stale_ttl as it is written */
	struct {
		enum kind kind;
		const uint8_t *const *zones;
		size_t zone_count;
	} disabled;                       /* the last line of `disable` */
	uint64_t verify_timeout, recheck; /* ns */
	uint32_t stale_ttl;

	struct store *store;
	char *zones_text, *key;
	const char *view;
	struct counters *counters;
	size_t counter_count;
};

/* setup.c */
int cache_setup(sodns_setup_t *s);
extern const sodns_options_t cache_options;

/* classify.c: what an answer is. */
enum answer_type {
	NO_ERROR,
	NAME_ERROR,
	SERVER_ERROR, /* SERVFAIL, NOTIMP */
	NO_DATA,
	DELEGATION,
	META, /* a transfer: left alone */
	OTHER_ERROR
};
struct assessment {
	enum answer_type plain; /* by rcode and sections */
	enum answer_type type;  /* the same, but NO_DATA where an alias leads nowhere */
	bool answers;           /* there is a record of the type asked at the end of the aliases */
	bool cacheable;
	enum kind kind;
	uint64_t duration; /* ns for which it is good */
};
/* r is an answer. An image of records that all are what was asked for stays one; any other is opened. */
struct assessment assess(const struct cache *c, sodns_query_t *q, sodns_reply_t *r);
/* Whether it may take the place of an expired answer (RFC 8767, 4). */
bool refreshes(const struct cache *c, const struct assessment *a, const sodns_reply_t *r);

/* entry.c */
struct key key_of_query(const sodns_query_t *q);
uint64_t hash_of_query(const sodns_query_t *q);
/* Seconds that are left; negative: since how many it has expired. */
int64_t entry_left(const struct entry *e, uint64_t now);
/* The answer out of e, with this TTL everywhere. */
sodns_reply_t *entry_reply(sodns_query_t *q, struct entry *e, uint32_t ttl);
/* Makes of what the next plugin replied what the client gets, and keeps it if it is worth that. With
 * `result` an entry is made in any case, and that is where it goes: NULL if there is no memory. */
sodns_reply_t *keep(struct cache *c, sodns_query_t *q, sodns_reply_t *r, const struct assessment *a,
		    struct entry **result);
/* q as the next plugin gets it: with AD, so that validation shows. */
sodns_query_t *query_onwards(sodns_query_t *q);
/* Whether the reply says something: it is records, or an image of them. */
bool is_answer(const sodns_reply_t *r);

/* refresh.c */
/* Counts a hit; whether the entry is popular and about to expire. */
bool prefetch_due(const struct cache *c, struct entry *e, uint64_t now, int64_t left);
/* Asks again behind the client's back, unless that is done already. */
void refresh_later(const sodns_handler_t *h, sodns_query_t *q, struct entry *e, bool stale);
/* Asks again before an expired entry is served: a reply, or NULL: serve it. */
sodns_reply_t *verify(const sodns_handler_t *h, sodns_query_t *q, struct entry *e) SODNS_MAY_WAIT;

/* metrics.c */
void counters_prepare(struct cache *c, sodns_prepare_t *p);
struct counters *counters_of(const struct cache *c, const sodns_query_t *q);
sodns_metric_t *counter_make(const struct cache *c, struct counters *n, unsigned which);
static inline void count(const struct cache *c, struct counters *n, unsigned which, uint64_t by)
{
	sodns_metric_t *m = atomic_load_explicit(&n->metric[which], memory_order_acquire);
	if (__builtin_expect(!m, 0))
		m = counter_make(c, n, which);
	sodns_metric_add(m, by);
}
/* The gauges, after a change. */
void gauges_set(const struct cache *c, struct counters *n);

#endif
