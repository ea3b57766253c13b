/*
 * root: where the relative paths of a server block begin.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/file.h>
#include <sodns/plugin.h>
#include <sodns/server.h>

static int setup(sodns_setup_t *s)
{
	const char *root = NULL;
	while (sodns_setup_next(s)) {
		root = sodns_setup_arg(s);
		if (!root)
			return sodns_error_args(s);
	}
	struct stat st;
	char place[1024];
	if (stat(root, &st)) {
		if (errno != ENOENT)
			return sodns_error(s, "unable to access root path '%s': %s%s", root,
					   strerror(errno),
					   sodns_file_place(root, place, sizeof(place)));
		sodns_log(SODNS_LOG_WARNING, "root", "Root path does not exist: %s%s", root,
			  sodns_file_place(root, place, sizeof(place)));
	}
	sodns_server_root(s, root);
	return 0;
}

SODNS_PLUGIN(.name = "root", .version = SODNS_SDK_VERSION, .setup = setup);
