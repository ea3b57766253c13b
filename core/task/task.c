/*
 * Tasks: taken from a pool, switched to and from, woken by whatever they wait for.
 */
#include <stdlib.h>

#include "report/limits.h"
#include "task/loop.h"
#include "task/stack.h"
#include "system/seam.h"

/* As many as were ever needed are pooled; those that were not for a period go, a few at a time. */
#define POOL_KEEP 64u
#define SHRINK_MS 250u
#define SHRINK_STEP 128u
/* Woken before the sockets are looked at again. */
#define READY_TURN 32u
#define STACK_KEEP 16384u
/* Looking for pages of a stack to give back is a system call: not after each wait. */
#define TRIM_EVERY 16u
/* So many of a client's tasks are looked at for one that can be taken. */
#define LOOK_AT 64u
/* What a client has is left to it below this part of all tasks. */
#define WORTH 64u
/* Tasks that were taken and have not ended yet: as many are there beyond the limit. */
#define TAKEN_MAX 256u
/* A query that has waited for so long makes room for a newer one of its client. */
#define PATIENCE_NS 1000000000u

_Atomic(unsigned) task_count;
unsigned task_limit = 24000, task_sharers = 1;

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

static void on_timer(uv_timer_t *timer);

static void arm(task_t *t, uint64_t now, uint64_t at)
{
	t->armed = at;
	uv_timer_start(&t->timer, on_timer, at > now ? at - now : 0, 0);
}

/* Thousands that wait for the same dead upstream are due in the same moment: they take their turns. */
static void on_timer(uv_timer_t *timer)
{
	task_t *t = timer->data;
	uint64_t now = uv_now(&t->loop->uv);
	t->armed = UINT64_MAX;
	if (!t->waiting || t->ready)
		return;
	if (t->due_ms > now)
		arm(t, now, t->due_ms);
	else
		put_among_ready(t, SODNS_ETIMEOUT);
}

/* Timers of tasks: libuv's, or a list where tests hold the clock. Nearly all waits end long before their
 * time: libuv's timer is left running then, and the next wait, which ends later, has it already. */
static void timer_start(task_t *t, uint64_t now, uint64_t ms)
{
	loop_t *l = t->loop;
	if (__builtin_expect(seam.clock != 0, 0)) {
		t->due = ms < UINT32_MAX ? now + ms * 1000000u : UINT64_MAX;
		t->next_due = l->due;
		l->due = t;
		return;
	}
	t->due_ms = now / 1000000 + ms;
	if (t->armed <= t->due_ms)
		return;
	uv_update_time(&l->uv);
	arm(t, uv_now(&l->uv), t->due_ms);
}

static void due_forget(task_t *t)
{
	for (task_t **at = &t->loop->due; *at; at = &(*at)->next_due)
		if (*at == t) {
			*at = t->next_due;
			break;
		}
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
		task_wake(t, SODNS_ETIMEOUT);
	}
}

/* The service thread has a task for each service, and no batch that another task would have to go on with:
 * neither the limit, which is there for clients, nor a spare task is its business. */
static bool serves_clients(const loop_t *l)
{
	return l->worker >= 0;
}

/* Tasks of all workers beyond what each has for itself. */
static _Atomic(unsigned) common_tasks;

static unsigned own_part(void)
{
	return task_limit / (2 * (task_sharers ? task_sharers : 1));
}

static bool too_many(const loop_t *l, unsigned common)
{
	return l->tasks > own_part() && common > task_limit - own_part() * task_sharers;
}

/* One more of the loop's. False: there are as many as there may be, and `beyond` was not asked for. */
static bool count_task(loop_t *l, bool beyond)
{
	bool common = ++l->tasks > own_part() && serves_clients(l);
	unsigned n = common ? atomic_fetch_add(&common_tasks, 1) + 1 : 0;
	atomic_fetch_add(&task_count, 1);
	return !common || beyond || !too_many(l, n);
}

static void uncount_task(loop_t *l)
{
	if (l->tasks-- > own_part() && serves_clients(l))
		atomic_fetch_sub(&common_tasks, 1);
	atomic_fetch_sub(&task_count, 1);
}

/* `beyond`: although there are as many as there may be, for another one is about to end. */
static task_t *task_new(loop_t *l, bool beyond)
{
	bool counted = count_task(l, beyond);
	task_t *t = counted ? calloc(1, sizeof(*t)) : NULL;
	void *stack = t ? stack_map(STACK_SIZE) : NULL;
	if (!stack) {
		limit_reached(LIMIT_TASKS, 1);
		free(t);
		uncount_task(l);
		return NULL;
	}
	t->loop = l;
	t->stack = stack;
	uv_timer_init(&l->uv, &t->timer);
	t->timer.data = t;
	t->armed = UINT64_MAX;
	context_init(&t->context, stack, STACK_SIZE, task_main, t);
	return t;
}

