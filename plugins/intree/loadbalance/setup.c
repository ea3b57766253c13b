/*
 * The directive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadbalance.h"

static int check_property(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const struct loadbalance *l = to;
	(void)word;
	return l->weighted == !strcmp(o->name, "reload")
		       ? SODNS_OK
		       : sodns_error(s, "unknown property '%s'", o->name);
}

static const sodns_option_t weighted[] = {
	{"WEIGHTFILE", SODNS_OPT_PATH, SODNS_FIELD(struct loadbalance, path),
	 .help = "names, addresses and weights", .says.missing = "missing weight file argument"},
};
static const sodns_option_t args[] = {
	{"round_robin", SODNS_OPT_GROUP, .flags = SODNS_OPT_KEYWORD, .help = "the default",
	 .says.extra = "unknown property for round_robin"},
	{"weighted", SODNS_OPT_GROUP, SODNS_GIVEN(struct loadbalance, weighted),
	 .flags = SODNS_OPT_KEYWORD, .args = SODNS_ROWS(weighted),
	 .help = "one in front, by weight", .says.extra = "unexpected argument(s)"},
};
static const sodns_option_t properties[] = {
	{"prefer", SODNS_OPT_PREFIX, SODNS_LIST(struct loadbalance, prefer, prefer_count),
	 .flags = SODNS_OPT_OPTIONAL, .check = check_property, .form = "CIDR...",
	 .help = "networks that come first, with round_robin",
	 .says.bad = "invalid CIDR \"{}\": invalid CIDR address: {}"},
	{"reload", SODNS_OPT_DURATION, SODNS_FIELD(struct loadbalance, reload), .fallback = "30s",
	 .check = check_property, .help = "how often the file is looked at, with weighted",
	 .says = {.missing = "reload duration value is missing",
		  .extra = "unexpected argument",
		  .bad = "invalid reload duration '{}'",
		  .low = "reload duration must not be negative: '{}'"}},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.says.extra = "unknown policy: {}",
					.help = "the order of addresses in answers"};

static int setup(sodns_setup_t *s)
{
	struct loadbalance *l = sodns_setup_alloc(s, sizeof(*l));
	return sodns_setup_read_all(s, l) ? SODNS_EINVAL : sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "loadbalance", .version = SODNS_SDK_VERSION, .setup = setup,
	     .options = &options, .serve_dns = loadbalance_serve, .prepare = loadbalance_prepare,
	     .start = loadbalance_start, .teardown = loadbalance_teardown);
