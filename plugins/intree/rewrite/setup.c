/*
 * The directive, on a line or in a block, and its rules but those for names and EDNS options.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rewrite.h"

#define TTL_MAX 2147483647u

/* "KIND NAME" or a bare name, for rules that only look at it. */
static int name_match(sodns_setup_t *s, struct rule *rule, const char *what, const char *kind,
		      const char *name)
{
	char complaint[64];
	int i = kind ? match_kind(kind) : MATCH_EXACT;
	if (i < 0)
		return sodns_error(s,
				   "%s rule supports only exact, prefix, suffix, substring, and "
				   "regex name matching",
				   what);
	rule->match.kind = (enum match_kind)i;
	rule->match.text = normalized(s, name);
	rule->match.len = strlen(rule->match.text);
	if (i != MATCH_REGEX)
		return SODNS_OK;
	snprintf(complaint, sizeof(complaint), "invalid regex pattern in a %s rule", what);
	rule->match.regex = pattern_new(s, name, "", complaint);
	return rule->match.regex ? SODNS_OK : SODNS_EINVAL;
}

/* "30", "30-300", "30-", "-300". */
static bool read_ttl(const char *text, uint32_t *min, uint32_t *max)
{
	const char *dash = strchr(text, '-'), *from = dash ? dash + 1 : "";
	size_t n = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t low = 0, high = TTL_MAX;
	bool good = (n || *from) && (!n || !sodns_uint_from_text(text, n, 10, UINT32_MAX, &low)) &&
		    (!*from || !sodns_uint_from_text(from, strlen(from), 10, UINT32_MAX, &high));
	*min = (uint32_t)low;
	*max = (uint32_t)(dash ? high : low);
	return good && *min <= *max;
}

static struct response *one_response(sodns_setup_t *s, struct rule *rule, enum response_kind kind)
{
	rule->responses = sodns_setup_alloc(s, sizeof(*rule->responses));
	rule->response_count = 1;
	rule->responses->kind = kind;
	return rule->responses;
}

static int ttl_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	if (count < 2)
		return sodns_error(s, "too few (%zu) arguments for a ttl rule", count);
	struct response *a = one_response(s, rule, RESPONSE_TTL);
	const char *ttl = count > 3 ? "" : args[count - 1];
	rule->kind = RULE_TTL;
	if (!read_ttl(ttl, &a->min, &a->max))
		return sodns_error(s,
				   "invalid TTL '%s' for a ttl rule: it is SECONDS, MIN-MAX, MIN- "
				   "or -MAX in range [0, 4294967295]",
				   ttl);
	return name_match(s, rule, "ttl", count == 3 ? args[0] : NULL, args[count - 2]);
}

/* A number up to 23, or a name. */
static int read_rcode(sodns_setup_t *s, const char *what, const char *text, int *out)
{
	uint64_t n;
	bool number = !sodns_uint_from_text(text, strlen(text), 10, 23, &n);
	*out = number ? (int)n : sodns_rcode_from_text(text);
	return *out >= 0 ? SODNS_OK
			 : sodns_error(s,
				       "invalid %s RCODE '%s' for a rcode rule: it is a name such "
				       "as NXDOMAIN or in range [0, 23]",
				       what, text);
}

static int rcode_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	if (count < 3)
		return sodns_error(s, "too few (%zu) arguments for a rcode rule", count);
	struct response *a = one_response(s, rule, RESPONSE_RCODE);
	rule->kind = RULE_RCODE;
	if (read_rcode(s, "matching", count > 4 ? "" : args[count - 2], &a->old) ||
	    read_rcode(s, "replacement", args[count - 1], &a->new_))
		return SODNS_EINVAL;
	return name_match(s, rule, "rcode", count == 4 ? args[0] : NULL, args[count - 3]);
}

static const char *mapped(sodns_setup_t *s, const char *text, int (*map)(int c))
{
	size_t n = strlen(text);
	char *out = sodns_setup_alloc(s, n + 1);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)map((unsigned char)text[i]);
	return out;
}

static int cname_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	int i = MATCH_EXACT;
	if (count != 2 && count != 3)
		return sodns_error(s, "too few (%zu) arguments for a cname rule", count);
	if (count == 3)
		i = match_kind(args[0]);
	if (i < 0)
		return sodns_error(s, "unknown cname rewrite type: %s", args[0]);
	const char *from = args[count - 2], *to = args[count - 1];
	rule->kind = RULE_CNAME;
	rule->match.kind = (enum match_kind)i;
	rule->match.text = i == MATCH_EXACT ? normalized(s, from) : mapped(s, from, tolower);
	rule->match.len = strlen(rule->match.text);
	rule->to = i == MATCH_EXACT ? normalized(s, to) : mapped(s, to, tolower);
	one_response(s, rule, RESPONSE_CNAME)->cname = rule;
	if (i != MATCH_REGEX)
		return SODNS_OK;
	replacement_parse(s, rule->to, pattern_groups(rule->match.text), &rule->replacement);
	rule->match.regex = pattern_new(s, rule->match.text, "",
					"invalid cname rewrite regex pattern");
	return rule->match.regex ? SODNS_OK : SODNS_EINVAL;
}

