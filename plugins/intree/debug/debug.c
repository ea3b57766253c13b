/*
 * debug: turns debug lines on, for the whole process.
 */
#include <sodns/plugin.h>
#include <sodns/server.h>

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s))
		if (sodns_setup_alone(s))
			return SODNS_EINVAL;
	sodns_server_debug(s);
	return 0;
}

SODNS_PLUGIN(.name = "debug", .version = SODNS_SDK_VERSION, .setup = setup);
