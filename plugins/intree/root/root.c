/*
 * root: where the relative paths of a server block begin.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/file.h>
#include <sodns/plugin.h>
#include <sodns/server.h>

struct root {
	const char *folder;
};

static const sodns_option_t args[] = {
	{"PATH", SODNS_OPT_TEXT, SODNS_FIELD(struct root, folder), .help = "a folder"},
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.help = "where the relative paths of a server block begin",
};

static int setup(sodns_setup_t *s)
{
	struct root r = {0};
	if (sodns_setup_read_all(s, &r))
		return SODNS_EINVAL;
	const char *root = r.folder;
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

SODNS_PLUGIN(.name = "root", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options);
