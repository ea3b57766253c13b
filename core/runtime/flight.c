/*
 * Single flight: tasks of one loop that want the same thing at the same time wait for one task that
 * gets it.
 */
#include <sodns/wait.h>

#include <stdlib.h>

#include "runtime/loop.h"

#define BUCKETS 1024u

struct follower {
	struct follower *next;
	task_t *task;
};

struct sodns_flight {
	struct sodns_flight *next; /* in its bucket, while it flies */
	unsigned refs;
	bool landed;
	void *result;
	void *(*fn)(void *arg);
	void (*release)(void *result);
	uint32_t ms;
	struct follower *followers;
	uint64_t hash;
	size_t key_len;
	uint8_t *arg;
	uint8_t key[];
};

static __thread struct sodns_flight **flights;

static uint64_t hash_of(const uint8_t *key, size_t len)
{
	uint64_t h = name_hash_seed;
	for (; len > 8; key += 8, len -= 8)
		h = name_mix(h ^ name_load(key, 8), 0xe7037ed1a0b428dbu);
	return name_mix(h ^ name_load(key, len), len ^ 0x8ebc6af09c88c6e3u);
}

void *sodns_flight_result(const sodns_flight_t *f)
{
	return f->result;
}

void sodns_flight_release(sodns_flight_t *f)
{
	if (--f->refs)
		return;
	if (f->result && f->release)
		f->release(f->result);
	free(f->arg);
	free(f);
}

static void land(struct sodns_flight *f)
{
	for (struct sodns_flight **at = &flights[f->hash % BUCKETS]; *at; at = &(*at)->next)
		if (*at == f) {
			*at = f->next;
			break;
		}
	f->landed = true;
}

/* From the base: task_wake() switches, which only the base may do. */
static void wake_followers(void *arg)
{
	struct sodns_flight *f = arg;
	while (f->followers) {
		task_t *t = f->followers->task;
		f->followers = f->followers->next;
		task_wake(t, SODNS_OK);
	}
	sodns_flight_release(f);
}

static void fly(void *arg)
{
	struct sodns_flight *f = arg;
	task_current()->deadline = sodns_now() + (uint64_t)f->ms * 1000000u;
	f->result = f->fn(f->arg);
	land(f);
	loop_post(loop_current(), wake_followers, f);
}

static void take_off(void *arg)
{
	struct sodns_flight *f = arg;
	if (task_run(loop_current(), fly, f)) {
		land(f);
		wake_followers(f);
	}
}

/* Keys are of those who use the same function: those of two plugins never meet. */
static struct sodns_flight *find(uint64_t hash, void *(*fn)(void *arg), const void *key, size_t len)
{
	for (struct sodns_flight *f = flights[hash % BUCKETS]; f; f = f->next)
		if (f->hash == hash && f->fn == fn && f->key_len == len &&
		    !memcmp(f->key, key, len))
			return f;
	return NULL;
}

static struct sodns_flight *flight_new(uint64_t hash, const void *key, size_t len, const void *arg,
				       size_t arg_size)
{
	struct sodns_flight *f = calloc(1, sizeof(*f) + len);
	if (!f || !(f->arg = malloc(arg_size + 1))) {
		free(f);
		return NULL;
	}
	f->refs = 1; /* the task that flies */
	f->hash = hash;
	f->key_len = len;
	memcpy(f->key, key, len);
	if (arg_size)
		memcpy(f->arg, arg, arg_size);
	f->next = flights[hash % BUCKETS];
	flights[hash % BUCKETS] = f;
	return f;
}

static void leave(struct sodns_flight *f, struct follower *me)
{
	for (struct follower **at = &f->followers; *at; at = &(*at)->next)
		if (*at == me) {
			*at = me->next;
			return;
		}
}

sodns_flight_t *sodns_join(const void *key, size_t key_len, void *(*fn)(void *arg), const void *arg,
			   size_t arg_size, void (*release)(void *result), uint32_t ms)
{
	task_t *t = task_current();
	if (!t || (!flights && !(flights = calloc(BUCKETS, sizeof(struct sodns_flight *)))))
		return NULL;
	uint64_t hash = hash_of(key, key_len);
	struct sodns_flight *f = find(hash, fn, key, key_len);
	if (!f) {
		if (!(f = flight_new(hash, key, key_len, arg, arg_size)))
			return NULL;
		f->fn = fn;
		f->release = release;
		f->ms = ms;
		loop_post(t->loop, take_off, f);
	}
	struct follower me = {.next = f->followers, .task = t};
	f->followers = &me;
	f->refs++;
	if (task_wait(ms) == SODNS_OK && f->landed && f->result)
		return f;
	leave(f, &me);
	sodns_flight_release(f);
	return NULL;
}
