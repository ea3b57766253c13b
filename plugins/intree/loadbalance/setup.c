/*
 * The directive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadbalance.h"

#define RELOAD_DEFAULT 30000000000u

static int read_prefer(sodns_setup_t *s, struct loadbalance *l)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	sodns_prefix_t *all = sodns_setup_alloc(s, (l->prefer_count + count) * sizeof(*all));
	if (l->prefer_count)
		memcpy(all, l->prefer, l->prefer_count * sizeof(*all));
	l->prefer = all;
	for (size_t i = 0; i < count; i++) {
		if (!strchr(args[i], '/') || sodns_prefix_from_text(args[i], &all[l->prefer_count]))
			return sodns_error(s, "invalid CIDR \"%s\": invalid CIDR address: %s",
					   args[i], args[i]);
		l->prefer_count++;
	}
	return SODNS_OK;
}

static int read_reload(sodns_setup_t *s, struct loadbalance *l)
{
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error(s, "reload duration value is missing");
	if (count > 1)
		return sodns_error(s, "unexpected argument");
	if (sodns_duration_from_text(args[0], &ns))
		return sodns_error(s, "invalid reload duration '%s'", args[0]);
	if (ns < 0)
		return sodns_error(s, "reload duration must not be negative: '%s'", args[0]);
	l->reload = (uint64_t)ns;
	return SODNS_OK;
}

static int read_policy(sodns_setup_t *s, struct loadbalance *l)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	l->weighted = count && !strcmp(args[0], "weighted");
	if (l->weighted) {
		if (count < 2)
			return sodns_error(s, "missing weight file argument");
		if (count > 2)
			return sodns_error(s, "unexpected argument(s)");
		l->path = sodns_setup_path(s, args[1]);
		return SODNS_OK;
	}
	if (count && strcmp(args[0], "round_robin"))
		return sodns_error(s, "unknown policy: %s", args[0]);
	if (count > 1)
		return sodns_error(s, "unknown property for %s", args[0]);
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct loadbalance *l = sodns_setup_alloc(s, sizeof(*l));
	l->reload = RELOAD_DEFAULT;
	while (sodns_setup_next(s)) {
		int rc = read_policy(s, l);
		while (!rc && sodns_setup_block(s)) {
			const char *property = sodns_setup_value(s);
			if (!l->weighted && !strcmp(property, "prefer"))
				rc = read_prefer(s, l);
			else if (l->weighted && !strcmp(property, "reload"))
				rc = read_reload(s, l);
			else
				rc = sodns_error_property(s);
		}
		if (rc)
			return rc;
	}
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "loadbalance", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = loadbalance_serve, .prepare = loadbalance_prepare,
	     .start = loadbalance_start, .teardown = loadbalance_teardown);
