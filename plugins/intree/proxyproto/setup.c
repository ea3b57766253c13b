/*
 * The directive: proxyproto, with a block of properties or without one.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodns/share.h>

#include "proxyproto.h"

#define MAX_SESSIONS 10240

static int read_allow(sodns_setup_t *s, struct proxyproto *pp)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	sodns_prefix_t *all = sodns_setup_alloc(s, (pp->allowed_count + count) * sizeof(*all));
	if (pp->allowed_count)
		memcpy(all, pp->allowed, pp->allowed_count * sizeof(*all));
	pp->allowed = all;
	for (size_t i = 0; i < count; i++)
		if (!strchr(args[i], '/') ||
		    sodns_prefix_from_text(args[i], &all[pp->allowed_count++]))
			return sodns_error(s, "%s: invalid CIDR address: %s", args[i], args[i]);
	return SODNS_OK;
}

static int read_default(sodns_setup_t *s, struct proxyproto *pp, bool *set)
{
	static const char *const policies[] = {"use", "ignore", "reject", "skip"};
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	for (unsigned i = 0; count == 1 && i < sizeof(policies) / sizeof(*policies); i++)
		if (!strcasecmp(args[0], policies[i])) {
			pp->others = (enum policy)i;
			*set = true;
			return SODNS_OK;
		}
	return sodns_error_args(s);
}

static int read_tracking(sodns_setup_t *s, struct proxyproto *pp)
{
	size_t count;
	int64_t ns;
	const char *const *args = sodns_setup_args(s, &count);
	if (count < 1 || count > 2)
		return sodns_error_args(s);
	if (sodns_duration_from_text(args[0], &ns))
		return sodns_error(s,
				   "udp_session_tracking: invalid duration \"%s\": time: invalid "
				   "duration \"%s\"",
				   args[0], args[0]);
	pp->ttl = ns > 0 ? (uint64_t)ns : 0;
	if (count == 1)
		return SODNS_OK;
	char *end;
	long n = strtol(args[1], &end, 10);
	if (*end || n <= 0 || n > INT32_MAX)
		return sodns_error(s,
				   "udp_session_tracking: invalid max sessions \"%s\": must be a "
				   "positive integer",
				   args[1]);
	pp->max_sessions = (uint32_t)n;
	return SODNS_OK;
}

static int read_property(sodns_setup_t *s, struct proxyproto *pp, bool *default_set)
{
	const char *property = sodns_setup_value(s);
	if (!strcmp(property, "allow"))
		return read_allow(s, pp);
	if (!strcmp(property, "default"))
		return read_default(s, pp, default_set);
	if (!strcmp(property, "udp_session_tracking"))
		return read_tracking(s, pp);
	return sodns_error(s, "unknown option '%s'", property);
}

static int setup(sodns_setup_t *s)
{
	struct proxyproto *pp = sodns_setup_alloc(s, sizeof(*pp));
	bool default_set = false;
	pp->others = POLICY_IGNORE;
	pp->max_sessions = MAX_SESSIONS;
	while (sodns_setup_next(s)) {
		int rc = sodns_setup_arg(s) ? sodns_error_args(s) : SODNS_OK;
		while (!rc && sodns_setup_block(s))
			rc = read_property(s, pp, &default_set);
		if (rc)
			return rc;
	}
	if (!pp->allowed_count && !default_set)
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

SODNS_PLUGIN(.name = "proxyproto", .version = SODNS_SDK_VERSION, .setup = setup, .prepare = prepare,
	     .teardown = teardown, .ability = ability);
