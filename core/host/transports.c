/*
 * Transports that plugins bring (sodns/transport.h), found by the scheme of a key.
 */
#include <stdio.h>
#include <string.h>

#include "host/host.h"

/* The transport of the plugin with this name; NULL: there is no such plugin, or it brings none. An
 * error other than that is in err. */
static const sodns_transport_t *of_plugin(const plugin_cfg_t *c, const char *name, char *err,
					  size_t err_size)
{
	const plugin_entry_t *e = plugin_cfg_find(c, name);
	const plugin_t *p = e && !e->later && !e->broken ? plugin_open(e, err, err_size) : NULL;
	return p && p->r.ability ? p->r.ability(NULL, SODNS_ABILITY_TRANSPORT) : NULL;
}

const sodns_transport_t *plugin_transport(const plugin_cfg_t *c, const char *scheme, char *err,
					  size_t err_size)
{
	static const char *const formats[] = {"%s_server", "%s"};
	*err = 0;
	for (size_t i = 0; i < 2; i++) {
		char name[64];
		snprintf(name, sizeof(name), formats[i], scheme);
		const sodns_transport_t *t = of_plugin(c, name, err, err_size);
		if (t && !strcmp(t->scheme, scheme))
			return t;
	}
	if (!*err)
		snprintf(err, err_size, "no plugin provides the transport '%s'", scheme);
	return NULL;
}
