/*
 * Counting the limits that bite.
 */
#include "report/limits.h"

#include <sodns/metrics.h>

unsigned connection_limit = 20000;
size_t unread_limit = 67108864;

static const char *const label_names[] = {"limit", NULL};
static const sodns_family_t family = {
	.name = "sodns_limit_reached_total",
	.help = "What was refused, dropped or put off because a limit was reached.",
	.labels = label_names};
static sodns_metric_t *metrics[LIMITS];

void limits_start(void)
{
	static const char *const texts[LIMITS] = {
		[LIMIT_CONNECTIONS] = "connections",
		[LIMIT_DESCRIPTORS] = "descriptors",
		[LIMIT_TASKS] = "tasks",
		[LIMIT_LOG] = "log lines",
		[LIMIT_SOCKET] = "socket queue",
		[LIMIT_SEND] = "send queue",
		[LIMIT_PIPELINE] = "pipelined queries",
		[LIMIT_UNREAD] = "unread answers",
		[LIMIT_UNREAD_BYTES] = "unread bytes",
		[LIMIT_SLOW] = "slow connections",
		[LIMIT_HANDSHAKES] = "handshakes",
		[LIMIT_DETACHED] = "detached queries",
		[LIMIT_DEPTH] = "nested questions",
		[LIMIT_EXPRESSION] = "expressions",
		[LIMIT_METRICS] = "metrics",
		[LIMIT_SAME_NAME] = "questions for one name",
	};
	for (unsigned i = 0; i < LIMITS; i++)
		__atomic_store_n(&metrics[i], sodns_metric(&family, &texts[i]), __ATOMIC_RELEASE);
}

void limit_reached(enum limit which, uint64_t n)
{
	sodns_metric_add(__atomic_load_n(&metrics[which], __ATOMIC_ACQUIRE), n);
}

void sodns_limit_reached(const char *limit, uint64_t n)
{
	const char *const values[] = {limit};
	sodns_metric_count(&family, values, n);
}
