/*
 * Reads `template CLASS TYPE [ZONE...] { … }`.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"

#define PATTERN_MAX 10000

static void *alloc(void *s, size_t size)
{
	return sodns_setup_alloc(s, size);
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

static int read_patterns(sodns_setup_t *s, struct rule *rule)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	for (size_t i = 0; i < count; i++) {
		if (strlen(args[i]) > PATTERN_MAX)
			return sodns_error(s, "regex pattern too long: %zu > %d", strlen(args[i]),
					   PATTERN_MAX);
		rule->patterns = grown(s, rule->patterns, rule->pattern_count,
				       sizeof(*rule->patterns));
		struct pattern *p = &rule->patterns[rule->pattern_count];
		memset(p, 0, sizeof(*p));
		if (!pattern_compile(s, args[i], p))
			return SODNS_EINVAL;
		rule->pattern_count++;
	}
	return SODNS_OK;
}

/* A text without actions is one record for all queries. */
static void fix(sodns_setup_t *s, struct record *r)
{
	char why[256];
	bool whole;
	slice_t text = tree_prefix(r->tree, &whole);
	if (!whole)
		return;
	void *space = sodns_setup_alloc(s, SODNS_RECORD_SPACE(text.len));
	r->fixed = !sodns_rrset_from_text(text.at, text.len, 3600, space, &r->set, why,
					  sizeof(why));
}

static int read_records(sodns_setup_t *s, struct rule *rule, size_t section)
{
	const char *name = sodns_setup_value(s);
	const memory_t memory = {alloc, s};
	char why[ERROR_MAX];
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	for (size_t i = 0; i < count; i++) {
		size_t n = rule->record_count[section];
		rule->records[section] = grown(s, rule->records[section], n,
					       sizeof(**rule->records));
		struct record *r = &rule->records[section][n];
		memset(r, 0, sizeof(*r));
		r->tree = tree_parse(name, args[i], &data_type, memory, why);
		if (!r->tree)
			return sodns_error(s, "could not compile template: %s, %s", args[count - 1],
					   why);
		r->text = tree_text(r->tree, memory);
		fix(s, r);
		rule->record_count[section]++;
	}
	return SODNS_OK;
}

/* group(NAME) and group(NUMBER) */
static bool call_group(sodns_expr_call_t *c)
{
	const sodns_value_t *name = c->args;
	char number[24];
	slice_t key = {name->text, name->count};
	if (name->kind == SODNS_VALUE_INT)
		key = (slice_t){number, (size_t)snprintf(number, sizeof(number), "%lld",
							 (long long)name->integer)};
	else if (name->kind != SODNS_VALUE_STRING)
		key.len = 0;
	slice_t group = data_group(c->data, key);
	c->result = sodns_value_string(group.at, group.len);
	return true;
}

/* Made for the first expression: most templates have none. */
static int need_environment(sodns_setup_t *s, struct rule *rule)
{
	static const sodns_expr_function_t group = {.name = "group",
						    .result = SODNS_EXPR_STRING,
						    .params = {SODNS_EXPR_ANY},
						    .call = call_group};
	char err[512];
	if (rule->env)
		return SODNS_OK;
	rule->env = sodns_expr_env_new(err, sizeof(err));
	if (!rule->env)
		return sodns_error(s, "%s", err);
	sodns_expr_add_query_functions(rule->env);
	sodns_expr_add_function(rule->env, &group);
	return SODNS_OK;
}

static const char *joined(sodns_setup_t *s, const char *const *words, size_t count)
{
	size_t len = 1, at = 0;
	for (size_t i = 0; i < count; i++)
		len += strlen(words[i]) + 1;
	char *out = sodns_setup_alloc(s, len);
	for (size_t i = 0; i < count; i++)
		at += (size_t)sprintf(out + at, "%s%s", i ? " " : "", words[i]);
	return out;
}

static bool is_identifier(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p != '_' && !isalpha((unsigned char)*p) &&
		    (p == name || !isdigit((unsigned char)*p)))
			return false;
	return *name != 0;
}