static void task_closed(uv_handle_t *h)
{
	task_t *t = h->data;
	context_dispose(&t->context);
	stack_unmap(t->stack, STACK_SIZE);
	uncount_task(t->loop);
	free(t);
}

static task_t *pool_take(loop_t *l)
{
	task_t *t = l->pool;
	if (!t)
		return task_new(l, false);
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
	if (l->pool && too_many(l, atomic_load_explicit(&common_tasks, memory_order_relaxed))) {
		uv_close((uv_handle_t *)&t->timer, task_closed);
		return;
	}
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

static void leave_share(loop_t *l, task_t *t)
{
	sodns_fair_release(l->fair, &t->claim);
	l->taken -= t->taken;
	t->taken = t->followed = false;
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
	if (t->waited)
		leave_share(l, t);
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

/* Whether a client may lose this one: no other client waits for what it is about to get. */
static bool can_be_taken(const task_t *t)
{
	return t->waiting && !t->ready && !t->followed;
}

static task_t *oldest_of(sodns_claim_t *c)
{
	for (unsigned i = 0; c && i < LOOK_AT; i++, c = sodns_claim_younger(c)) {
		task_t *t = (task_t *)(void *)((char *)c - offsetof(task_t, claim));
		if (can_be_taken(t))
			return t;
	}
	return NULL;
}

/* Which waiting task has to end so that t can wait: one of the client that has most, if t's has less;
 * else the oldest of t's own client, once it has had its time. What a client has must be worth the
 * taking, as anybody can look like many clients over UDP: a forged address has one query. */
static task_t *find_room(const loop_t *l, const task_t *t)
{
	unsigned most, own, worth = task_limit / WORTH / task_sharers;
	sodns_claim_t *richest = sodns_fair_most(l->fair, &most);
	sodns_claim_t *mine = sodns_fair_of(l->fair, t->query->client, &own);
	if (most > own + 1 && most > worth) {
		task_t *victim = oldest_of(richest);
		if (victim)
			sodns_fair_taken("tasks");
		return victim;
	}
	task_t *victim = oldest_of(mine);
	return victim && sodns_now() - victim->since > PATIENCE_NS ? victim : NULL;
}

/* Another task ends for this one, which may wait. It does so when the batch has run: until then there
 * is one more than there may be. */
static bool make_room(loop_t *l, const task_t *t)
{
	if (!l->fair || !t->query || !t->query->client || l->taken >= TAKEN_MAX)
		return false;
	task_t *victim = find_room(l, t), *spare = victim ? task_new(l, true) : NULL;
	if (!spare)
		return false;
	pool_give(l, spare);
	victim->cancelled = victim->taken = true;
	l->taken++;
	put_among_ready(victim, SODNS_ECANCELLED);
	return true;
}

/* Another task has to go on with the batch while this one waits. */
static bool spare_exists(loop_t *l, const task_t *waiter)
{
	if (l->pool)
		return true;
	task_t *t = task_new(l, false);
	if (t)
		pool_give(l, t);
	return t || make_room(l, waiter);
}

/* Whether the client may have one more query that waits. */
static bool join_share(loop_t *l, task_t *t, uint64_t now)
{
	unsigned own, part = sodns_fair_part(task_limit / task_sharers);
	if (!l->fair || !t->query->client)
		return true;
	if (part < task_limit / task_sharers) {
		sodns_fair_of(l->fair, t->query->client, &own);
		if (own >= part) {
			limit_reached(LIMIT_TASKS, 1);
			return false;
		}
	}
	t->since = now;
	return sodns_fair_claim(l->fair, &t->claim, t->query->client);
}

/* The query is put aside for the first time. */
static void park(task_t *t)
{
	if (!t->query->parked && t->query->in_flight)
		atomic_fetch_add(t->query->in_flight, 1);
	if (!t->query->parked && t->query->parking)
		t->query->parking->count++;
	t->query->parked = true;
	if (t->query->views)
		t->query->view_calls->pin(t->query);
	if (!t->holds && !t->query->streaming)
		hold_epoch(t);
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
	return task_wait_from(sodns_now(), ms);
}

int task_wait_from(uint64_t now, uint64_t ms)
{
	loop_t *l = loop_current();
	task_t *t = l->current;
	if (t->cancelled)
		return SODNS_ECANCELLED;
	if (t->deadline) {
		uint64_t left = t->deadline > now ? in_ms(t->deadline - now) : 0;
		if (!left)
			return SODNS_ETIMEOUT;
		ms = ms < left ? ms : left;
	}
	if (serves_clients(l) && !spare_exists(l, t))
		return SODNS_ENOMEM;
	if (t->query && !sodns_claim_counts(&t->claim) && !join_share(l, t, now))
		return SODNS_ENOMEM;
	if (t->query)
		park(t);
	timer_start(t, now, ms);
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
	due_forget(t);
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
	task_wake(t, SODNS_ECANCELLED);
}
