/*
 * Asking again for what is kept: before it expires (prefetch), and when it has (serve_stale).
 */
#include <sodns/wait.h>

#include "cache.h"

/* For how long a question behind the client's back may run. */
#define PATIENCE (5 * SODNS_SECOND)

bool prefetch_due(const struct cache *c, struct entry *e, uint64_t now, int64_t left)
{
	uint64_t last = atomic_load_explicit(&e->last_hit, memory_order_relaxed);
	uint32_t hits = atomic_load_explicit(&e->hits, memory_order_relaxed);
	bool in_a_row = last && (int64_t)(now - last) <= c->prefetch_gap;
	hits = in_a_row ? hits + 1 : 1;
	atomic_store_explicit(&e->hits, hits, memory_order_relaxed);
	atomic_store_explicit(&e->last_hit, now, memory_order_relaxed);
	return hits >= c->prefetch && left <= ((int64_t)c->percentage * e->ttl + 99) / 100;
}

/* One at a time, and not before the last failure has had its rest. */
static bool begin(struct entry *e, uint64_t recheck)
{
	uint64_t after = atomic_load(&e->retry_after);
	bool no = false;
	if (recheck && after && sodns_now() < after)
		return false;
	return atomic_compare_exchange_strong(&e->refreshing, &no, true);
}

static void end(struct entry *e, uint64_t recheck, bool refreshed)
{
	atomic_store(&e->retry_after, recheck && !refreshed ? sodns_now() + recheck : 0);
	atomic_store(&e->refreshing, false);
}

struct refresh {
	const sodns_handler_t *h;
	const struct entry *of; /* not to be read: it may be gone */
	uint64_t of_stored;
	uint64_t recheck;
	uint32_t hits;
	bool stale, single, prefetch, refreshed;
	struct entry *result;
};

/* The entry that is refreshed, if it is still there. */
static struct entry *find_same(const struct found *f, const struct refresh *r)
{
	for (int k = 0; k < KINDS; k++) {
		struct entry *e = f->kind[k];
		if (e && e->last_good == r->of && r->of)
			e = e->last_good;
		if (e && e == r->of && e->stored == r->of_stored)
			return e;
	}
	return NULL;
}

static void ask_again(sodns_query_t *q, struct refresh *r)
{
	struct cache *c = r->h->self;
	sodns_query_t *onwards = query_onwards(q);
	/* No client waits for it whose packets are small. */
	sodns_query_set_protocol(onwards, SODNS_TCP);
	sodns_reply_t *reply = sodns_next(r->h, onwards);
	r->result = NULL;
	r->refreshed = !r->stale;
	if (!is_answer(reply))
		return;
	struct assessment a = assess(c, q, reply);
	bool good = refreshes(c, &a, reply);
	r->refreshed = !r->stale || good;
	/* An answer that says no is kept beside the one that is preferred. */
	bool beside = c->prefer_positive && !(sodns_reply_flags(reply) & SODNS_TC);
	if (r->refreshed || beside)
		keep(c, q, reply, &a, r->prefetch ? NULL : &r->result);
}

static void refresh(sodns_query_t *q, void *arg)
{
	struct refresh *r = arg;
	struct cache *c = r->h->self;
	if (r->prefetch)
		count(c, counters_of(c, q), PREFETCHES, 1);
	ask_again(q, r);
	struct key k = key_of_query(q);
	struct found f = store_find(c->store, &k);
	struct entry *same = find_same(&f, r),
		     *now = f.kind[DENIAL] ? f.kind[DENIAL] : f.kind[SUCCESS];
	/* The next one is as popular as this one was. */
	if (r->prefetch && r->refreshed && now) {
		atomic_store_explicit(&now->hits, r->hits, memory_order_relaxed);
		atomic_store_explicit(&now->last_hit, sodns_now(), memory_order_relaxed);
	}
	if (same && r->single)
		end(same, r->recheck, r->refreshed);
}

static struct refresh refresh_of(const sodns_handler_t *h, const struct entry *e, bool stale)
{
	const struct cache *c = h->self;
	return (struct refresh){
		.h = h,
		.of = e,
		.of_stored = e->stored,
		.recheck = stale ? c->recheck : 0,
		.hits = atomic_load_explicit(&e->hits, memory_order_relaxed),
		.stale = stale,
		.single = true,
	};
}

void refresh_later(const sodns_handler_t *h, sodns_query_t *q, struct entry *e, bool stale)
{
	struct refresh r = refresh_of(h, e, stale);
	r.prefetch = true;
	if (!begin(e, r.recheck))
		return;
	if (sodns_detach(q, refresh, &r, sizeof(r), PATIENCE))
		atomic_store(&e->refreshing, false);
}

/* Within the client's query: it waits for as long as the next plugins do. */
static sodns_reply_t *verify_here(const sodns_handler_t *h, sodns_query_t *q, bool *refreshed)
{
	struct cache *c = h->self;
	sodns_reply_t *r = sodns_next(h, query_onwards(q));
	*refreshed = false;
	if (!is_answer(r))
		return NULL;
	struct assessment a = assess(c, q, r);
	*refreshed = refreshes(c, &a, r);
	if (*refreshed)
		return keep(c, q, r, &a, NULL);
	if (c->prefer_positive && !(sodns_reply_flags(r) & SODNS_TC))
		keep(c, q, r, &a, NULL);
	return NULL;
}

/* Behind the client's back, which waits for a while. */
static sodns_reply_t *verify_beside(const sodns_handler_t *h, sodns_query_t *q, struct entry *e)
{
	struct cache *c = h->self;
	struct refresh r = refresh_of(h, e, true);
	r.single = c->recheck != 0;
	int rc = sodns_detach_wait(q, refresh, &r, sizeof(r), PATIENCE, c->verify_timeout);
	if (rc == SODNS_EBUSY || rc == SODNS_ENOMEM)
		atomic_store(&e->refreshing, false);
	if (rc || !r.refreshed || !r.result)
		return NULL;
	int64_t left = entry_left(r.result, sodns_now());
	return entry_reply(q, r.result, c->keepttl ? r.result->ttl : left > 0 ? (uint32_t)left : 0);
}

sodns_reply_t *verify(const sodns_handler_t *h, sodns_query_t *q, struct entry *e)
{
	struct cache *c = h->self;
	bool refreshed;
	if (c->recheck && !begin(e, c->recheck))
		return NULL;
	if (c->verify_timeout)
		return verify_beside(h, q, e);
	sodns_reply_t *r = verify_here(h, q, &refreshed);
	if (c->recheck)
		end(e, c->recheck, refreshed);
	return r;
}
