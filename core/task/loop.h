/*
 * A thread with an event loop and tasks: what workers and the service thread have in common.
 *
 * A task is straight-line code on a stack of its own. It runs until it waits or ends; the loop's
 * own stack (the base) only polls and switches. A task never leaves its loop. What others want done
 * on a loop they post to it.
 */
#ifndef CORE_TASK_LOOP_H
#define CORE_TASK_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include <sodns/fair.h>

#include "message/query.h"
#include "task/blame.h"
#include "task/context.h"
#include "reclaim/epoch.h"

typedef struct loop loop_t;
typedef struct task task_t;

struct task {
	context_t context;
	void *stack;
	loop_t *loop;
	task_t *next; /* in the pool */
	uv_timer_t timer;
	uint64_t armed,
		due_ms; /* ms: when the timer fires (UINT64_MAX: never), and when it should */
	void (*run)(void *arg);
	void *arg;
	query_shared_t *query;   /* the query it serves, or NULL */
	const blame_t *blame;    /* what it was begun for, where it serves none; or NULL */
	uint64_t deadline;       /* ns, 0: none */
	uint64_t began;          /* epoch of its batch */
	task_t *older, *younger; /* list of tasks put aside that hold an epoch */
	int result;              /* of the wait */
	bool waiting, waited, cancelled, holds;
	task_t *next_due; /* where tests hold the clock */
	uint64_t due;
	task_t *readier, *later; /* neighbours among those that are ready */
	bool ready;
	int ready_result;
	sodns_claim_t claim; /* of the client whose query has waited on it */
	uint64_t since;      /* ns: has that claim */
	bool taken;          /* for a client that has less: it ends with the batch */
	bool followed;       /* queries of others wait for it: it is not taken from them */
	uint8_t dirt;        /* waits since its stack was trimmed */
	bool sleeping;       /* in sodns_sleep(), which may be ended early */
};

struct posted;

struct loop {
	uv_loop_t uv;
	context_t base;
	task_t *current;
	task_t *pool;
	unsigned tasks;     /* that exist: they run, wait, or are pooled */
	unsigned taken;     /* that were taken from their clients, and have not ended yet */
	sodns_fair_t *fair; /* what clients have of the tasks; NULL: not counted */
	unsigned pooled, pooled_low; /* the fewest since the last tick: those were of no use */
	uv_timer_t shrinking;
	bool (*shrink)(loop_t *l); /* the worker's part; whether something is left to give back */
	void (*turn_ends)(void);   /* the same: what was gathered leaves before the loop polls */
	task_t *oldest_held, *youngest_held;
	epoch_reader_t reader;
	uv_async_t wake;
	pthread_mutex_t lock;
	struct posted *posted, **posted_tail;
	uint64_t epoch; /* of the batch that runs */
	int worker;     /* index, -1: not a worker */
	task_t *due;    /* tasks with a timer, where tests hold the clock */
	_Atomic(unsigned) tasks_waiting;
	task_t *first_ready, *last_ready;
	uv_prepare_t before_poll;
	uint64_t turn;    /* how often it has polled */
	uv_idle_t hurry;  /* active: the poll does not wait, as tasks are ready */
	pthread_t thread; /* that has it */
	/* for the watchdog (watchdog.h) */
	_Atomic(uint64_t) busy_since; /* when it left the base, ns; 0: it is there */
	_Atomic(bool) slow; /* it was found to be away too long: `held_by` says in what hands */
	blame_text_t held_by;
	_Atomic(unsigned) ended_after;
	uint64_t stalled_since;
	unsigned stalled_ticks, stall_named_at;
};

/* The calling thread's loop, NULL elsewhere. */
loop_t *loop_current(void);

int loop_init(loop_t *l, int worker);
/* Takes the loop for the calling thread and runs it: as long as the process lives. */
void loop_run(loop_t *l);
/* Takes the loop for the calling thread, which runs it piece by piece (tests). */
void loop_adopt(loop_t *l);
/* Where tests hold the clock: when the next timer is due (UINT64_MAX: none), and waking those that
 * are. From the base. */
uint64_t loop_next_due(const loop_t *l);
void loop_fire(loop_t *l);
/* Calls fn(arg) on the loop soon, at a batch boundary. Any thread. */
void loop_post(loop_t *l, void (*fn)(void *arg), void *arg);
/* Whether something was posted that has not been called yet. */
bool loop_has_posted(loop_t *l);
/* The same, and waits until it has been called. Not from a loop. */
void loop_call(loop_t *l, void (*fn)(void *arg), void *arg);

/* Gives back, bit by bit, what was not needed for a while, until only a few are kept: tasks, and what the
 * worker has. */
void loop_shrink(loop_t *l);

/* Brackets what a base callback does: readers' epoch. */
void loop_enter(loop_t *l);
void loop_leave(loop_t *l);

/* Tasks run between the two: for the watchdog. False: they do already. */
bool loop_leaves_base(loop_t *l, uint64_t now);
void loop_is_back(loop_t *l);

/* Runs fn(arg) on a task until it ends or waits. From the base only. SODNS_ENOMEM: too many tasks.
 */
int task_run(loop_t *l, void (*fn)(void *arg), void *arg);
/* Puts the running task aside until task_wake(), for at most `ms` and no longer than its deadline.
 * Returns what the waker said, SODNS_ETIMEOUT, SODNS_ECANCELLED (also when the task is wanted for a
 * client that has less), or, on a worker, SODNS_ENOMEM when no other task could go on meanwhile. */
int task_wait(uint64_t ms);
/* A length of time as the functions here take it: in ms, not shorter than it is. */
static inline uint64_t in_ms(uint64_t length)
{
	uint64_t ms = length / SODNS_MS + (length % SODNS_MS != 0);
	return ms < UINT32_MAX ? ms : UINT32_MAX;
}
/* The point in time that is so far away. */
static inline uint64_t in_time(uint64_t now, uint64_t length)
{
	return length < UINT64_MAX - now ? now + length : UINT64_MAX;
}
/* The same for a caller that has just looked at the clock. */
int task_wait_from(uint64_t now, uint64_t ms);
/* Goes on with a waiting task at once. From the base, on its loop. */
void task_wake(task_t *t, int result);
/* The same from anywhere on the task's loop: at once from the base, before the loop polls next from a
 * task. */
void task_ready(task_t *t, int result);
/* Wakes some of those that are ready; whether there are more. From the base. */
bool loop_run_ready(loop_t *l);
/* Every wait of the task returns SODNS_ECANCELLED from now on. On its loop. */
void task_cancel(task_t *t);
/* Moves a query's deadline out, and that of the task which serves it. */
void query_extend(sodns_query_t *q, uint64_t deadline);
/* From now on the running task's query holds no epoch when it waits, but for as long as it runs between
 * two waits: what it has of others is counted. */
void task_begin_stream(void);
/* The running task, NULL on the base. */
task_t *task_current(void);

/* Blocking work that has not come back yet, in the process. */
extern _Atomic(unsigned) blocking_count;

/* Tasks that exist, waiting or pooled, in the process; and how many there may be. */
extern _Atomic(unsigned) task_count;
extern unsigned task_limit;
/* Threads that share the limit: each has half of its part for itself, the other halves are for all. */
extern unsigned task_sharers;

#endif
