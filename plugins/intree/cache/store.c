/*
 * The table (store.h).
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

/* What malloc takes beside what it was asked for, about. */
#define MALLOC_OVERHEAD 16u
/* Entries that go while a shard is locked once. */
#define EVICT_SLICE 64u

static struct shard *shard_of(const struct store *s, uint64_t hash)
{
	return (struct shard *)(uintptr_t)&s->shard[hash >> (64 - SHARD_BITS)];
}

/* Of an empty shard. */
#define BUCKETS_FIRST 4u

static size_t buckets_for(size_t entries)
{
	size_t buckets = BUCKETS_FIRST;
	while (buckets < entries / SHARDS)
		buckets *= 2;
	return buckets;
}

static struct table *table_new(size_t buckets)
{
	struct table *t = calloc(1, sizeof(*t) + buckets * sizeof(t->bucket[0]));
	if (t)
		t->mask = buckets - 1;
	return t;
}

static void set_limits(struct store *s, const size_t capacity[KINDS], size_t bytes_max)
{
	for (int k = 0; k < KINDS; k++)
		atomic_store(&s->capacity[k], capacity[k]);
	atomic_store(&s->bytes_max, bytes_max);
}

struct store *store_new(const size_t capacity[KINDS], size_t bytes_max)
{
	struct store *s = aligned_alloc(64, (sizeof(*s) + 63) & ~(size_t)63);
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	atomic_store(&s->refs, 1);
	set_limits(s, capacity, bytes_max);
	bool whole = true;
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *h = &s->shard[i];
		struct table *t = table_new(BUCKETS_FIRST);
		pthread_mutex_init(&h->lock, NULL);
		sodns_publish(&h->table, t);
		whole = whole && t;
		for (int k = 0; k < KINDS; k++)
			ghosts_resize(&h->ghosts[k], capacity[k]);
	}
	if (whole)
		return s;
	store_release(s);
	return NULL;
}

static void release(struct store *s)
{
	if (atomic_fetch_sub(&s->refs, 1) == 1)
		free(s);
}

static void entry_drop(struct entry *e);

static void entry_free(struct entry *e)
{
	if (e->last_good)
		entry_drop(e->last_good);
	free(e);
}

/* One owner less. The last one to let go of an answer that was kept does so when no reader can reach
 * it any more. */
static void entry_drop(struct entry *e)
{
	if (atomic_fetch_sub(&e->owners, 1) == 1)
		entry_free(e);
}

void store_release(void *store)
{
	struct store *s = store;
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *h = &s->shard[i];
		struct table *t = sodns_publish(&h->table, NULL);
		for (size_t b = 0; t && b <= t->mask; b++)
			for (struct entry *e = t->bucket[b], *next; e; e = next) {
				next = e->next;
				entry_drop(e);
			}
		free(t);
		free(h->ghosts[SUCCESS].print);
		free(h->ghosts[DENIAL].print);
		pthread_mutex_destroy(&h->lock);
	}
	release(s);
}

static void free_retired(void *entry)
{
	struct entry *e = entry;
	struct store *s = e->store;
	atomic_fetch_sub(&s->retired, e->size);
	entry_free(e);
	release(s);
}

void entry_retire(struct entry *e)
{
	atomic_fetch_add(&e->store->refs, 1);
	atomic_fetch_add(&e->store->retired, e->size);
	sodns_retire(e, free_retired);
}

struct entry *entry_alloc(struct store *s, const sodns_image_t *image, const char *wildcard)
{
	size_t ttls = image->ttl_count * sizeof(uint16_t),
	       text = wildcard ? strlen(wildcard) + 1 : 0;
	size_t size = sizeof(struct entry) + ttls + image->length + text;
	struct entry *e = malloc(size);
	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->store = s;
	e->size = (uint32_t)(size + MALLOC_OVERHEAD);
	e->length = (uint16_t)image->length;
	e->ttl_count = (uint16_t)image->ttl_count;
	atomic_store(&e->owners, 1);
	memcpy(e->ttls, image->ttls, ttls);
	memcpy(entry_image(e), image->message, image->length);
	if (wildcard)
		e->wildcard = memcpy(entry_image(e) + e->length, wildcard, text);
	return e;
}

