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

static int read_pattern(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct rule *rule = to;
	struct pattern *p;
	(void)o;
	if (strlen(word) > PATTERN_MAX)
		return sodns_error(s, "regex pattern too long: %zu > %d", strlen(word),
				   PATTERN_MAX);
	p = sodns_setup_list_add(s, &rule->patterns, &rule->pattern_count, sizeof(*p));
	return pattern_compile(s, word, p) ? SODNS_OK : SODNS_EINVAL;
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

static const char *const sections[SECTIONS] = {"answer", "additional", "authority"};

static int read_record(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct rule *rule = to;
	const memory_t memory = {alloc, s};
	char why[ERROR_MAX];
	size_t section = 0;
	while (strcmp(sections[section], o->name))
		section++;
	struct record *r = sodns_setup_list_add(s, &rule->records[section],
						&rule->record_count[section], sizeof(*r));
	r->tree = tree_parse(o->name, word, &data_type, memory, why);
	if (!r->tree)
		return sodns_error(s, "could not compile template: %s, %s", sodns_setup_value(s),
				   why);
	r->text = tree_text(r->tree, memory);
	fix(s, r);
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

static bool is_identifier(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p != '_' && !isalpha((unsigned char)*p) &&
		    (p == name || !isdigit((unsigned char)*p)))
			return false;
	return *name != 0;
}

/* The words of `var`, the last line. */
static int add_variable(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct rule *rule = to;
	const char *name = rule->variable.name, *text = rule->variable.expression;
	char why[1024];
	(void)o;
	(void)word;
	if (!is_identifier(name))
		return sodns_error(s, "invalid variable name \"%s\"", name);
	if (need_environment(s, rule))
		return SODNS_EINVAL;
	if (!sodns_expr_name_is_free(rule->env, name))
		return sodns_error(s, "variable name \"%s\" is reserved", name);
	sodns_expr_t *e = sodns_expr_compile(rule->env, text, why, sizeof(why));
	if (!e)
		return sodns_error(s, "could not compile expression: %s, %s", name, why);
	sodns_expr_add_variable(rule->env, name, sodns_expr_type(e));
	struct named *v = sodns_setup_list_add(s, &rule->variables, &rule->variable_count,
					       sizeof(*v));
	*v = (struct named){{name, strlen(name)}, e};
	return SODNS_OK;
}

static int read_condition(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct rule *rule = to;
	char why[1024];
	(void)o;
	if (need_environment(s, rule))
		return SODNS_EINVAL;
	sodns_expr_t *e = sodns_expr_compile(rule->env, word, why, sizeof(why));
	if (!e)
		return sodns_error(s, "could not compile expression: %s", why);
	*(sodns_expr_t **)sodns_setup_list_add(s, &rule->conditions, &rule->condition_count,
					       sizeof(e)) = e;
	return SODNS_OK;
}

static int make_ede(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct rule *rule = to;
	const char *text = rule->extended.text ? rule->extended.text : "";
	(void)o;
	(void)word;
	rule->ede_len = strlen(text) + 2;
	rule->ede = sodns_setup_alloc(s, rule->ede_len);
	rule->ede[0] = (uint8_t)(rule->extended.code >> 8);
	rule->ede[1] = (uint8_t)rule->extended.code;
	memcpy(rule->ede + 2, text, rule->ede_len - 2);
	return SODNS_OK;
}

#define EDE_SAYS "error parsing extended DNS error code {last}, strconv.ParseUint: parsing \"{}\": "

static const sodns_option_t args[] = {
	{"CLASS", SODNS_OPT_CLASS, SODNS_FIELD(struct rule, rclass), .help = "of the query",
	 .says.bad = "invalid query class {}"},
	{"TYPE", SODNS_OPT_TYPE, SODNS_FIELD(struct rule, type), .help = "of the query",
	 .says.bad = "invalid RR class {}"},
	{"ZONE", SODNS_OPT_ZONES, SODNS_LIST(struct rule, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "where it applies"},
};
static const sodns_option_t variable[] = {
	{"NAME", SODNS_OPT_TEXT, SODNS_FIELD(struct rule, variable.name)},
	{"EXPRESSION", SODNS_OPT_TEXT, SODNS_FIELD(struct rule, variable.expression),
	 .flags = SODNS_OPT_JOINED, .form = "EXPRESSION"},
};
static const sodns_option_t ederror[] = {
	{"CODE", SODNS_OPT_NUMBER, SODNS_FIELD(struct rule, extended.code), .max = 65535,
	 .says = {.bad = EDE_SAYS "{why}",
		  .low = EDE_SAYS "invalid syntax",
		  .high = EDE_SAYS "value out of range"}},
	{"TEXT", SODNS_OPT_TEXT, SODNS_FIELD(struct rule, extended.text),
	 .flags = SODNS_OPT_OPTIONAL},
};
#define RECORDS(word)                                                                              \
	{                                                                                          \
		word, SODNS_OPT_PARSE, .parse = read_record, .flags = SODNS_OPT_MANY,              \
				       .form = "RR...", .help = "records of this section"          \
	}
static const sodns_option_t properties[] = {
	{"match", SODNS_OPT_PARSE, .parse = read_pattern, .flags = SODNS_OPT_MANY,
	 .form = "REGEX...", .otherwise = ".*", .help = "patterns for the name"},
	{"var", SODNS_OPT_GROUP, .args = SODNS_ROWS(variable), .check = add_variable,
	 .help = "a value for later expressions"},
	{"expr", SODNS_OPT_PARSE, .parse = read_condition, .flags = SODNS_OPT_JOINED,
	 .form = "EXPRESSION", .help = "a condition"},
	RECORDS("answer"),
	RECORDS("additional"),
	RECORDS("authority"),
	{"rcode", SODNS_OPT_RCODE, SODNS_FIELD(struct rule, rcode), .fallback = "NOERROR",
	 .flags = SODNS_OPT_LEAVES_MORE, .form = "CODE", .help = "of the answer"},
	{"ederror", SODNS_OPT_GROUP, .args = SODNS_ROWS(ederror), .check = make_ede,
	 .help = "an extended DNS error"},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct rule, fallthrough),
	 .form = "[ZONE...]", .help = "passes on what does not match"},
	{"upstream", SODNS_OPT_IGNORED, .flags = SODNS_OPT_IGNORES_MORE, .help = "of old"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_EACH,
					.says.unknown = SODNS_SAYS_ARGS,
					.help = "answers made of the question"};

static void name_zones(sodns_setup_t *s, struct rule *rule)
{
	char text[SODNS_NAME_TEXT_MAX];
	rule->zone_texts = sodns_setup_alloc(s, rule->zone_count * sizeof(*rule->zone_texts));
	for (size_t i = 0; i < rule->zone_count; i++) {
		size_t n = sodns_name_to_text(rule->zones[i], text);
		char *copy = sodns_setup_alloc(s, n + 1);
		memcpy(copy, text, n);
		rule->zone_texts[i] = copy;
	}
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
	if (sodns_setup_read(s, rule))
		return SODNS_EINVAL;
	name_zones(s, rule);
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
	while (!rc && sodns_setup_next(s))
		rc = read_rule(s, sodns_setup_list_add(s, &t->rules, &t->count, sizeof(*t->rules)));
	if (!rc) {
		sodns_add_handler(s, t);
		say_what_it_answers(s, t);
		return SODNS_OK;
	}
	teardown(t);
	return rc;
}

SODNS_PLUGIN(.name = "template", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = template_serve, .teardown = teardown);
