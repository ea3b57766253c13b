/*
 * After a crash a fresh process answers at once where it can: its sockets are read before its blocks
 * are prepared, and the queries of a block that is not ready wait at its gate, up to a second. Blocks
 * are prepared in the order of how long they took the last time.
 */
#include <poll.h>
#include <stdlib.h>

#include <sodns/log.h>

#include "server/server.h"

#define WAIT_NS 1000000000u
#define LOOK_MS 5

struct gate {
	struct handler handler; /* stands in front of the chain */
	block_t *block;
	const struct handler *chain;
	const instance_t *prefetcher;
	_Atomic(bool) open, failed;
};

/* Queries of one worker that wait, the one that came first at the front. */
struct waiter {
	struct waiter *next, *before;
	task_t *task;
	unsigned round; /* how often waiters had been woken when it came */
};
static __thread struct {
	struct waiter *first, *last;
	unsigned round;
} waiting;

static void join_waiters(struct waiter *w)
{
	w->before = waiting.last;
	w->round = waiting.round;
	if (w->before)
		w->before->next = w;
	else
		waiting.first = w;
	waiting.last = w;
}

static void leave_waiters(const struct waiter *w)
{
	if (w->before)
		w->before->next = w->next;
	else
		waiting.first = w->next;
	if (w->next)
		w->next->before = w->before;
	else
		waiting.last = w->before;
}

/* Puts the query aside until some gate opens, or it has waited long enough: false. */
static bool wait_for_some_gate(uint64_t end)
{
	uint64_t now = sodns_now();
	struct waiter me = {.task = task_current()};
	if (now >= end)
		return false;
	join_waiters(&me);
	int rc = task_wait(in_ms(end - now));
	leave_waiters(&me);
	return !rc;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct gate *g = h->self;
	uint64_t end = sodns_now() + WAIT_NS;
	while (!atomic_load(&g->open))
		if (atomic_load(&g->failed) || !wait_for_some_gate(end))
			return sodns_fail(q, SODNS_SERVFAIL, "not ready after a restart");
	if (!g->chain)
		return sodns_fail(q, SODNS_REFUSED, NULL);
	return sodns_next(h, q);
}

bool gates_wait(const server_t *s)
{
	uint64_t end = sodns_now() + WAIT_NS;
	while (atomic_load(&s->closed_gates))
		if (!wait_for_some_gate(end))
			return false;
	return true;
}

static void count_gate(generation_t *g, const block_t *b, int by)
{
	for (server_t *s = servers_of(g); s; s = s->next)
		for (size_t i = 0; i < b->server_count; i++)
			if (b->servers[i] == s->text)
				atomic_fetch_add(&s->closed_gates, (unsigned)by);
}

static void close_gate(generation_t *g, block_t *b)
{
	struct gate *gate = memory_alloc(g, sizeof(*gate));
	gate->block = b;
	gate->chain = b->chain;
	gate->prefetcher = b->prefetcher;
	gate->handler = (struct handler){
		.pub = {.self = gate, .name = ""}, .serve = serve, .next = b->chain};
	b->chain = &gate->handler;
	b->prefetcher = NULL;
	count_gate(g, b, 1);
}

void gates_close(generation_t *g)
{
	for (block_t *b = g->blocks; b; b = b->next)
		close_gate(g, b);
	for (server_t *s = servers_of(g); s; s = s->next)
		s->held = s->tls;
}

/* Certificates are there: connections that have waited to be accepted are. */
static int accept_held(generation_t *g, char *err, size_t err_size)
{
	bool any = false;
	for (server_t *s = servers_of(g); s; s = s->next)
		if (s->held && !atomic_load(&s->closed_gates)) {
			any = true;
			s->held = false;
		}
	if (any && listeners_reserve(g, err, err_size))
		return SODNS_EIO;
	if (any)
		listeners_switch(g);
	return SODNS_OK;
}

/* Those that still have to wait come again, behind the others, and are of the next round. */
static void wake_waiters(worker_t *w, void *arg)
{
	(void)w;
	(void)arg;
	waiting.round++;
	while (waiting.first && waiting.first->round != waiting.round)
		task_wake(waiting.first->task, SODNS_OK);
}

static void open_gate(generation_t *g, struct gate *gate)
{
	block_t *b = gate->block;
	__atomic_store_n(&b->prefetcher, gate->prefetcher, __ATOMIC_RELEASE);
	__atomic_store_n(&b->chain, gate->chain, __ATOMIC_RELEASE);
	atomic_store(&gate->open, true);
	count_gate(g, b, -1);
	workers_each(wake_waiters, NULL);
}

static int by_time(const void *a, const void *b)
{
	const struct gate *x = *(struct gate *const *)a, *y = *(struct gate *const *)b;
	return (x->block->prepare_us > y->block->prepare_us) -
	       (x->block->prepare_us < y->block->prepare_us);
}

/* How long each block took in the life before, as far as the page tells. */
static struct gate **in_order(generation_t *g, size_t *count)
{
	struct gate **gates = NULL;
	*count = 0;
	for (block_t *b = g->blocks; b; b = b->next)
		++*count;
	gates = memory_alloc(g, (*count + 1) * sizeof(struct gate *));
	size_t i = 0;
	for (block_t *b = g->blocks; b; b = b->next, i++) {
		b->prepare_us = i < BLOCKS_NOTED ? supervisor_page->prepare_us[i] : 0;
		gates[i] = b->chain->pub.self;
	}
	qsort(gates, *count, sizeof(struct gate *), by_time);
	return gates;
}

/* The block stays closed: it is all that is lost. */
static void give_gate_up(struct gate *gate, const char *why)
{
	sodns_log(SODNS_LOG_ERROR, NULL, "%s: its server block answers SERVFAIL", why);
	atomic_store(&gate->failed, true);
	workers_each(wake_waiters, NULL);
}

static void start_and_open(generation_t *g, struct gate *gate)
{
	generation_start_block(gate->block);
	open_gate(g, gate);
}

/* Blocks that wait for something outside keep no others waiting. */
static void open_late(generation_t *g, struct gate **gates, size_t count)
{
	for (size_t left = count; left;) {
		left = 0;
		for (size_t i = 0; i < count; i++) {
			if (atomic_load(&gates[i]->open) || atomic_load(&gates[i]->failed))
				continue;
			if (generation_waits_block(gates[i]->block) && !end_is_wanted())
				left++;
			else
				start_and_open(g, gates[i]);
		}
		if (left)
			poll(NULL, 0, LOOK_MS);
	}
}

int gates_open(generation_t *g, bool lenient, unsigned *failed, char *err, size_t err_size)
{
	size_t count;
	*failed = 0;
	struct gate **gates = in_order(g, &count);
	for (size_t i = 0; i < count; i++) {
		block_t *b = gates[i]->block;
		uint64_t began = sodns_now();
		if (generation_prepare_block(g, b, err, err_size)) {
			if (!lenient)
				return SODNS_EINVAL;
			give_gate_up(gates[i], err);
			++*failed;
			continue;
		}
		b->prepare_us = (uint32_t)((sodns_now() - began) / 1000);
		generation_begin_block(b);
		if (!generation_waits_block(b))
			start_and_open(g, gates[i]);
	}
	open_late(g, gates, count);
	return accept_held(g, err, err_size);
}
