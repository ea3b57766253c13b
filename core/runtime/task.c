/*
 * Tasks: taken from a pool, switched to and from, woken by whatever they wait for.
 */
#include <stdlib.h>

#include "runtime/limits.h"
#include "runtime/loop.h"
#include "runtime/stack.h"
#include "zone/store.h"

/* As many as were ever needed are pooled; those that were not for a period go, a few at a time. */
#define POOL_KEEP 64u
#define SHRINK_MS 250u
#define SHRINK_STEP 128u
/* Woken before the sockets are looked at again. */
#define READY_TURN 32u
#define STACK_KEEP 16384u
/* Looking for pages of a stack to give back is a system call: not after each wait. */
#define TRIM_EVERY 16u

_Atomic(unsigned) task_count;
unsigned task_limit = 24000;

task_t *task_current(void)
{
	loop_t *l = loop_current();
	return l ? l->current : NULL;
}

/* Every task runs this for ever: what it was given, then back to the pool. */
static void task_main(void *arg)
{
	task_t *t = arg;
	for (;;) {
		t->run(t->arg);
		loop_t *l = t->loop;
		l->current = NULL;
		t->run = NULL;
		context_switch(&t->context, &l->base);
	}
}

static void put_among_ready(task_t *t, int result)
{
	loop_t *l = t->loop;
	t->ready = true;
	t->ready_result = result;
	t->later = NULL;
	t->readier = l->last_ready;
	*(t->readier ? &t->readier->later : &l->first_ready) = t;
	l->last_ready = t;
}

/* Thousands that wait for the same dead upstream are due in the same moment: they take their turns. */
static void on_timer(uv_timer_t *timer)
{
	task_t *t = timer->data;
	if (t->waiting && !t->ready)
		put_among_ready(t, SODNS_TIMEOUT);
}

/* Timers of tasks: libuv's, or a list where tests hold the clock. */
static void timer_start(task_t *t, uint64_t ms)
{
	loop_t *l = t->loop;
	if (__builtin_expect(clock_held != 0, 0)) {
		t->due = ms < UINT32_MAX ? sodns_now() + ms * 1000000u : UINT64_MAX;
		t->next_due = l->due;
		l->due = t;
		return;
	}
	uv_update_time(&l->uv);
	uv_timer_start(&t->timer, on_timer, ms, 0);
}

static void timer_stop(task_t *t)
{
	for (task_t **at = &t->loop->due; *at; at = &(*at)->next_due)
		if (*at == t) {
			*at = t->next_due;
			break;
		}
	uv_timer_stop(&t->timer);
}

uint64_t loop_next_due(const loop_t *l)
{
	uint64_t first = UINT64_MAX;
	for (const task_t *t = l->due; t; t = t->next_due)
		first = t->due < first ? t->due : first;
	return first;
}

void loop_fire(loop_t *l)
{
	while (loop_next_due(l) <= sodns_now()) {
		task_t *t = l->due;
		while (t->due > sodns_now())
			t = t->next_due;
		task_wake(t, SODNS_TIMEOUT);
	}
}

/* The service thread has a task for each service, and no batch that somebody would have to go on with:
 * neither the limit, which is there for clients, nor a spare task is its business. */
static bool serves_clients(const loop_t *l)
{
	return l->worker >= 0;
}

static task_t *task_new(loop_t *l)
{
	if (atomic_fetch_add(&task_count, 1) >= task_limit && serves_clients(l)) {
		limit_reached(LIMIT_TASKS, 1);
		atomic_fetch_sub(&task_count, 1);
		return NULL;
	}
	task_t *t = calloc(1, sizeof(*t));
	void *stack = t ? stack_map(STACK_SIZE) : NULL;
	if (!stack) {
		limit_reached(LIMIT_TASKS, 1);
		free(t);
		atomic_fetch_sub(&task_count, 1);
		return NULL;
	}
	t->loop = l;
	t->stack = stack;
	uv_timer_init(&l->uv, &t->timer);
	t->timer.data = t;
	context_init(&t->context, stack, STACK_SIZE, task_main, t);
	return t;
}

static void task_closed(uv_handle_t *h)
{
	task_t *t = h->data;
	context_dispose(&t->context);
	stack_unmap(t->stack, STACK_SIZE);
	free(t);
	atomic_fetch_sub(&task_count, 1);
}

static task_t *pool_take(loop_t *l)
{
	task_t *t = l->pool;
	if (!t)
		return task_new(l);
	l->pool = t->next;
	if (--l->pooled < l->pooled_low)
		l->pooled_low = l->pooled;
	return t;
}

static void on_shrinking(uv_timer_t *timer)
{
	loop_t *l = timer->data;
	unsigned least = l->pooled_low < l->pooled ? l->pooled_low : l->pooled;
	for (unsigned i = POOL_KEEP; i < least && i < POOL_KEEP + SHRINK_STEP; i++)
		uv_close((uv_handle_t *)&pool_take(l)->timer, task_closed);
	bool more = l->shrink && l->shrink(l);
	l->pooled_low = l->pooled;
	if (l->pooled <= POOL_KEEP && !more)
		uv_timer_stop(timer);
}

void loop_shrink(loop_t *l)
{
	if (!uv_is_active((uv_handle_t *)&l->shrinking))
		uv_timer_start(&l->shrinking, on_shrinking, SHRINK_MS, SHRINK_MS);
}

static void pool_give(loop_t *l, task_t *t)
{
	t->next = l->pool;
	l->pool = t;
	if (++l->pooled > POOL_KEEP)
		loop_shrink(l);
}

