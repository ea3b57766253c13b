/*
 * multisocket: several sockets at one address. sodns has one for each worker anyway, so that there is
 * nothing to do but to look at the number.
 */
#include <sodns/plugin.h>

struct multisocket {
	uint32_t sockets;
};

static const sodns_option_t args[] = {
	{"NUM_SOCKETS", SODNS_OPT_NUMBER, SODNS_FIELD(struct multisocket, sockets), .min = 1,
	 .max = 1024, .flags = SODNS_OPT_OPTIONAL,
	 .help = "taken, but there is one for each worker",
	 .says = {.bad = "invalid num sockets: " SODNS_SAYS_ATOI,
		  .low = "num sockets can not be zero or negative: {value}",
		  .high = "num sockets exceeds maximum ({max}): {value}"}},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.repeats = SODNS_ONCE,
					.says.again = SODNS_SAYS_ARGS,
					.help = "several sockets at one address"};

static int setup(sodns_setup_t *s)
{
	struct multisocket m;
	return sodns_setup_read_all(s, &m);
}

SODNS_PLUGIN(.name = "multisocket", .version = SODNS_SDK_VERSION, .setup = setup,
	     .options = &options);
