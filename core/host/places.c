/*
 * Where plugin.cfg and the plugins are, unless flags say it. Both have a fixed place relative to
 * libsodns: beside it in a build tree, some folders up and down from it where it is installed. So
 * an installation may be moved as a whole, and a package can be tried from any folder.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/host.h"
#include "system/library.h"

/* From libsodns's folder; CMakeLists.txt works them out for each installation. */
#ifndef SODNS_PLUGIN_DIR
#define SODNS_PLUGIN_DIR "sodns/plugins"
#endif
#ifndef SODNS_CONF_DIR
#define SODNS_CONF_DIR "../etc/sodns"
#endif

/* A folder as people write it, without "..", if it is there. */
static void join(char out[PATH_MAX], const char *folder, const char *relative)
{
	char joined[2 * PATH_MAX];
	snprintf(joined, sizeof(joined), "%s%s", folder, relative);
	char *real = realpath(joined, NULL);
	snprintf(out, PATH_MAX, "%.4000s", real ? real : joined);
	free(real);
}

void host_find_plugins(void)
{
	static char cfg[PATH_MAX + 16], dir[PATH_MAX];
	char here[PATH_MAX], folder[PATH_MAX];
	library_folder(here, sizeof(here));
	join(folder, *here ? here : "./", "");
	join(dir, folder, "/plugins");
	/* A link at the file's own place is followed each time it is read. */
	snprintf(cfg, sizeof(cfg), "%s/plugin.cfg", folder);
	if (access(dir, X_OK) || access(cfg, R_OK)) {
		join(dir, folder, "/" SODNS_CONF_DIR);
		snprintf(cfg, sizeof(cfg), "%s/plugin.cfg", dir);
		join(dir, folder, "/" SODNS_PLUGIN_DIR);
	}
	if (!host.plugin_cfg)
		host.plugin_cfg = cfg;
	if (!host.plugin_dir)
		host.plugin_dir = dir;
}