/* Tasks put aside in the order in which their batches began: the first tells the oldest epoch. */
static void publish_oldest(loop_t *l)
{
	uint64_t e = l->oldest_held ? l->oldest_held->began : EPOCH_NONE;
	atomic_store(&l->reader.parked, e);
}

static void hold_epoch(task_t *t)
{
	loop_t *l = t->loop;
	t->holds = true;
	t->began = l->epoch;
	t->older = l->youngest_held;
	t->younger = NULL;
	*(t->older ? &t->older->younger : &l->oldest_held) = t;
	l->youngest_held = t;
	publish_oldest(l);
}

static void drop_epoch(task_t *t)
{
	loop_t *l = t->loop;
	*(t->older ? &t->older->younger : &l->oldest_held) = t->younger;
	*(t->younger ? &t->younger->older : &l->youngest_held) = t->older;
	t->holds = false;
	publish_oldest(l);
}

void task_begin_stream(void)
{
	task_t *t = task_current();
	if (!t || !t->query)
		return;
	t->query->streaming = true;
	if (t->holds)
		drop_epoch(t);
}

/* Goes on in t; returns when it waits or has ended. */
static void switch_to(loop_t *l, task_t *t)
{
	l->current = t;
	context_switch(&l->base, &t->context);
	if (t->run)
		return;
	if (t->holds)
		drop_epoch(t);
	t->query = NULL;
	if (t->waited && ++t->dirt >= TRIM_EVERY) {
		t->dirt = 0;
		stack_trim(t->stack, STACK_SIZE, STACK_KEEP);
	}
	pool_give(l, t);
}

/* Within a batch nothing has to be noted, nor the clock read. */
static bool leaves_base(loop_t *l)
{
	return !atomic_load_explicit(&l->busy_since, memory_order_relaxed) &&
	       loop_leaves_base(l, sodns_now());
}

int task_run(loop_t *l, void (*fn)(void *arg), void *arg)
{
	task_t *t = pool_take(l);
	if (!t)
		return SODNS_ENOMEM;
	t->run = fn;
	t->arg = arg;
	t->deadline = 0;
	t->blame = NULL;
	t->waited = t->cancelled = false;
	bool left = leaves_base(l);
	switch_to(l, t);
	if (left)
		loop_is_back(l);
	return SODNS_OK;
}

/* Somebody has to go on with the batch while this task waits. */
static bool spare_exists(loop_t *l)
{
	if (l->pool)
		return true;
	task_t *t = task_new(l);
	if (t)
		pool_give(l, t);
	return t != NULL;
}

/* The plugin that waits has nothing in hand meanwhile, and has it again when it goes on. */
static void put_aside(task_t *t)
{
	const struct handler *hand = NULL;
	_Atomic(const struct handler *) *in_hand = t->query ? t->query->in_hand : NULL;
	if (in_hand) {
		hand = atomic_load_explicit(in_hand, memory_order_relaxed);
		atomic_store_explicit(in_hand, NULL, memory_order_relaxed);
	}
	t->loop->current = NULL;
	context_switch(&t->context, &t->loop->base);
	if (in_hand)
		atomic_store_explicit(in_hand, hand, memory_order_relaxed);
}

int task_wait(uint64_t ms)
{
	loop_t *l = loop_current();
	task_t *t = l->current;
	uint64_t now = sodns_now();
	if (t->cancelled)
		return SODNS_CANCELLED;
	if (t->deadline) {
		uint64_t left = t->deadline > now ? (t->deadline - now + 999999) / 1000000 : 0;
		if (!left)
			return SODNS_TIMEOUT;
		ms = ms < left ? ms : left;
	}
	if (serves_clients(l) && !spare_exists(l))
		return SODNS_ENOMEM;
	if (t->query) {
		if (!t->query->parked && t->query->in_flight)
			atomic_fetch_add(t->query->in_flight, 1);
		if (!t->query->parked && t->query->parking)
			t->query->parking->count++;
		t->query->parked = true;
		zone_views_pin(t->query);
		if (!t->holds && !t->query->streaming)
			hold_epoch(t);
	}
	timer_start(t, ms);
	t->waiting = t->waited = true;
	atomic_fetch_add(&l->tasks_waiting, 1);
	put_aside(t);
	return t->result;
}

static void forget_ready(loop_t *l, task_t *t)
{
	*(t->readier ? &t->readier->later : &l->first_ready) = t->later;
	*(t->later ? &t->later->readier : &l->last_ready) = t->readier;
	t->ready = false;
}

void task_ready(task_t *t, int result)
{
	loop_t *l = t->loop;
	if (!t->waiting || t->ready)
		return;
	if (!l->current) {
		task_wake(t, result);
		return;
	}
	put_among_ready(t, result);
}

bool loop_run_ready(loop_t *l)
{
	for (unsigned i = 0; i < READY_TURN && l->first_ready; i++)
		task_wake(l->first_ready, l->first_ready->ready_result);
	return l->first_ready;
}

void task_wake(task_t *t, int result)
{
	loop_t *l = t->loop;
	if (!t->waiting)
		return;
	if (t->ready)
		forget_ready(l, t);
	t->waiting = false;
	t->result = result;
	atomic_fetch_sub(&l->tasks_waiting, 1);
	timer_stop(t);
	bool left = leaves_base(l);
	loop_enter(l);
	switch_to(l, t);
	loop_leave(l);
	if (left)
		loop_is_back(l);
}

void task_cancel(task_t *t)
{
	t->cancelled = true;
	task_wake(t, SODNS_CANCELLED);
}
