/*
 * shed: drops UDP queries while too many of their socket's are waiting.
 */
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/server.h>

#define DEPTH 1024

static int setup(sodns_setup_t *s)
{
	static const char *const labels[] = {"server", "reason", NULL};
	static const sodns_family_t family = {
		.name = "coredns_shed_dropped_total",
		.help = "Counter of queries and responses dropped, per server, by reason.",
		.labels = labels};
	const char *transport;
	for (unsigned i = 0; sodns_setup_next(s); i++) {
		if (i)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		if (sodns_setup_arg(s))
			return sodns_error_args(s);
		if (sodns_setup_block(s))
			return sodns_error(s, "shed takes no options");
	}
	for (size_t i = 0; (transport = sodns_setup_transport(s, i)); i++)
		if (strcmp(transport, "dns"))
			return sodns_error(s,
					   "only plain DNS server blocks are supported; \"%s\" "
					   "uses transport \"%s\"",
					   sodns_setup_key(s), transport);
	sodns_server_shed(s, DEPTH, &family);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "shed", .version = SODNS_SDK_VERSION, .setup = setup);
