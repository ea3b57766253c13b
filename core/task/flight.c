/*
 * Single flight: tasks of one loop that want the same thing at the same time wait for one task that
 * gets it.
 */
#include <sodns/hash.h>
#include <sodns/wait.h>

#include <stdlib.h>

#include "task/loop.h"

#define BUCKETS 8192u

struct follower {
	struct follower *next;
	task_t *task;
};

struct sodns_flight {
	struct sodns_flight *next; /* in its bucket, while it flies */
	unsigned refs;
	task_t *leader; /* NULL: of no query */
	bool landed;
	void *result;
	const void *owner; /* keys of two of them never meet */
	void *(*fn)(void *arg);
	void (*release)(void *result);
	uint64_t life;
	struct follower *followers;
	blame_t blame; /* of the task that began it */
	uint64_t hash;
	size_t key_len;
	uint8_t *arg;
	uint8_t key[];
};

static __thread struct sodns_flight **flights;

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
	task_current()->blame = &f->blame;
	task_current()->deadline = in_time(sodns_now(), f->life);
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

static struct sodns_flight *find(uint64_t hash, const void *owner, const void *key, size_t len)
{
	for (struct sodns_flight *f = flights[hash % BUCKETS]; f; f = f->next)
		if (f->hash == hash && f->owner == owner && f->key_len == len &&
		    !memcmp(f->key, key, len))
			return f;
	return NULL;
}

static struct sodns_flight *flight_new(uint64_t hash, const void *key, size_t len, const void *arg,
				       size_t arg_size)
{
	struct sodns_flight *f = malloc(sizeof(*f) + len);
	uint8_t *copy = f && arg_size ? malloc(arg_size) : NULL;
	if (!f || (arg_size && !copy)) {
		free(f);
		return NULL;
	}
	*f = (struct sodns_flight){.refs = 1, .hash = hash, .key_len = len, .arg = copy};
	memcpy(f->key, key, len);
	if (arg_size)
		memcpy(copy, arg, arg_size);
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

static bool table_exists(void)
{
	if (!flights)
		flights = calloc(BUCKETS, sizeof(struct sodns_flight *));
	return flights != NULL;
}

/* Waits for the flight's end. It is counted for the caller if it has a result. */
static sodns_flight_t *follow(struct sodns_flight *f, task_t *t, uint64_t patience)
{
	struct follower me = {.next = f->followers, .task = t};
	f->followers = &me;
	f->refs++;
	if (f->leader)
		f->leader->followed = true;
	if (task_wait(in_ms(patience)) == SODNS_OK && f->landed && f->result)
		return f;
	leave(f, &me);
	sodns_flight_release(f);
	return NULL;
}

sodns_flight_t *sodns_join(const void *key, size_t key_len, void *(*fn)(void *arg), const void *arg,
			   size_t arg_size, void (*release)(void *result), uint64_t patience)
{
	task_t *t = task_current();
	const void *owner = (const void *)(uintptr_t)fn;
	if (!t || !table_exists())
		return NULL;
	uint64_t hash = sodns_hash(key, key_len);
	struct sodns_flight *f = find(hash, owner, key, key_len);
	if (!f) {
		if (!(f = flight_new(hash, key, key_len, arg, arg_size)))
			return NULL;
		f->owner = owner;
		f->fn = fn;
		f->release = release;
		f->life = patience;
		blame_take(&f->blame);
		loop_post(t->loop, take_off, f);
	}
	return follow(f, t, patience);
}

sodns_flight_t *sodns_flight_lead(const void *owner, const void *key, size_t key_len,
				  uint64_t patience, bool *leads)
{
	task_t *t = task_current();
	*leads = false;
	if (!t || !table_exists())
		return NULL;
	uint64_t hash = sodns_hash(key, key_len);
	struct sodns_flight *f = find(hash, owner, key, key_len);
	if (f)
		return follow(f, t, patience);
	if ((f = flight_new(hash, key, key_len, NULL, 0))) {
		f->owner = owner;
		f->leader = t;
		*leads = true;
	}
	return f;
}

unsigned sodns_flight_followers(const sodns_flight_t *f)
{
	return f->refs - 1;
}

/* On the leader's task: those that wait go on when the loop comes round. */
void sodns_flight_land(sodns_flight_t *f, void *result, void (*release)(void *result))
{
	land(f);
	f->result = result;
	f->release = release;
	while (f->followers) {
		task_t *t = f->followers->task;
		f->followers = f->followers->next;
		task_ready(t, SODNS_OK);
	}
	sodns_flight_release(f);
}
