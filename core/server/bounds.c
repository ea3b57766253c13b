/*
 * What the process begins with, by its parent's page, and what it gives up when its configuration is set
 * up.
 */
#include <sodns/log.h>

#include "task/watchdog.h"
#include "server/server.h"

/* What the parent says of where the configuration is put, and where it is taken from. */
void orders_take(void)
{
	const supervisor_page_t *p = supervisor_page;
	watchdog_begin();
	supervisor_thread();
	supervisor_catch_crashes(crash_look);
	host_step = crash_step;
	if (!p)
		return;
	host.stage = *p->stage ? p->stage : NULL;
	host.staged = *p->staged ? p->staged : NULL;
	host.before = *p->before ? p->before : NULL;
}

/* What the process may open since it has gone into its sandbox. */
static sandbox_t granted;
static bool sandboxed;

/* Plugins have said what they will open, nothing from outside has been read, and there are no threads: from
 * here on the process has what its configuration names. */
void bounds_enter(const control_options_t *o, const generation_t *g)
{
	char missing[256] = "";
	if (!o->sandbox || !supervisor_is_there() || !sandbox_is_built())
		return;
	for (size_t i = 0; i < g->opens.count; i++)
		sandbox_add(&granted, g->opens.rules[i].path, g->opens.rules[i].writes);
	sandbox_add_system(&granted);
	sandboxed = sandbox_enter(&granted, missing, sizeof(missing));
	if (*missing)
		sodns_log(SODNS_LOG_WARNING, NULL,
			  "This kernel lacks %s: the serving process may do more than it has to",
			  missing);
}

/* What a process without this one's bounds has tried needs them to be wider. */
bool bounds_outgrown_by(const generation_t *g)
{
	return sandboxed && (!g || !sandbox_covers(&granted, &g->opens));
}
