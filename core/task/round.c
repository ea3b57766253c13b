/*
 * Rounds (sodns/wait.h): what is looked at now and then. There may be tens of thousands of such things in a
 * configuration, a file of each server block, and a task of its own for each would be a stack that sleeps.
 * So they stand in a heap by the time when they are due, and one service, the keeper, sleeps until the first
 * is. A few tasks then go from one to the next: a file system that hangs holds up as many, and no others.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/loop.h>
#include <sodns/wait.h>

#include "task/loop.h"
#include "task/service.h"

#define HELPERS_MAX 4u
#define HELP_MAX 64u /* calls in a row: others have the thread, too */
#define NOWHERE SIZE_MAX
#define AGAIN (50 * SODNS_MS)

struct sodns_round {
	const char *name;
	void (*fn)(void *arg);
	void *arg;
	uint64_t every, due; /* ns */
	size_t at;           /* in the heap, or NOWHERE: it runs */
	bool stopping;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static sodns_round_t **heap;
static size_t count, room;
static sodns_service_t *keeper;
static unsigned helpers; /* the service thread's */

static void place(sodns_round_t *r, size_t at)
{
	heap[at] = r;
	r->at = at;
}

static void rise(sodns_round_t *r, size_t at)
{
	for (; at && heap[(at - 1) / 2]->due > r->due; at = (at - 1) / 2)
		place(heap[(at - 1) / 2], at);
	place(r, at);
}

static void sink(sodns_round_t *r, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && heap[child + 1]->due < heap[child]->due)
			child++;
		if (heap[child]->due >= r->due)
			break;
		place(heap[child], at);
	}
	place(r, at);
}

/* There is room: each round has had its place before it ran. */
static void put_in(sodns_round_t *r)
{
	rise(r, count++);
}

static void take_out(sodns_round_t *r)
{
	size_t at = r->at;
	sodns_round_t *last = heap[--count];
	r->at = NOWHERE;
	if (last == r)
		return;
	if (at && heap[(at - 1) / 2]->due > last->due)
		rise(last, at);
	else
		sink(last, at);
}

static uint64_t next_due(void)
{
	return count ? heap[0]->due : UINT64_MAX;
}

static sodns_round_t *take_due(void)
{
	uint64_t now = sodns_now();
	pthread_mutex_lock(&lock);
	sodns_round_t *r = next_due() <= now ? heap[0] : NULL;
	if (r)
		take_out(r);
	pthread_mutex_unlock(&lock);
	return r;
}

static void call(sodns_round_t *r)
{
	task_t *t = task_current();
	blame_t blame = {.plugin = r->name};
	const blame_t *before = t->blame;
	t->blame = &blame;
	r->fn(r->arg);
	t->blame = before;
	pthread_mutex_lock(&lock);
	r->due = in_time(sodns_now(), r->every);
	if (r->stopping) {
		r->stopping = false;
		pthread_cond_broadcast(&ended);
	} else {
		put_in(r);
	}
	pthread_mutex_unlock(&lock);
}

static void help(void *unused)
{
	(void)unused;
	sodns_round_t *r;
	for (unsigned i = 0; i < HELP_MAX && (r = take_due()); i++)
		call(r);
	helpers--;
	sodns_service_wake(keeper);
}

static void begin_help(void *unused)
{
	if (task_run(&service_loop, help, unused))
		helpers--;
}

/* Until the next one is due; 0: it is. */
static uint64_t left(void)
{
	pthread_mutex_lock(&lock);
	uint64_t due = next_due(), now = sodns_now();
	pthread_mutex_unlock(&lock);
	return due > now ? due - now : 0;
}

/* Tasks begin tasks by the loop. While some are due, another helper comes now and then: those that are there
 * may hang, or there was no memory for one. */
static void keep(void *unused)
{
	uint64_t pause;
	do {
		pause = left();
		if (!pause && helpers < HELPERS_MAX) {
			helpers++;
			loop_post(&service_loop, begin_help, unused);
		}
	} while (sodns_service_sleep(pause ? pause : AGAIN));
}

static void make_room(void)
{
	size_t more = room ? room * 2 : 16;
	sodns_round_t **bigger = realloc(heap, more * sizeof(sodns_round_t *));
	if (!bigger)
		abort(); /* as for a service */
	heap = bigger;
	room = more;
}

static size_t rounds; /* also those that run */

sodns_round_t *sodns_round_start(const char *name, uint64_t every, void (*fn)(void *arg), void *arg)
{
	sodns_round_t *r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	r->name = name;
	r->fn = fn;
	r->arg = arg;
	r->every = every > SODNS_MS ? every : SODNS_MS;
	r->due = in_time(sodns_now(), r->every);
	pthread_mutex_lock(&lock);
	if (rounds++ == room)
		make_room();
	put_in(r);
	if (!keeper)
		keeper = sodns_service_start("sodns", keep, NULL);
	else if (heap[0] == r)
		sodns_service_wake(keeper);
	pthread_mutex_unlock(&lock);
	return r;
}

void sodns_round_stop(sodns_round_t *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&lock);
	if (r->at != NOWHERE) {
		take_out(r);
	} else {
		r->stopping = true;
		while (r->stopping)
			pthread_cond_wait(&ended, &lock);
	}
	rounds--;
	pthread_mutex_unlock(&lock);
	free(r);
}
