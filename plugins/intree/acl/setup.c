/*
 * The directive: acl [ZONES...] { ACTION [type QTYPE...] [net SOURCE...] }.
 */
#include <stdio.h>
#include <string.h>

#include "acl.h"

/* Types are written in capitals, as CoreDNS wants them. Behind a "*" nothing counts. */
static int read_type(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct policy *p = to;
	bool capitals = true;
	(void)o;
	p->every_type |= !strcmp(word, "*");
	if (p->every_type)
		return SODNS_OK;
	for (const char *c = word; *c; c++)
		capitals &= !(*c >= 'a' && *c <= 'z');
	uint16_t type = capitals ? sodns_type_from_text(word) : 0;
	if (!type)
		return sodns_error(s, "unexpected token \"%s\"; expect legal QTYPE", word);
	*(uint16_t *)sodns_setup_list_add(s, &p->types, &p->type_count, sizeof(type)) = type;
	return SODNS_OK;
}

static int read_net(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct policy *p = to;
	sodns_prefix_t net;
	(void)o;
	p->v4.all |= !strcmp(word, "*");
	if (p->v4.all)
		return SODNS_OK;
	if (sodns_prefix_from_text(word, &net))
		return sodns_error(s, "illegal CIDR notation \"%s%s\"", word,
				   strchr(word, '/')   ? ""
				   : strchr(word, ':') ? "/128"
						       : "/32");
	*(sodns_prefix_t *)sodns_setup_list_add(s, &p->nets, &p->net_count, sizeof(net)) = net;
	return SODNS_OK;
}

static int finish_policy(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	static const char actions[] = {[ACTION_ALLOW] = 'a',
				       [ACTION_BLOCK] = 'b',
				       [ACTION_FILTER] = 'f',
				       [ACTION_DROP] = 'd'};
	struct policy *p = to;
	(void)word;
	while (actions[p->action] != *o->name)
		p->action++;
	p->every_type |= !p->type_count;
	p->v4.all |= !p->net_count;
	p->v6.all = p->v4.all;
	prefixes_build(s, &p->v4, p->nets, p->net_count, 4);
	prefixes_build(s, &p->v6, p->nets, p->net_count, 6);
	return SODNS_OK;
}

#define SECTION_SAYS                                                                               \
	{                                                                                          \
		.missing = "no token specified in \"{name}\" section"                              \
	}
static const sodns_option_t sections[] = {
	{"type", SODNS_OPT_PARSE, .parse = read_type, .form = "QTYPE...", .says = SECTION_SAYS,
	 .flags = SODNS_OPT_KEYWORD | SODNS_OPT_MANY | SODNS_OPT_ANY_CASE},
	{"net", SODNS_OPT_PARSE, .parse = read_net, .form = "SOURCE...", .says = SECTION_SAYS,
	 .flags = SODNS_OPT_KEYWORD | SODNS_OPT_MANY | SODNS_OPT_ANY_CASE},
};
#define ACTION(word, what)                                                                         \
	{                                                                                          \
		word, SODNS_OPT_GROUP, SODNS_LIST(struct rule, policies, policy_count),            \
			.args = SODNS_ROWS(sections), .flags = SODNS_OPT_ANY_CASE,                 \
			.check = finish_policy, .help = what,                                      \
			.says.extra = "unexpected token \"{}\"; expect 'type | net'"               \
	}
static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct rule, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "that the rule holds for"},
};
static const sodns_option_t properties[] = {
	ACTION("allow", "on to the next plugin"),
	ACTION("block", "REFUSED"),
	ACTION("filter", "no records"),
	ACTION("drop", "no answer"),
};
static const sodns_options_t options = {
	.args = SODNS_ROWS(args),
	.properties = SODNS_ROWS(properties),
	.repeats = SODNS_EACH,
	.says.unknown = "unexpected token \"{}\"; expect 'allow', 'block', 'filter' or 'drop'",
	.help = "which clients get answers, and to what",
};

static int read_rule(sodns_setup_t *s, struct rule *rule)
{
	char text[SODNS_NAME_TEXT_MAX];
	if (sodns_setup_read(s, rule))
		return SODNS_EINVAL;
	rule->zone_texts = sodns_setup_alloc(s, rule->zone_count * sizeof(*rule->zone_texts));
	for (size_t i = 0; i < rule->zone_count; i++) {
		size_t n = sodns_name_to_text(rule->zones[i], text);
		rule->zone_texts[i] = sodns_setup_alloc(s, n + 1);
		memcpy(rule->zone_texts[i], text, n);
	}
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct acl *a = sodns_setup_alloc(s, sizeof(*a));
	while (sodns_setup_next(s))
		if (read_rule(s, sodns_setup_list_add(s, &a->rules, &a->count, sizeof(*a->rules))))
			return SODNS_EINVAL;
	return sodns_add_handler(s, a);
}

SODNS_PLUGIN(.name = "acl", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = acl_serve);
