/*
 * Counting the limits that bite.
 */
#include "report/limits.h"

#include <sodns/metrics.h>

#include "text/regex.h"

unsigned connection_limit = 20000;
size_t unread_limit = 67108864;

static const char *const label_names[] = {"limit", NULL};
static const sodns_family_t family = {
	.name = "sodns_limit_reached_total",
	.help = "What was refused, dropped or put off because a limit was reached.",
	.labels = label_names};
static const sodns_family_t patterns = {
	.name = "sodns_regex_limit_total",
	.help = "Matches given up because the pattern ran into its limits.",
	.kind = SODNS_TOTAL};
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
	sodns_metric(&patterns, NULL);
}

void limit_reached(enum limit which, uint64_t n)
{
	sodns_metric_add(__atomic_load_n(&metrics[which], __ATOMIC_ACQUIRE), n);
}

void limits_collect(void)
{
	const uint64_t n = regex_given_up();
	if (n)
		sodns_metric_set(sodns_metric(&patterns, NULL), (double)n);
}

void sodns_limit_reached(const char *limit, uint64_t n)
{
	const char *const values[] = {limit};
	sodns_metric_count(&family, values, n);
}
