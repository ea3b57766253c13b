/*
 * The directive: proxyproto, with a block of properties or without one.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/share.h>

#include "proxyproto.h"

#define MAX_SAYS "udp_session_tracking: invalid max sessions \"{}\": must be a positive integer"

static const char *const policies[] = {
	[POLICY_USE] = "use",
	[POLICY_IGNORE] = "ignore",
	[POLICY_REJECT] = "reject",
	[POLICY_SKIP] = "skip",
};
static const sodns_option_t tracking[] = {
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct proxyproto, ttl),
	 .flags = SODNS_OPT_CLAMP, .help = "after the last datagram",
	 .says.bad = "udp_session_tracking: invalid duration \"{}\": {why}"},
	{"MAX", SODNS_OPT_NUMBER, SODNS_FIELD(struct proxyproto, max_sessions), .min = 1,
	 .max = INT32_MAX, .flags = SODNS_OPT_OPTIONAL, .fallback = "10240", .help = "sessions",
	 .says = {.bad = MAX_SAYS, .low = MAX_SAYS}},
};
static const sodns_option_t properties[] = {
	{"allow", SODNS_OPT_PREFIX, SODNS_LIST(struct proxyproto, allowed, allowed_count),
	 .flags = SODNS_OPT_OPTIONAL, .otherwise = "all", .form = "CIDR...",
	 .help = "networks whose headers are believed", .says.bad = "{}: invalid CIDR address: {}"},
	{"default", SODNS_OPT_WORD, SODNS_FIELD(struct proxyproto, others),
	 SODNS_GIVEN(struct proxyproto, others_given), .words = SODNS_WORDS(policies),
	 .flags = SODNS_OPT_ANY_CASE, .fallback = "ignore",
	 .help = "what becomes of other peers' headers", .says = {.bad = SODNS_SAYS_ARGS}},
	{"udp_session_tracking", SODNS_OPT_GROUP, .args = SODNS_ROWS(tracking),
	 .help = "keeps what a header said for datagrams without one"},
};
static const sodns_options_t options = {.properties = SODNS_ROWS(properties),
					.says.unknown = "unknown option '{}'",
					.help = "believes a proxy which says where clients are"};

static int setup(sodns_setup_t *s)
{
	struct proxyproto *pp = sodns_setup_alloc(s, sizeof(*pp));
	if (sodns_setup_read_all(s, pp))
		return SODNS_EINVAL;
	if (!pp->allowed_count && !pp->others_given)
		pp->others = POLICY_USE;
	return sodns_add_instance(s, pp);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct proxyproto *pp = self;
	if (!pp->ttl)
		return SODNS_OK;
	pp->sessions = calloc(sodns_workers(), sizeof(*pp->sessions));
	pp->worker_count = pp->sessions ? sodns_workers() : 0;
	bool all = pp->sessions != NULL;
	for (size_t i = 0; i < pp->worker_count; i++) {
		pp->sessions[i] = sessions_new(pp->max_sessions);
		all &= pp->sessions[i] != NULL;
	}
	return all ? SODNS_OK
		   : sodns_prepare_error(p, "no memory for %u sessions", pp->max_sessions);
}

static void teardown(void *self)
{
	struct proxyproto *pp = self;
	for (size_t i = 0; i < pp->worker_count; i++)
		sessions_free(pp->sessions[i]);
	free(pp->sessions);
}

static bool is_allowed(const struct proxyproto *pp, const sodns_prefix_t *prefix)
{
	for (size_t i = 0; i < pp->allowed_count; i++)
		if (pp->allowed[i].bits == prefix->bits &&
		    sodns_address_equal(&pp->allowed[i].address, &prefix->address))
			return true;
	return false;
}

static bool allows_all_of(const struct proxyproto *pp, const struct proxyproto *other)
{
	for (size_t i = 0; i < other->allowed_count; i++)
		if (!is_allowed(pp, &other->allowed[i]))
			return false;
	return true;
}

/* In whatever order the networks stand. */
static bool agrees(const void *self, const void *other)
{
	const struct proxyproto *a = self, *b = other;
	return a->others == b->others && a->ttl == b->ttl &&
	       (!a->ttl || a->max_sessions == b->max_sessions) && allows_all_of(a, b) &&
	       allows_all_of(b, a);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_preface_ability_t preface = {.size = sizeof(preface),
							.datagram = proxyproto_datagram,
							.stream = proxyproto_stream,
							.agrees = agrees};
	(void)self;
	return strcmp(id, SODNS_ABILITY_PREFACE) ? NULL : &preface;
}

SODNS_PLUGIN(.name = "proxyproto", .version = SODNS_SDK_VERSION, .setup = setup,
	     .options = &options, .prepare = prepare, .teardown = teardown, .ability = ability);
