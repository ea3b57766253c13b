/*
 * Blocking work (sodns/wait.h): what a task hands to the pool.
 */
#include <sodns/wait.h>

#include <stdlib.h>
#include <string.h>

#include "task/loop.h"

_Atomic(unsigned) blocking_count;

/* Blocking work: the pool works on a copy; the task that waits for it may have left when it ends. */
struct blocking {
	uv_work_t work;
	task_t *task; /* NULL when it has left */
	bool ended;
	blame_t blame;
	void (*fn)(void *work);
	void (*abandon)(void *work);
	_Alignas(16) uint8_t copy[];
};

static void blocking_run(uv_work_t *w)
{
	struct blocking *b = w->data;
	blame_of_thread = &b->blame;
	b->fn(b->copy);
	blame_of_thread = NULL;
}

static void blocking_done(uv_work_t *w, int status)
{
	struct blocking *b = w->data;
	(void)status;
	atomic_fetch_sub(&blocking_count, 1);
	b->ended = true;
	if (b->task) {
		task_wake(b->task, SODNS_OK);
		return;
	}
	if (b->abandon)
		b->abandon(b->copy);
	free(b);
}

/* A service stays until fn has ended, whatever ends a wait before: its instance is torn down when it
 * returns, and fn works on that. That it is stopped, it finds in its next wait. */
static int wait_for_end(struct blocking *b)
{
	task_t *t = b->task;
	int rc = task_wait(UINT32_MAX);
	bool cancelled = t->cancelled;
	if (t->loop->worker >= 0)
		return rc;
	while (!b->ended) {
		t->cancelled = false;
		task_wait(UINT32_MAX);
		cancelled |= t->cancelled;
	}
	t->cancelled = cancelled;
	return SODNS_OK;
}

int sodns_blocking(void (*fn)(void *work), void *arg, size_t size, void (*abandon)(void *work))
{
	task_t *t = task_current();
	struct blocking *b = t ? malloc(sizeof(*b) + size) : NULL;
	if (!b)
		return SODNS_ENOMEM;
	*b = (struct blocking){.task = t, .fn = fn, .abandon = abandon};
	b->work.data = b;
	blame_take(&b->blame);
	if (size)
		memcpy(b->copy, arg, size);
	atomic_fetch_add(&blocking_count, 1);
	if (uv_queue_work(&t->loop->uv, &b->work, blocking_run, blocking_done)) {
		atomic_fetch_sub(&blocking_count, 1);
		free(b);
		return SODNS_EIO;
	}
	int rc = wait_for_end(b);
	if (rc) {
		b->task = NULL;
		return rc;
	}
	if (size)
		memcpy(arg, b->copy, size);
	free(b);
	return SODNS_OK;
}