static int read_variable(sodns_setup_t *s, struct rule *rule)
{
	char why[1024];
	size_t count, n = rule->variable_count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count < 2)
		return sodns_error_args(s);
	if (!is_identifier(args[0]))
		return sodns_error(s, "invalid variable name \"%s\"", args[0]);
	if (need_environment(s, rule))
		return SODNS_EINVAL;
	if (!sodns_expr_name_is_free(rule->env, args[0]))
		return sodns_error(s, "variable name \"%s\" is reserved", args[0]);
	sodns_expr_t *e = sodns_expr_compile(rule->env, joined(s, args + 1, count - 1), why,
					     sizeof(why));
	if (!e)
		return sodns_error(s, "could not compile expression: %s, %s", args[0], why);
	sodns_expr_add_variable(rule->env, args[0], sodns_expr_type(e));
	rule->variables = grown(s, rule->variables, n, sizeof(*rule->variables));
	rule->variables[n] = (struct named){{args[0], strlen(args[0])}, e};
	rule->variable_count++;
	return SODNS_OK;
}

static int read_condition(sodns_setup_t *s, struct rule *rule)
{
	char why[1024];
	size_t count, n = rule->condition_count;
	const char *const *args = sodns_setup_args(s, &count);
	if (!count)
		return sodns_error_args(s);
	if (need_environment(s, rule))
		return SODNS_EINVAL;
	sodns_expr_t *e = sodns_expr_compile(rule->env, joined(s, args, count), why, sizeof(why));
	if (!e)
		return sodns_error(s, "could not compile expression: %s", why);
	rule->conditions = grown(s, rule->conditions, n, sizeof(sodns_expr_t *));
	rule->conditions[n] = e;
	rule->condition_count++;
	return SODNS_OK;
}

/* The rcode's name as Go's package dns has it. */
static int read_rcode(sodns_setup_t *s, struct rule *rule)
{
	char buf[16];
	const char *text = sodns_setup_arg(s);
	if (!text)
		return sodns_error_args(s);
	rule->rcode = sodns_rcode_from_text(text);
	const char *name = rule->rcode < 0 ? NULL : sodns_rcode_text(rule->rcode, buf);
	if (!name || name == buf || strcmp(name, text) != 0)
		return sodns_error(s, "unknown rcode %s", text);
	return SODNS_OK;
}

static int read_ede(sodns_setup_t *s, struct rule *rule)
{
	size_t count, len;
	unsigned long code = 0;
	const char *const *args = sodns_setup_args(s, &count);
	if (count != 1 && count != 2)
		return sodns_error_args(s);
	bool number = *args[0] && strspn(args[0], "0123456789") == strlen(args[0]);
	if (number)
		code = strlen(args[0]) > 10 ? 1ul << 20 : strtoul(args[0], NULL, 10);
	if (!number || code > 65535)
		return sodns_error(s,
				   "error parsing extended DNS error code %s, strconv.ParseUint: "
				   "parsing \"%s\": %s",
				   args[count - 1], args[0],
				   number ? "value out of range" : "invalid syntax");
	len = count == 2 ? strlen(args[1]) : 0;
	rule->ede = sodns_setup_alloc(s, len + 2);
	rule->ede[0] = (uint8_t)(code >> 8);
	rule->ede[1] = (uint8_t)code;
	if (len)
		memcpy(rule->ede + 2, args[1], len);
	rule->ede_len = len + 2;
	return SODNS_OK;
}

static int read_property(sodns_setup_t *s, struct rule *rule)
{
	const char *property = sodns_setup_value(s);
	size_t count;
	if (!strcmp(property, "match"))
		return read_patterns(s, rule);
	if (!strcmp(property, "answer"))
		return read_records(s, rule, 0);
	if (!strcmp(property, "additional"))
		return read_records(s, rule, 1);
	if (!strcmp(property, "authority"))
		return read_records(s, rule, 2);
	if (!strcmp(property, "var"))
		return read_variable(s, rule);
	if (!strcmp(property, "expr"))
		return read_condition(s, rule);
	if (!strcmp(property, "rcode"))
		return read_rcode(s, rule);
	if (!strcmp(property, "ederror"))
		return read_ede(s, rule);
	if (!strcmp(property, "fallthrough"))
		return sodns_setup_fallthrough(s, &rule->fallthrough);
	if (!strcmp(property, "upstream")) {
		sodns_setup_args(s, &count); /* of old, and without effect */
		return SODNS_OK;
	}
	return sodns_error_args(s);
}

