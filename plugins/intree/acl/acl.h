/*
 * acl: rules that hold for zones, each a list of policies; a policy is an action for some types from
 * some networks.
 */
#ifndef ACL_H
#define ACL_H

#include <sodns/metrics.h>
#include <sodns/plugin.h>

/* Networks of one family that do not touch: the first and last address of each, in order. A look-up
 * is a binary search. */
struct range {
	uint8_t first[16], last[16];
};
struct prefixes {
	struct range *ranges;
	size_t count;
	bool all;
};

enum action { ACTION_NONE, ACTION_ALLOW, ACTION_BLOCK, ACTION_FILTER, ACTION_DROP, ACTIONS };

struct policy {
	enum action action;
	bool every_type;
	uint16_t *types;
	size_t type_count;
	sodns_prefix_t *nets; /* as they are written */
	size_t net_count;
	struct prefixes v4, v6;
};

struct rule {
	const uint8_t *const *zones;
	char **zone_texts;
	size_t zone_count;
	struct policy *policies;
	size_t policy_count;
};

struct acl {
	struct rule *rules;
	size_t count;
};

/* Takes the networks and puts them in order; they are freed with the configuration. */
void prefixes_build(sodns_setup_t *s, struct prefixes *p, const sodns_prefix_t *nets, size_t count,
		    uint8_t family);
bool prefixes_contain(const struct prefixes *p, const uint8_t address[16]);

sodns_reply_t *acl_serve(const sodns_handler_t *h, sodns_query_t *q);

#endif
