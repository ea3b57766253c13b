/*
 * Shares of the memory: a quarter for queries that wait, an eighth for connections, a sixteenth for
 * what clients leave unread, and an eighth for each cache that says nothing else. Half is left to zones,
 * what is watched, the program itself, and the kernel's buffers.
 */
#include "server/budget.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <sodns/server.h>
#include <sodns/text.h>

#include "report/limits.h"
#include "task/loop.h"
#include "net/tcp.h"

/* What a query takes that waits for an upstream: slot, stack, and its places in tables. */
#define TASK_BYTES 20480u
#define TASKS_LEAST 100u
#define UNREAD_LEAST 1048576u
#define CONNECTIONS_LEAST_KIB 1024u

uint64_t budget_bytes = UINT64_MAX;

uint64_t sodns_host_memory(void)
{
	return budget_bytes;
}

bool budget_read(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	double n;
	const char *end = text + strcspn(text, units);
	if (*text < '0' || *text > '9' ||
	    sodns_float_from_text(text, (size_t)(end - text), &n) == SODNS_EINVAL)
		return false;
	const char *unit = *end ? strchr(units, *end) : NULL;
	for (long i = unit ? unit - units + 1 : 0; i; i--)
		n *= 1024;
	end += unit != NULL;
	end += unit && *end == 'i';
	*bytes = n < 1e18 ? (uint64_t)n : UINT64_MAX;
	return !*end;
}

static uint64_t at_least(uint64_t n, uint64_t least)
{
	return n > least ? n : least;
}

void budget_apply(unsigned threads, bool tasks_said, char text[BUDGET_TEXT_MAX])
{
	*text = 0;
	if (budget_bytes == UINT64_MAX)
		return;
	uint64_t tasks = at_least(budget_bytes / 4 / TASK_BYTES, TASKS_LEAST);
	uint64_t kib = at_least(budget_bytes / 8 / 1024, CONNECTIONS_LEAST_KIB);
	uint64_t unread = at_least(budget_bytes / 16 / threads, UNREAD_LEAST);
	bool fewer = !tasks_said && tasks < task_limit;
	if (fewer)
		task_limit = (unsigned)tasks;
	tcp_memory_kib = kib < UINT_MAX ? (unsigned)kib : UINT_MAX;
	if (unread < unread_limit)
		unread_limit = (size_t)unread;
	if (fewer || task_limit > tasks)
		snprintf(text, BUDGET_TEXT_MAX,
			 "Memory is limited to %llu MiB: %u queries may wait%s, connections have "
			 "%llu "
			 "MiB, unread answers %llu MiB",
			 (unsigned long long)(budget_bytes >> 20), task_limit,
			 fewer ? "" : " (more than there is room for)",
			 (unsigned long long)(kib >> 10),
			 (unsigned long long)(unread_limit * threads >> 20));
}