void store_touch(const struct store *s, uint64_t hash, unsigned stage)
{
	const struct table *t = sodns_reach(&shard_of(s, hash)->table);
	const struct entry *_Atomic const *bucket =
		(const struct entry *_Atomic const *)&t->bucket[hash & t->mask];
	if (!stage) {
		__builtin_prefetch(bucket);
		return;
	}
	const struct entry *e = atomic_load_explicit(bucket, memory_order_acquire);
	if (!e)
		return;
	__builtin_prefetch(e);
	__builtin_prefetch((const char *)e + 64);
	__builtin_prefetch((const char *)e + 128);
	__builtin_prefetch((const char *)e + 192);
}

static bool is(const struct entry *e, const struct key *k)
{
	const uint8_t *question = entry_image(e) + 12, *end = question + k->name_len;
	return e->hash == k->hash && e->bits == k->bits && e->name_len == k->name_len &&
	       !memcmp(question, k->name, k->name_len) && (end[0] << 8 | end[1]) == k->type &&
	       (end[2] << 8 | end[3]) == k->rclass;
}

struct found store_find(const struct store *s, const struct key *k)
{
	struct found f = {{NULL}};
	const struct table *t = sodns_reach(&shard_of(s, k->hash)->table);
	struct entry *e = atomic_load_explicit(&t->bucket[k->hash & t->mask], memory_order_acquire);
	for (; e; e = atomic_load_explicit(&e->next, memory_order_acquire))
		if (e->hash == k->hash && is(e, k))
			f.kind[e->kind] = e;
	return f;
}

static struct key key_of(const struct entry *e)
{
	const uint8_t *name = entry_image(e) + 12, *end = name + e->name_len;
	return (struct key){.name = name,
			    .hash = e->hash,
			    .type = (uint16_t)(end[0] << 8 | end[1]),
			    .rclass = (uint16_t)(end[2] << 8 | end[3]),
			    .name_len = e->name_len,
			    .bits = e->bits};
}

/* Takes e out of reach; what is in its queue is the caller's matter. */
static void take_out(struct store *s, struct shard *h, struct entry *e, struct evicted *out)
{
	struct table *t = sodns_reach(&h->table);
	struct entry *_Atomic *at = &t->bucket[e->hash & t->mask];
	while (*at != e)
		at = &(*at)->next;
	atomic_store_explicit(at, e->next, memory_order_release);
	atomic_fetch_sub(&s->count[e->kind], 1);
	atomic_fetch_sub(&s->bytes, e->size);
	e->newer = out->first;
	out->first = e;
}

static bool evict_one(struct store *s, struct shard *h, enum kind kind, struct evicted *out)
{
	struct entry *e = queue_victim(s, h, kind);
	if (!e)
		return false;
	queue_remove(h, e);
	ghosts_add(h, e);
	take_out(s, h, e, out);
	out->count[kind]++;
	return true;
}

static bool too_many(const struct store *s, enum kind kind, size_t more)
{
	return atomic_load(&s->count[kind]) + more > atomic_load(&s->capacity[kind]);
}

static bool too_big(const struct store *s, size_t more)
{
	return atomic_load(&s->bytes) + more > atomic_load(&s->bytes_max);
}

/* Makes room for `more` bytes of an entry of this kind (0: of none). The shards are equal by their
 * hash, so that each throws out its own. */
static void make_room(struct store *s, struct shard *h, enum kind kind, size_t more,
		      struct evicted *out)
{
	while (too_many(s, kind, more != 0) && evict_one(s, h, kind, out))
		;
	while (too_big(s, more) &&
	       (evict_one(s, h, kind, out) || evict_one(s, h, kind == SUCCESS, out)))
		;
}

static void retire_all(struct entry *e)
{
	for (struct entry *next; e; e = next) {
		next = e->newer;
		/* An answer that another entry has taken along stays. */
		if (atomic_fetch_sub(&e->owners, 1) == 1)
			entry_retire(e);
	}
}

static void keep_last_good(struct entry *e, struct entry *before)
{
	struct entry *good = before->answers ? before : before->last_good;
	if (!good)
		return;
	atomic_fetch_add(&good->owners, 1);
	e->last_good = good;
	e->size += good->size;
}

/* Another number of buckets, under the lock. A look-up that runs meanwhile may step from one bucket into
 * another and miss: it asks further down the chain then. */
