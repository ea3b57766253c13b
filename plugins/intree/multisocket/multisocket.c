/*
 * multisocket: several sockets at one address. sodns has one for each worker anyway, so that there is
 * nothing to do but to look at the number.
 */
#include <stdlib.h>

#include <sodns/plugin.h>

#define SOCKETS_MAX 1024

static int setup(sodns_setup_t *s)
{
	size_t count;
	char *end;
	sodns_setup_next(s);
	const char *const *args = sodns_setup_args(s, &count);
	const char *text = count ? args[0] : "1";
	if (count > 1 || sodns_setup_next(s))
		return sodns_error_args(s);
	long n = strtol(text, &end, 10);
	if (!*text || *end)
		return sodns_error(
			s, "invalid num sockets: strconv.Atoi: parsing \"%s\": invalid syntax",
			text);
	if (n < 1)
		return sodns_error(s, "num sockets can not be zero or negative: %ld", n);
	if (n > SOCKETS_MAX)
		return sodns_error(s, "num sockets exceeds maximum (%d): %ld", SOCKETS_MAX, n);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "multisocket", .version = SODNS_SDK_VERSION, .setup = setup);
