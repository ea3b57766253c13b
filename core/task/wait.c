/*
 * A task's waits for time, and its query's deadline (sodns/wait.h).
 */
#include <sodns/wait.h>

#include "task/loop.h"

int sodns_sleep(uint32_t milliseconds)
{
	task_t *t = task_current();
	uint64_t until = sodns_now() + (uint64_t)milliseconds * 1000000u;
	if (!t)
		return SODNS_EINVAL;
	t->sleeping = true;
	int rc = task_wait(milliseconds);
	t->sleeping = false;
	/* The time asked for has passed: that is what was wanted, unless the deadline cut it short.
	 */
	return rc == SODNS_TIMEOUT && sodns_now() + 1000000u >= until ? SODNS_OK : rc;
}

bool sodns_service_sleep(uint32_t milliseconds)
{
	task_t *t = task_current();
	if (!t || t->loop->worker >= 0)
		return false;
	t->sleeping = true;
	int rc = task_wait(milliseconds);
	t->sleeping = false;
	return rc != SODNS_CANCELLED;
}

static void set_deadline(sodns_query_t *q, uint64_t deadline)
{
	task_t *t = task_current();
	q->shared->deadline = deadline;
	if (t && t->query == q->shared)
		t->deadline = deadline;
}

void sodns_query_limit(sodns_query_t *q, uint64_t deadline)
{
	if (deadline < q->shared->deadline)
		set_deadline(q, deadline);
}

void query_extend(sodns_query_t *q, uint64_t deadline)
{
	if (deadline > q->shared->deadline)
		set_deadline(q, deadline);
}
