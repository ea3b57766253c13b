/*
 * cache: keeps answers of the plugins behind it, and gives them again while they are good.
 *
 * A look-up costs two memory accesses that are fetched ahead for the whole batch; what it finds
 * leaves as it is kept, with id and TTLs put in on the way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>

#include "cache.h"

#define OPTION_SUBNET 8

/* Says which network it asks for, and is heard: the answer is for that network alone. */
static bool by_subnet(const struct cache *c, const sodns_query_t *q)
{
	size_t len;
	return c->by_subnet && sodns_query_option(q, OPTION_SUBNET, &len);
}

static bool serves(const struct cache *c, const sodns_query_t *q)
{
	return (c->all || sodns_query_match(q, c->zones, c->zone_count) >= 0) &&
	       sodns_query_opcode(q) == SODNS_OPCODE_QUERY && !by_subnet(c, q);
}

/* Not expired, or not for longer than serve_stale allows. */
static bool usable(const struct cache *c, const struct entry *e, uint64_t now)
{
	if (!e)
		return false;
	int64_t left = entry_left(e, now);
	return left > 0 || (c->stale_up_to && -left < (int64_t)(c->stale_up_to / SODNS_SECOND));
}

static bool is_servfail(const struct entry *e)
{
	return (entry_image(e)[3] & 15) == SODNS_SERVFAIL;
}

/* Denials come first, but a failure does not stand before an answer; with prefer_positive the last
 * good answer stands before everything. */
static struct entry *choose(const struct cache *c, const struct found *f, uint64_t now)
{
	struct entry *success = f->kind[SUCCESS], *denial = f->kind[DENIAL];
	if (c->prefer_positive && c->stale_up_to && success) {
		struct entry *good = success->answers ? success : success->last_good;
		if (usable(c, good, now))
			return good;
	}
	if (usable(c, denial, now) && !(is_servfail(denial) && usable(c, success, now)))
		return denial;
	return usable(c, success, now) ? success : NULL;
}

/* It was asked for: only the first times write to memory that all workers read. */
static void mark(struct entry *e)
{
	uint8_t f = atomic_load_explicit(&e->frequency, memory_order_relaxed);
	if (f < FREQUENCY_MAX)
		atomic_store_explicit(&e->frequency, (uint8_t)(f + 1), memory_order_relaxed);
}

static sodns_reply_t *miss(const sodns_handler_t *h, sodns_query_t *q)
{
	struct cache *c = h->self;
	sodns_reply_t *r = sodns_next(h, query_onwards(q));
	if (!is_answer(r))
		return r;
	struct assessment a = assess(c, q, r);
	return keep(c, q, r, &a, NULL);
}

static sodns_reply_t *serve_expired(const sodns_handler_t *h, sodns_query_t *q, struct entry *e)
{
	struct cache *c = h->self;
	if (c->verify) {
		sodns_reply_t *r = verify(h, q, e);
		if (r)
			return r;
	} else {
		refresh_later(h, q, e, true);
	}
	count(c, counters_of(c, q), STALE, 1);
	return entry_reply(q, e, c->stale_ttl ? c->stale_ttl : c->keepttl ? e->ttl : 0);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct cache *c = h->self;
	if (!serves(c, q))
		return sodns_next(h, q);
	struct counters *n = counters_of(c, q);
	struct key k = key_of_query(q);
	struct found f = store_find(c->store, &k);
	uint64_t now = sodns_query_received(q);
	struct entry *e = choose(c, &f, now);
	count(c, n, REQUESTS, 1);
	if (!e) {
		count(c, n, MISSES, 1);
		return miss(h, q);
	}
	count(c, n, HITS + e->kind, 1);
	mark(f.kind[e->kind]);
	int64_t left = entry_left(e, now);
	if (left <= 0)
		return serve_expired(h, q, e);
	if (c->prefetch && prefetch_due(c, e, now, left))
		refresh_later(h, q, e, false);
	return entry_reply(q, e, c->keepttl ? e->ttl : (uint32_t)left);
}

static void touch(void *self, const sodns_query_t *q, unsigned stage)
{
	const struct cache *c = self;
	store_touch(c->store, hash_of_query(q), stage);
}

static const sodns_prefetch_ability_t touches = {.size = sizeof(touches), .touch = touch};

static const void *ability(void *self, const char *id)
{
	(void)self;
	return strcmp(id, SODNS_ABILITY_PREFETCH) ? NULL : &touches;
}

static char *join(const char *const *words, size_t count, char by, char *to)
{
	size_t len = to ? strlen(to) : 0;
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(words[i]);
		if (!(to = realloc(to, len + n + 2)))
			abort();
		memcpy(to + len, words[i], n);
		len += n;
		to[len++] = by;
		to[len] = 0;
	}
	return to;
}

static char *zones_text(const struct cache *c)
{
	char *all = NULL, text[SODNS_NAME_TEXT_MAX];
	const char *word = text;
	for (size_t i = 0; i < c->zone_count; i++) {
		sodns_name_to_text(c->zones[i], text);
		all = join(&word, 1, ',', all);
	}
	if (!all)
		return strdup("");
	all[strlen(all) - 1] = 0;
	return all;
}

/* What makes this block's cache the one that a later configuration goes on with: where it serves,
 * its zones, its view. */
static void make_key(struct cache *c, sodns_prepare_t *p)
{
	size_t count;
	char number[16];
	const char *ends[] = {c->view, c->zones_text}, *const last = number;
	const char *const *words = sodns_prepare_servers(p, &count);
	c->key = join(words, count, ' ', NULL);
	words = sodns_prepare_zones(p, &count);
	c->key = join(words, count, ' ', c->key);
	c->key = join(ends, 2, ' ', c->key);
	/* Blocks of several views may be alike in all that. */
	size_t len = strlen(c->key);
	for (unsigned i = 1; sodns_bequeathed(p, c->key); i++) {
		snprintf(number, sizeof(number), "%u", i);
		c->key[len] = 0;
		c->key = join(&last, 1, ' ', c->key);
	}
}

static void note_subnet(void *arg, const sodns_instance_t *i)
{
	(void)i;
	((struct cache *)arg)->by_subnet = true;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct cache *c = self;
	sodns_prepare_each(p, SODNS_THIS_BLOCK, SODNS_ABILITY_SUBNET, note_subnet, c);
	c->zones_text = zones_text(c);
	counters_prepare(c, p);
	make_key(c, p);
	c->store = sodns_inherit(p, c->key, STORE_LAYOUT);
	if (c->store)
		return SODNS_OK;
	c->store = store_new(c->capacity, c->bytes);
	if (!c->store)
		return sodns_prepare_error(p, "no memory for %zu entries",
					   c->capacity[SUCCESS] + c->capacity[DENIAL]);
	sodns_bequeath(p, c->key, STORE_LAYOUT, c->store, store_release);
	return SODNS_OK;
}

static void start(void *self)
{
	struct cache *c = self;
	store_limit(c->store, c->capacity, c->bytes, c->stale_up_to);
	sodns_log(SODNS_LOG_DEBUG, "cache", "%zu answers, %zu denials, %zu KiB for %s",
		  c->capacity[SUCCESS], c->capacity[DENIAL], c->bytes / 1024, c->zones_text);
}

static void teardown(void *self)
{
	struct cache *c = self;
	free(c->zones_text);
	free(c->key);
	free(c->counters);
}

SODNS_PLUGIN(.name = "cache", .version = SODNS_SDK_VERSION, .setup = cache_setup,
	     .options = &cache_options, .serve_dns = serve, .prepare = prepare, .start = start,
	     .teardown = teardown, .ability = ability);