/* CLASS and TYPE, by the names that have one, in capitals. */
static int read_head(sodns_setup_t *s, struct rule *rule)
{
	char buf[16];
	const char *text = sodns_setup_arg(s);
	if (!text)
		return sodns_error_args(s);
	rule->rclass = sodns_class_from_text(text);
	const char *name = sodns_class_text(rule->rclass, buf);
	if (!rule->rclass || name == buf || strcmp(name, text) != 0)
		return sodns_error(s, "invalid query class %s", text);
	text = sodns_setup_arg(s);
	if (!text)
		return sodns_error_args(s);
	rule->type = sodns_type_from_text(text);
	name = sodns_type_text(rule->type, buf);
	if (!rule->type || name == buf || strcmp(name, text) != 0)
		return sodns_error(s, "invalid RR class %s", text);
	return SODNS_OK;
}

static int read_zones(sodns_setup_t *s, struct rule *rule)
{
	char text[SODNS_NAME_TEXT_MAX];
	rule->zones = sodns_setup_zone_args(s, &rule->zone_count);
	if (!rule->zones)
		return SODNS_EINVAL;
	rule->zone_texts = sodns_setup_alloc(s, rule->zone_count * sizeof(*rule->zone_texts));
	for (size_t i = 0; i < rule->zone_count; i++) {
		size_t n = sodns_name_to_text(rule->zones[i], text);
		char *copy = sodns_setup_alloc(s, n + 1);
		memcpy(copy, text, n);
		rule->zone_texts[i] = copy;
	}
	return SODNS_OK;
}

static void order_variables(sodns_setup_t *s, struct rule *rule)
{
	rule->variable_order = sodns_setup_alloc(s, (rule->variable_count + 1) *
							    sizeof(*rule->variable_order));
	for (size_t i = 0; i < rule->variable_count; i++) {
		size_t at = i;
		for (; at && strcmp(rule->variables[rule->variable_order[at - 1]].name.at,
				    rule->variables[i].name.at) > 0;
		     at--)
			rule->variable_order[at] = rule->variable_order[at - 1];
		rule->variable_order[at] = i;
	}
}

static int read_rule(sodns_setup_t *s, struct rule *rule)
{
	int rc = read_head(s, rule);
	if (!rc)
		rc = read_zones(s, rule);
	while (!rc && sodns_setup_block(s))
		rc = read_property(s, rule);
	if (rc)
		return rc;
	if (!rule->pattern_count) {
		rule->patterns = sodns_setup_alloc(s, sizeof(*rule->patterns));
		pattern_compile(s, ".*", rule->patterns);
		rule->pattern_count = 1;
	}
	order_variables(s, rule);
	return SODNS_OK;
}

static void teardown(void *self)
{
	struct template *t = self;
	for (size_t i = 0; i < t->count; i++) {
		struct rule *rule = &t->rules[i];
		for (size_t k = 0; k < rule->pattern_count; k++)
			sodns_regex_free(rule->patterns[k].regex);
		for (size_t k = 0; k < rule->variable_count; k++)
			sodns_expr_free(rule->variables[k].expr);
		for (size_t k = 0; k < rule->condition_count; k++)
			sodns_expr_free(rule->conditions[k]);
		sodns_expr_env_free(rule->env);
	}
}

/* What a rule without fallthrough does not match is an error, and not the next plugin's. */
static void say_what_it_answers(sodns_setup_t *s, const struct template *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct rule *r = &t->rules[i];
		if (r->type == SODNS_TYPE_ANY && !r->fallthrough.set &&
		    (r->rclass == SODNS_CLASS_IN || r->rclass == SODNS_CLASS_ANY))
			sodns_setup_answers(s, r->zones, r->zone_count);
	}
}

static int setup(sodns_setup_t *s)
{
	struct template *t = sodns_setup_alloc(s, sizeof(*t));
	int rc = SODNS_OK;
	while (!rc && sodns_setup_next(s)) {
		t->rules = grown(s, t->rules, t->count, sizeof(*t->rules));
		struct rule *rule = &t->rules[t->count++];
		memset(rule, 0, sizeof(*rule));
		rc = read_rule(s, rule);
	}
	if (!rc) {
		sodns_add_handler(s, t);
		say_what_it_answers(s, t);
		return SODNS_OK;
	}
	teardown(t);
	return rc;
}

SODNS_PLUGIN(.name = "template", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = template_serve, .teardown = teardown);
