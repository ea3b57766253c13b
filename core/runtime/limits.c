/*
 * Counting the limits that bite.
 */
#include "runtime/limits.h"

#include <stdatomic.h>

#include <sodns/metrics.h>

void limit_reached(enum limit which, uint64_t n)
{
	static const char *const texts[LIMITS] = {
		[LIMIT_CONNECTIONS] = "connections",
		[LIMIT_DESCRIPTORS] = "descriptors",
		[LIMIT_UNREAD] = "unread bytes",
		[LIMIT_TASKS] = "tasks",
		[LIMIT_LOG] = "log lines",
		[LIMIT_SOCKET] = "socket queue",
	};
	static const char *const labels[] = {"limit", NULL};
	static const sodns_family_t family = {
		.name = "sodns_limit_reached_total",
		.help = "What was refused or dropped because a limit was reached.",
		.labels = labels};
	static _Atomic(sodns_metric_t *) known[LIMITS];
	sodns_metric_t *m = atomic_load(&known[which]);
	if (!m)
		atomic_store(&known[which], m = sodns_metric(&family, &texts[which]));
	sodns_metric_add(m, n);
}
