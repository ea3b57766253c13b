/*
 * shed: drops UDP queries while too many of their socket's are waiting.
 */
#include <string.h>

#include <sodns/ability.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/server.h>

#define DEPTH 1024

static void count(const sodns_query_t *q)
{
	static const char *const labels[] = {"server", "reason", NULL};
	static const sodns_family_t family = {
		.name = "coredns_shed_dropped_total",
		.help = "Counter of queries and responses dropped, per server, by reason.",
		.labels = labels};
	const char *const values[] = {sodns_query_server(q), "query"};
	sodns_metric_count(&family, values, 1);
}

static enum sodns_verdict admit(void *self, sodns_query_t *q)
{
	(void)self;
	if (sodns_query_waiting(q) < DEPTH)
		return SODNS_PASS;
	count(q);
	return SODNS_DISCARD;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_admit_ability_t ability = {.size = sizeof(ability), .admit = admit};
	(void)self;
	return strcmp(id, SODNS_ABILITY_ADMIT) ? NULL : &ability;
}

static const sodns_options_t options = {.repeats = SODNS_ONCE,
					.says.block = "shed takes no options",
					.help = "drops UDP queries while too many wait"};

static int setup(sodns_setup_t *s)
{
	const char *transport;
	if (sodns_setup_read_all(s, NULL))
		return SODNS_EINVAL;
	for (size_t i = 0; (transport = sodns_setup_transport(s, i)); i++)
		if (strcmp(transport, "dns"))
			return sodns_error(s,
					   "only plain DNS server blocks are supported; \"%s\" "
					   "uses transport \"%s\"",
					   sodns_setup_key(s), transport);
	return sodns_add_instance(s, NULL);
}

SODNS_PLUGIN(.name = "shed", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .ability = ability);
