/*
 * What to blame while a configuration is set up.
 */
#include <stdio.h>

#include "host/host.h"

void (*host_step)(const char *plugin, const char *doing);

void step_begin(const plugin_entry_t *e, const char *file, int line, const char *doing)
{
	char text[512];
	if (!host_step)
		return;
	int n = snprintf(text, sizeof(text), "in its %s", doing);
	if (file)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " at %.120s:%d", file, line);
	snprintf(text + n, sizeof(text) - (size_t)n, " (%.120s:%d, %.200s)", e->cfg, e->line,
		 e->path);
	host_step(e->name, text);
}

void step_begin_instance(const instance_t *i, const char *doing)
{
	const plugin_entry_t *e = plugin_cfg_find(i->block->generation->plugins, i->plugin->name);
	if (e)
		step_begin(e, i->file, i->line, doing);
}

void step_end(void)
{
	if (host_step)
		host_step(NULL, NULL);
}
