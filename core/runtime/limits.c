/*
 * Counting the limits that bite.
 */
#include "runtime/limits.h"

#include <sodns/metrics.h>

void limit_reached(enum limit which, uint64_t n)
{
	static const char *const texts[LIMITS] = {
		[LIMIT_CONNECTIONS] = "connections", [LIMIT_DESCRIPTORS] = "descriptors",
		[LIMIT_UNREAD] = "unread bytes",     [LIMIT_TASKS] = "tasks",
		[LIMIT_LOG] = "log lines",           [LIMIT_SOCKET] = "socket queue",
	};
	static const char *const labels[] = {"limit", NULL};
	static const sodns_family_t family = {
		.name = "sodns_limit_reached_total",
		.help = "What was refused or dropped because a limit was reached.",
		.labels = labels};
	sodns_metric_count(&family, &texts[which], n);
}
