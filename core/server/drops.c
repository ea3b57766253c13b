/*
 * Packets that get no answer, or only a header: counted by the reason.
 */
#include <sodns/metrics.h>

#include "server/server.h"

void drop_count(enum drop why)
{
	static const char *const texts[DROPS] = {
		"source port 0", "dropped by a plugin", "refused by a plugin", "malformed",
		"opcode",        "under 12 bytes",      "a response",
	};
	static const char *const labels[] = {"reason", NULL};
	static const sodns_family_t family = {
		.name = "sodns_packets_dropped_total",
		.help = "Packets that got no answer, or only a header.",
		.labels = labels};
	sodns_metric_count(&family, &texts[why], 1);
}
