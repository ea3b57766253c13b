/*
 * The directive: acl [ZONES...] { ACTION [type QTYPE...] [net SOURCE...] }.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "acl.h"

static bool is_section(const char *word)
{
	return !strcasecmp(word, "type") || !strcasecmp(word, "net");
}

static int read_types(sodns_setup_t *s, struct policy *p, const char *const *words, size_t count)
{
	p->types = sodns_setup_alloc(s, count * sizeof(*p->types));
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], "*")) {
			p->every_type = true;
			break;
		}
		/* Types are written in capitals, as CoreDNS wants them. */
		bool capitals = true;
		for (const char *c = words[i]; *c; c++)
			capitals &= !(*c >= 'a' && *c <= 'z');
		p->types[p->type_count] = capitals ? sodns_type_from_text(words[i]) : 0;
		if (!p->types[p->type_count++])
			return sodns_error(s, "unexpected token \"%s\"; expect legal QTYPE",
					   words[i]);
	}
	return SODNS_OK;
}

static int read_nets(sodns_setup_t *s, struct policy *p, const char *const *words, size_t count)
{
	sodns_prefix_t *nets = sodns_setup_alloc(s, count * sizeof(*nets));
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], "*")) {
			p->v4.all = p->v6.all = true;
			break;
		}
		if (sodns_prefix_from_text(words[i], &nets[n++]))
			return sodns_error(s, "illegal CIDR notation \"%s%s\"", words[i],
					   strchr(words[i], '/')   ? ""
					   : strchr(words[i], ':') ? "/128"
								   : "/32");
	}
	prefixes_build(s, &p->v4, nets, n, 4);
	prefixes_build(s, &p->v6, nets, n, 6);
	return SODNS_OK;
}

static int read_sections(sodns_setup_t *s, struct policy *p)
{
	size_t count, n;
	bool types = false, nets = false;
	const char *const *words = sodns_setup_args(s, &count);
	for (size_t i = 0; i < count; i += n + 1) {
		const char *section = words[i];
		if (!is_section(section))
			return sodns_error(s, "unexpected token \"%s\"; expect 'type | net'",
					   section);
		for (n = 0; i + n + 1 < count && !is_section(words[i + n + 1]);)
			n++;
		bool net = !strcasecmp(section, "net");
		if (!n)
			return sodns_error(s, "no token specified in \"%s\" section",
					   net ? "net" : "type");
		int rc = net ? read_nets(s, p, words + i + 1, n)
			     : read_types(s, p, words + i + 1, n);
		if (rc)
			return rc;
		types |= !net;
		nets |= net;
	}
	p->every_type |= !types;
	p->v4.all |= !nets;
	p->v6.all |= !nets;
	return SODNS_OK;
}

static int read_policy(sodns_setup_t *s, struct policy *p)
{
	static const char *const names[ACTIONS] = {"", "allow", "block", "filter", "drop"};
	const char *word = sodns_setup_value(s);
	memset(p, 0, sizeof(*p));
	for (int i = ACTION_ALLOW; i < ACTIONS; i++)
		if (!strcasecmp(word, names[i]))
			p->action = (enum action)i;
	if (!p->action)
		return sodns_error(
			s, "unexpected token \"%s\"; expect 'allow', 'block', 'filter' or 'drop'",
			word);
	return read_sections(s, p);
}

/* Grows an array of the configuration by doubling; what it had is copied. */
static void *grown(sodns_setup_t *s, void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	void *more = sodns_setup_alloc(s, (count ? count * 2 : 1) * size);
	if (count)
		memcpy(more, array, count * size);
	return more;
}

static int read_rule(sodns_setup_t *s, struct rule *rule)
{
	char text[SODNS_NAME_TEXT_MAX];
	memset(rule, 0, sizeof(*rule));
	rule->zones = sodns_setup_zone_args(s, &rule->zone_count);
	if (!rule->zones)
		return SODNS_EINVAL;
	rule->zone_texts = sodns_setup_alloc(s, rule->zone_count * sizeof(*rule->zone_texts));
	for (size_t i = 0; i < rule->zone_count; i++) {
		size_t n = sodns_name_to_text(rule->zones[i], text);
		rule->zone_texts[i] = sodns_setup_alloc(s, n + 1);
		memcpy(rule->zone_texts[i], text, n);
	}
	while (sodns_setup_block(s)) {
		rule->policies = grown(s, rule->policies, rule->policy_count,
				       sizeof(*rule->policies));
		int rc = read_policy(s, &rule->policies[rule->policy_count++]);
		if (rc)
			return rc;
	}
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	struct acl *a = sodns_setup_alloc(s, sizeof(*a));
	while (sodns_setup_next(s)) {
		a->rules = grown(s, a->rules, a->count, sizeof(*a->rules));
		int rc = read_rule(s, &a->rules[a->count++]);
		if (rc)
			return rc;
	}
	return sodns_add_handler(s, a);
}

SODNS_PLUGIN(.name = "acl", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = acl_serve);
