/*
 * timeouts: how long connections may take, and how many queries they may bring.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/server.h>

#define SECOND 1000000000
#define DAY (24 * 3600ll * SECOND)

static int read_queries(sodns_setup_t *s, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);
	if (!*text || *end)
		return sodns_error(s,
				   "invalid value for maxtcpqueries '%s': strconv.Atoi: parsing "
				   "\"%s\": invalid syntax",
				   text, text);
	if (!n || n < -1 || n > INT_MAX)
		return sodns_error(s,
				   "maxtcpqueries provided '%ld' needs to be -1 (unlimited) or a "
				   "positive integer",
				   n);
	sodns_server_stream_queries(s, n < 0 ? 0 : (uint32_t)n);
	return SODNS_OK;
}

/* A bare number is seconds. */
static int read_duration(sodns_setup_t *s, const char *text, int64_t *ns)
{
	char shown[40], *end;
	long seconds = strtol(text, &end, 10);
	if (*text && !*end && seconds >= 0 && seconds < INT_MAX)
		*ns = seconds * (int64_t)SECOND;
	else if (sodns_duration_from_text(text, ns))
		return sodns_error(s, "failed to parse duration '%s'", text);
	sodns_duration_to_text(*ns, shown);
	if (*ns < SECOND || *ns > DAY)
		return sodns_error(
			s, "timeout provided '%s' needs to be between 1 second and 24 hours",
			shown);
	return SODNS_OK;
}

static int read_property(sodns_setup_t *s)
{
	const char *property = sodns_setup_value(s);
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1)
		return sodns_error_args(s);
	if (!strcmp(property, "maxtcpqueries"))
		return read_queries(s, args[0]);
	int rc = read_duration(s, args[0], &ns);
	if (rc)
		return rc;
	uint32_t ms = (uint32_t)(ns / 1000000);
	if (!strcmp(property, "read"))
		sodns_server_timeouts(s, ms, 0, 0);
	else if (!strcmp(property, "write"))
		sodns_server_timeouts(s, 0, ms, 0);
	else if (!strcmp(property, "idle"))
		sodns_server_timeouts(s, 0, 0, ms);
	else
		return sodns_error(s, "unknown option: '%s'", property);
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	while (sodns_setup_next(s)) {
		bool any = false;
		if (sodns_setup_arg(s))
			return sodns_error_args(s);
		for (; sodns_setup_block(s); any = true) {
			int rc = read_property(s);
			if (rc)
				return rc;
		}
		if (!any)
			return sodns_error(s, "timeouts block with no timeouts specified");
	}
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "timeouts", .version = SODNS_SDK_VERSION, .setup = setup);