/* "type FROM TO", "class FROM TO" */
static int number_rule(sodns_setup_t *s, struct rule *rule, const char *what,
		       uint16_t (*read)(const char *text), const char *const *args, size_t count)
{
	if (count != 2)
		return sodns_error(s, "%s rules must have exactly two arguments", what);
	rule->old = read(args[0]);
	rule->new_ = read(args[1]);
	return rule->old && rule->new_ ? SODNS_OK
				       : sodns_error(s, "invalid %s \"%s\"", what,
						     mapped(s, args[rule->old != 0], toupper));
}

static int type_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	rule->kind = RULE_TYPE;
	return number_rule(s, rule, "type", sodns_type_from_text, args, count);
}

static int class_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	rule->kind = RULE_CLASS;
	return number_rule(s, rule, "class", sodns_class_from_text, args, count);
}

/* What the word behind `continue` or `stop` says. */
static const struct field {
	const char *name;
	int (*read)(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count);
} fields[] = {
	{"name", name_rule}, {"type", type_rule},   {"class", class_rule}, {"edns0", option_rule},
	{"ttl", ttl_rule},   {"rcode", rcode_rule}, {"cname", cname_rule},
};

static int read_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	if (!count)
		return sodns_error(s, "no rule type specified for rewrite");
	const char *first = args[0];
	rule->goes_on = !strcasecmp(first, "continue");
	bool mode = rule->goes_on || !strcasecmp(first, "stop");
	if (mode && count < 2)
		return sodns_error(s, "%s rule must begin with a rule type",
				   rule->goes_on ? "continue" : "stop");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcasecmp(args[mode], fields[i].name))
			return fields[i].read(s, rule, args + mode + 1, count - mode - 1);
	if (!strcasecmp(args[mode], "answer"))
		return sodns_error(s, "response rewrites must begin with a name rule");
	return sodns_error(s, "invalid rule type \"%s\"", first);
}

/* All words of a directive: of its line, or, if that has fewer than two, of its block as well. */
struct words {
	const char **at;
	size_t count;
	size_t lines; /* of the block */
};

static int read_line(sodns_setup_t *s, void *to)
{
	struct words *w = to;
	const char *word = sodns_setup_value(s);
	if (!w->lines++ && w->count > 1)
		return sodns_error(s, "a rule stands on one line, or in a block: '%s'", word);
	do
		*(const char **)sodns_setup_list_add(s, &w->at, &w->count, sizeof(word)) = word;
	while ((word = sodns_setup_arg(s)));
	return SODNS_OK;
}

static int read_field(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	(void)o;
	return read_line(s, to);
}

#define KINDS "[exact|prefix|suffix|substring|regex] "
#define FIELD(word, syntax, what)                                                                  \
	{                                                                                          \
		word, SODNS_OPT_CALL, .call = read_field, .flags = SODNS_OPT_ANY_CASE,             \
				      .form = syntax, .help = what                                 \
	}
static const sodns_option_t args[] = {
	{"RULE", SODNS_OPT_TEXT, SODNS_LIST(struct words, at, count), .flags = SODNS_OPT_OPTIONAL,
	 .help = "one of those below, on the directive's line"},
};
static const sodns_option_t properties[] = {
	FIELD("continue", "RULE...", "goes on with the next rule"),
	FIELD("stop", "RULE...", "is the last rule that is looked at, the default"),
	FIELD("name", KINDS "FROM TO", "the name"),
	FIELD("answer", "auto|name FROM TO|value FROM TO", "of a name rule: what replies say"),
	FIELD("type", "FROM TO", "the type"),
	FIELD("class", "FROM TO", "the class"),
	FIELD("ttl", KINDS "NAME TTL|MIN-MAX|MIN-|-MAX", "TTLs of replies"),
	FIELD("rcode", KINDS "NAME FROM TO", "the rcode of replies"),
	FIELD("cname", KINDS "FROM TO", "the target of an alias"),
	FIELD("edns0", "local|nsid|subnet set|replace|append|unset [DATA...] [revert]",
	      "EDNS options"),
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_EACH,
					.other = read_line,
					.help = "changes queries, and replies back"};

static void teardown(void *self)
{
	struct rewrite *r = self;
	for (size_t i = 0; i < r->count; i++) {
		sodns_regex_free(r->rules[i].match.regex);
		for (size_t k = 0; k < r->rules[i].response_count; k++)
			sodns_regex_free(r->rules[i].responses[k].regex);
	}
}

static int setup(sodns_setup_t *s)
{
	struct rewrite *r = sodns_setup_alloc(s, sizeof(*r));
	while (sodns_setup_next(s)) {
		struct words w = {0};
		struct rule *rule = sodns_setup_list_add(s, &r->rules, &r->count, sizeof(*rule));
		if (!sodns_setup_read(s, &w) && !read_rule(s, rule, w.at, w.count))
			continue;
		teardown(r);
		return SODNS_EINVAL;
	}
	/* The rules have their places now. */
	for (size_t i = 0; i < r->count; i++)
		if (r->rules[i].kind == RULE_CNAME)
			r->rules[i].responses->cname = &r->rules[i];
	exact_index(s, r);
	return sodns_add_handler(s, r);
}

SODNS_PLUGIN(.name = "rewrite", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = rewrite_serve, .teardown = teardown);
