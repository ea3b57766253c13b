/*
 * debug: turns debug lines on, for the whole process.
 */
#include <sodns/plugin.h>
#include <sodns/server.h>

static const sodns_options_t options = {.help = "turns debug lines on"};

static int setup(sodns_setup_t *s)
{
	if (sodns_setup_read_all(s, NULL))
		return SODNS_EINVAL;
	sodns_server_debug(s);
	return 0;
}

SODNS_PLUGIN(.name = "debug", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options);
