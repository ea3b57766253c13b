/*
 * A task's waits for time, and its query's deadline (sodns/wait.h).
 */
#include <sodns/wait.h>

#include "task/loop.h"

int sodns_sleep(uint64_t length)
{
	task_t *t = task_current();
	uint64_t until = in_time(sodns_now(), length);
	if (!t)
		return SODNS_EINVAL;
	t->sleeping = true;
	int rc = task_wait(in_ms(length));
	t->sleeping = false;
	/* The time asked for has passed: that is what was wanted, unless the deadline cut it short.
	 */
	return rc == SODNS_ETIMEOUT && sodns_now() + SODNS_MS >= until ? SODNS_OK : rc;
}

bool sodns_service_sleep(uint64_t length)
{
	task_t *t = task_current();
	if (!t || t->loop->worker >= 0)
		return false;
	t->sleeping = true;
	int rc = task_wait(in_ms(length));
	t->sleeping = false;
	return rc != SODNS_ECANCELLED;
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
