/*
 * timeouts: how long connections may take, and how many queries they may bring.
 */
#include <limits.h>

#include <sodns/plugin.h>
#include <sodns/server.h>

/* 0: not in the Corefile. */
struct timeouts {
	uint64_t read, write, idle; /* ns */
	int32_t queries;
};

#define QUERIES_SAYS                                                                               \
	"maxtcpqueries provided '{value}' needs to be -1 (unlimited) or a positive integer"

static int check_queries(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	const struct timeouts *t = to;
	(void)o;
	(void)word;
	return t->queries ? SODNS_OK
			  : sodns_error(s, "maxtcpqueries provided '0' needs to be -1 (unlimited) "
					   "or a positive integer");
}

#define TIMEOUT(word, what, is)                                                                    \
	{                                                                                          \
#word, SODNS_OPT_DURATION, SODNS_FIELD(struct timeouts, word),                     \
			.min = (int64_t)SODNS_SECOND, .max = 24 * 3600 * (int64_t)SODNS_SECOND,    \
			.flags = SODNS_OPT_BARE_SECONDS, .help = what, .otherwise = is,            \
			.says = {                                                                  \
				.bad = "failed to parse duration '{}'",                            \
			       .low = "timeout provided '{value}' needs to be between 1 second "   \
				      "and 24 hours" }                                             \
	}
static const sodns_option_t properties[] = {
	TIMEOUT(read, "for a query to arrive", "3s"),
	TIMEOUT(write, "for an answer to leave", "5s"),
	TIMEOUT(idle, "between queries", "10s"),
	{"maxtcpqueries", SODNS_OPT_NUMBER, SODNS_FIELD(struct timeouts, queries), .min = -1,
	 .max = INT_MAX, .form = "MAXIMUM", .check = check_queries, .otherwise = "-1",
	 .help = "queries of a connection, -1: any number",
	 .says = {.bad = "invalid value for maxtcpqueries '{}': " SODNS_SAYS_ATOI,
		  .low = QUERIES_SAYS}},
};
static const sodns_options_t options = {
	.properties = SODNS_ROWS(properties),
	.says = {.unknown = "unknown option: '{}'",
		 .empty = "timeouts block with no timeouts specified"},
	.help = "how long connections may take",
};

static int setup(sodns_setup_t *s)
{
	struct timeouts t = {0};
	if (sodns_setup_read_all(s, &t))
		return SODNS_EINVAL;
	sodns_server_timeouts(s, t.read, t.write, t.idle);
	if (t.queries)
		sodns_server_stream_queries(s, t.queries < 0 ? 0 : (uint32_t)t.queries);
	return SODNS_OK;
}

SODNS_PLUGIN(.name = "timeouts", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options);
