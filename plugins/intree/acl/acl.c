/*
 * acl: lets queries pass, or blocks, filters or drops them, by zone, type and source address.
 */
#include <string.h>

#include "acl.h"

/* Extended DNS errors, RFC 8914, 4.16 and 4.18. */
#define OPTION_EDE 15
#define EDE_BLOCKED 15
#define EDE_FILTERED 17

static bool has_type(const struct policy *p, uint16_t type)
{
	for (size_t i = 0; i < p->type_count; i++)
		if (p->types[i] == type)
			return true;
	return p->every_type;
}

static enum action action_of(const struct rule *rule, const sodns_query_t *q)
{
	const sodns_address_t *peer = sodns_query_peer(q);
	uint8_t address[16] = {0};
	memcpy(address, peer->bytes, peer->family == 4 ? 4 : 16);
	for (size_t i = 0; i < rule->policy_count; i++) {
		const struct policy *p = &rule->policies[i];
		if (has_type(p, sodns_query_type(q)) &&
		    prefixes_contain(peer->family == 4 ? &p->v4 : &p->v6, address))
			return p->action;
	}
	return ACTION_NONE;
}

/* The counter of what happened; the zone is left out where queries are allowed. */
static void count(const sodns_query_t *q, enum action action, const char *zone)
{
	static const char *const zoned[] = {"server", "zone", "view", NULL};
	static const char *const plain[] = {"server", "view", NULL};
	static const sodns_family_t families[ACTIONS] = {
		[ACTION_ALLOW] = {.name = "coredns_acl_allowed_requests_total",
				  .help = "Counter of DNS requests being allowed.",
				  .labels = plain},
		[ACTION_BLOCK] = {.name = "coredns_acl_blocked_requests_total",
				  .help = "Counter of DNS requests being blocked.",
				  .labels = zoned},
		[ACTION_FILTER] = {.name = "coredns_acl_filtered_requests_total",
				   .help = "Counter of DNS requests being filtered.",
				   .labels = zoned},
		[ACTION_DROP] = {.name = "coredns_acl_dropped_requests_total",
				 .help = "Counter of DNS requests being dropped.",
				 .labels = zoned},
	};
	const char *server = sodns_query_server(q), *view = sodns_query_view(q);
	const char *with[] = {server, zone, view}, *without[] = {server, view};
	sodns_metric_count(&families[action], zone ? with : without, 1);
}

static sodns_reply_t *refuse(sodns_query_t *q, enum action action)
{
	bool block = action == ACTION_BLOCK;
	const uint8_t code[2] = {0, block ? EDE_BLOCKED : EDE_FILTERED};
	sodns_reply_t *r = sodns_reply(q);
	sodns_reply_set_rcode(r, block ? SODNS_REFUSED : SODNS_NOERROR);
	sodns_reply_add_option(r, OPTION_EDE, code, sizeof(code));
	return r;
}

sodns_reply_t *acl_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct acl *a = h->self;
	for (size_t i = 0; i < a->count; i++) {
		const struct rule *rule = &a->rules[i];
		int zone = sodns_query_match(q, rule->zones, rule->zone_count);
		enum action action = zone < 0 ? ACTION_NONE : action_of(rule, q);
		if (action == ACTION_ALLOW)
			break;
		if (action == ACTION_NONE)
			continue;
		count(q, action, rule->zone_texts[zone]);
		return action == ACTION_DROP ? sodns_drop(q) : refuse(q, action);
	}
	count(q, ACTION_ALLOW, NULL);
	return sodns_next(h, q);
}
