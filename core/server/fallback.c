/*
 * After a crash, what lies on the disk may be unfit to be served: then the configuration and the plugins
 * that served last do, and everybody is told.
 */
#include <sodns/log.h>
#include <sodns/metrics.h>

#include "task/watchdog.h"
#include "server/server.h"

/* Between two tries to get what is missing. */
#define RETRY_TICKS (10000u / STALL_TICK_MS)

static _Atomic(unsigned) blocks_missing;

static void set_metric(double value)
{
	static const sodns_family_t family = {
		.name = "sodns_config_fallback",
		.help = "1: what lies on the disk can't be served, and what served before is.",
		.kind = SODNS_GAUGE};
	sodns_metric_set(sodns_metric(&family, NULL), value);
}

void fallback_tell(unsigned missing)
{
	const char *why = supervisor_page ? supervisor_page->broken : "";
	set_metric(*why ? 1 : 0);
	if (!*why)
		return;
	sodns_log(SODNS_LOG_ERROR, NULL,
		  "What lies on the disk cannot be served: %s; the configuration and plugins that "
		  "served last are in force until a reload finds it repaired",
		  why);
	atomic_store(&blocks_missing, missing);
}

void fallback_ends(void)
{
	atomic_store(&blocks_missing, 0);
	set_metric(0);
}

bool fallback_wants_reload(void)
{
	static unsigned ticks;
	if (!atomic_load(&blocks_missing) || ++ticks < RETRY_TICKS)
		return false;
	ticks = 0;
	return true;
}
