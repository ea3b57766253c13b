/*
 * metadata: lets plugins tell each other what they know about a query.
 */
#include <sodns/plugin.h>
#include <sodns/server.h>

static int setup(sodns_setup_t *s)
{
	size_t count;
	sodns_setup_next(s);
	const uint8_t *const *zones = sodns_setup_zone_args(s, &count);
	if (!zones)
		return SODNS_EINVAL;
	if (sodns_setup_block(s) || sodns_setup_next(s))
		return sodns_error_args(s);
	sodns_server_metadata(s, zones, count);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "metadata", .version = SODNS_SDK_VERSION, .setup = setup);