static void resize(struct shard *h, size_t buckets)
{
	struct table *old = sodns_reach(&h->table), *t = table_new(buckets);
	if (!t)
		return;
	for (size_t b = 0; b <= old->mask; b++)
		for (struct entry *e = old->bucket[b], *next; e; e = next) {
			struct entry *_Atomic *bucket = &t->bucket[e->hash & t->mask];
			next = e->next;
			atomic_store_explicit(&e->next, *bucket, memory_order_release);
			atomic_store_explicit(bucket, e, memory_order_release);
		}
	sodns_publish(&h->table, t);
	sodns_retire(old, free);
}

/* A bucket for each entry, about: doubles, so that each entry is moved once or twice. */
static void grow(struct shard *h)
{
	const struct table *t = sodns_reach(&h->table);
	size_t entries = 1;
	for (int k = 0; k < KINDS; k++)
		entries += h->queue[k][SMALL].count + h->queue[k][MAIN].count;
	if (entries > t->mask + 1)
		resize(h, 2 * (t->mask + 1));
}

static void link_entry(struct store *s, struct shard *h, struct entry *e)
{
	struct table *t = sodns_reach(&h->table);
	struct entry *_Atomic *bucket = &t->bucket[e->hash & t->mask];
	atomic_store_explicit(&e->next, *bucket, memory_order_relaxed);
	atomic_store_explicit(bucket, e, memory_order_release);
	atomic_fetch_add(&s->count[e->kind], 1);
	atomic_fetch_add(&s->bytes, e->size);
}

bool store_put(struct store *s, struct entry *e, bool keep_good, bool drop_denial,
	       struct evicted *out)
{
	size_t bytes_max = atomic_load(&s->bytes_max);
	*out = (struct evicted){0};
	/* While queries wait long, what was thrown out stays; that has its limit, too. */
	if (e->size > bytes_max / 8 || atomic_load(&s->retired) > bytes_max / 4) {
		entry_free(e);
		return false;
	}
	struct shard *h = shard_of(s, e->hash);
	const struct key key = key_of(e);
	pthread_mutex_lock(&h->lock);
	struct found f = store_find(s, &key);
	struct entry *before = f.kind[e->kind];
	if (drop_denial && f.kind[DENIAL] && e->kind == SUCCESS) {
		queue_remove(h, f.kind[DENIAL]);
		take_out(s, h, f.kind[DENIAL], out);
	}
	if (before) {
		if (keep_good && !e->answers)
			keep_last_good(e, before);
		queue_replace(h, before, e);
		take_out(s, h, before, out);
		link_entry(s, h, e);
		make_room(s, h, (enum kind)e->kind, 0, out);
	} else {
		make_room(s, h, (enum kind)e->kind, e->size, out);
		grow(h);
		queue_add(h, e);
		link_entry(s, h, e);
	}
	pthread_mutex_unlock(&h->lock);
	retire_all(out->first);
	out->first = NULL;
	return true;
}

static bool shrink(struct store *s, struct shard *h)
{
	struct evicted out = {0};
	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; i < EVICT_SLICE; i++) {
		bool gone = too_many(s, SUCCESS, 0) && evict_one(s, h, SUCCESS, &out);
		gone = (too_many(s, DENIAL, 0) && evict_one(s, h, DENIAL, &out)) || gone;
		gone = (!gone && too_big(s, 0) &&
			(evict_one(s, h, SUCCESS, &out) || evict_one(s, h, DENIAL, &out))) ||
		       gone;
		if (!gone)
			break;
	}
	pthread_mutex_unlock(&h->lock);
	bool any = out.first;
	retire_all(out.first);
	return any;
}

void store_limit(struct store *s, const size_t capacity[KINDS], size_t bytes_max,
		 uint64_t keep_dead)
{
	atomic_store(&s->keep_dead, keep_dead);
	set_limits(s, capacity, bytes_max);
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *h = &s->shard[i];
		pthread_mutex_lock(&h->lock);
		size_t most = buckets_for(capacity[SUCCESS] + capacity[DENIAL]);
		if (((const struct table *)sodns_reach(&h->table))->mask >= most)
			resize(h, most);
		for (int k = 0; k < KINDS; k++)
			ghosts_resize(&h->ghosts[k], capacity[k]);
		pthread_mutex_unlock(&h->lock);
	}
	for (bool any = true; any;) {
		any = false;
		for (unsigned i = 0; i < SHARDS; i++)
			any = shrink(s, &s->shard[i]) || any;
	}
}
