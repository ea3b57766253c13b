/*
 * The directive: rewrite [continue|stop] FIELD ..., on a line or in a block.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rewrite.h"

#define TTL_MAX 2147483647u

/* "KIND NAME" or a bare name, for rules that only look at it. */
static int name_match(sodns_setup_t *s, struct rule *rule, const char *what, const char *kind,
		      const char *name)
{
	static const char *const kinds[MATCHES] = {"exact", "prefix", "suffix", "substring",
						   "regex"};
	int i = 0;
	while (kind && i < MATCHES && strcasecmp(kind, kinds[i]))
		i++;
	if (i == MATCHES)
		return sodns_error(s,
				   "%s rule supports only exact, prefix, suffix, substring, and "
				   "regex name matching",
				   what);
	rule->match.kind = (enum match_kind)i;
	rule->match.text = normalized(s, name);
	rule->match.len = strlen(rule->match.text);
	if (i != MATCH_REGEX)
		return SODNS_OK;
	rule->match.regex = pattern_new(s, name, "",
					*what == 't' ? "invalid regex pattern in a ttl rule"
						     : "invalid regex pattern in a rcode rule");
	return rule->match.regex ? SODNS_OK : SODNS_EINVAL;
}

/* "30", "30-300", "30-", "-300". */
static bool read_ttl(const char *text, uint32_t *min, uint32_t *max)
{
	char *end = (char *)(uintptr_t)text;
	unsigned long low = 0, high;
	if (*text != '-') {
		if (!isdigit((unsigned char)*text))
			return false;
		low = strtoul(text, &end, 10);
	}
	high = low;
	if (*end == '-') {
		const char *from = end + 1;
		if (!*from && *text == '-')
			return false;
		high = *from ? strtoul(from, &end, 10) : TTL_MAX;
		if (*from && !isdigit((unsigned char)*from))
			return false;
		if (!*from)
			end++;
	}
	*min = (uint32_t)low;
	*max = (uint32_t)high;
	return !*end && low <= high && high <= UINT32_MAX;
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
static int read_rcode(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	if (*text && !*end && n <= 23)
		return (int)n;
	return sodns_rcode_from_text(text);
}

static int rcode_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	if (count < 3)
		return sodns_error(s, "too few (%zu) arguments for a rcode rule", count);
	struct response *a = one_response(s, rule, RESPONSE_RCODE);
	const char *old = count > 4 ? "" : args[count - 2], *new_ = args[count - 1];
	rule->kind = RULE_RCODE;
	a->old = read_rcode(old);
	if (a->old < 0)
		return sodns_error(s,
				   "invalid matching RCODE '%s' for a rcode rule: it is a name "
				   "such as NXDOMAIN or in range [0, 23]",
				   old);
	a->new_ = read_rcode(new_);
	if (a->new_ < 0)
		return sodns_error(s,
				   "invalid replacement RCODE '%s' for a rcode rule: it is a name "
				   "such as NXDOMAIN or in range [0, 23]",
				   new_);
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

static const char *lower(sodns_setup_t *s, const char *text)
{
	return mapped(s, text, tolower);
}

static const char *upper(sodns_setup_t *s, const char *text)
{
	return mapped(s, text, toupper);
}

static int cname_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	static const char *const kinds[MATCHES] = {"exact", "prefix", "suffix", "substring",
						   "regex"};
	int i = 0;
	if (count != 2 && count != 3)
		return sodns_error(s, "too few (%zu) arguments for a cname rule", count);
	while (count == 3 && i < MATCHES && strcasecmp(args[0], kinds[i]))
		i++;
	if (i == MATCHES)
		return sodns_error(s, "unknown cname rewrite type: %s", args[0]);
	const char *from = args[count - 2], *to = args[count - 1];
	rule->kind = RULE_CNAME;
	rule->match.kind = (enum match_kind)i;
	rule->match.text = i == MATCH_EXACT ? normalized(s, from) : lower(s, from);
	rule->match.len = strlen(rule->match.text);
	rule->to = i == MATCH_EXACT ? normalized(s, to) : lower(s, to);
	one_response(s, rule, RESPONSE_CNAME)->cname = rule;
	if (i != MATCH_REGEX)
		return SODNS_OK;
	replacement_parse(s, rule->to, pattern_groups(rule->match.text), &rule->replacement);
	rule->match.regex = pattern_new(s, rule->match.text, "",
					"invalid cname rewrite regex pattern");
	return rule->match.regex ? SODNS_OK : SODNS_EINVAL;
}

static int number_rule(sodns_setup_t *s, struct rule *rule, bool type, const char *const *args,
		       size_t count)
{
	const char *what = type ? "type" : "class";
	uint16_t values[2];
	if (count != 2)
		return sodns_error(s, "%s rules must have exactly two arguments", what);
	for (int i = 0; i < 2; i++) {
		values[i] = type ? sodns_type_from_text(args[i]) : sodns_class_from_text(args[i]);
		if (!values[i])
			return sodns_error(s, "invalid %s \"%s\"", what, upper(s, args[i]));
	}
	rule->kind = type ? RULE_TYPE : RULE_CLASS;
	rule->old = values[0];
	rule->new_ = values[1];
	return SODNS_OK;
}

static int read_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	if (!count)
		return sodns_error(s, "no rule type specified for rewrite");
	const char *first = args[0];
	rule->goes_on = !strcasecmp(args[0], "continue");
	if (rule->goes_on || !strcasecmp(args[0], "stop")) {
		if (count < 2)
			return sodns_error(s, "%s rule must begin with a rule type",
					   rule->goes_on ? "continue" : "stop");
		args++;
		count--;
	}
	const char *type = args[0];
	args++;
	count--;
	if (!strcasecmp(type, "answer"))
		return sodns_error(s, "response rewrites must begin with a name rule");
	if (!strcasecmp(type, "name"))
		return name_rule(s, rule, args, count);
	if (!strcasecmp(type, "type") || !strcasecmp(type, "class"))
		return number_rule(s, rule, (type[0] | 32) == 't', args, count);
	if (!strcasecmp(type, "edns0"))
		return option_rule(s, rule, args, count);
	if (!strcasecmp(type, "ttl"))
		return ttl_rule(s, rule, args, count);
	if (!strcasecmp(type, "rcode"))
		return rcode_rule(s, rule, args, count);
	if (!strcasecmp(type, "cname"))
		return cname_rule(s, rule, args, count);
	return sodns_error(s, "invalid rule type \"%s\"", first);
}

/* All words of the directive: of its line, or of its block if that has fewer than two. */
static const char **read_words(sodns_setup_t *s, size_t *count)
{
	size_t n, room;
	const char *const *args = sodns_setup_args(s, &n);
	const char **words = sodns_setup_alloc(s, (n + 1) * sizeof(*words));
	if (n)
		memcpy(words, args, n * sizeof(*words));
	*count = room = n;
	while (n < 2 && sodns_setup_block(s)) {
		const char *first = sodns_setup_value(s);
		size_t more;
		args = sodns_setup_args(s, &more);
		const char **all = sodns_setup_alloc(s, (room + more + 1) * sizeof(*all));
		if (room)
			memcpy(all, words, room * sizeof(*all));
		all[room] = first;
		if (more)
			memcpy(all + room + 1, args, more * sizeof(*all));
		words = all;
		room += more + 1;
		*count = room;
	}
	return words;
}

static void free_patterns(const struct rule *rule)
{
	sodns_regex_free(rule->match.regex);
	for (size_t i = 0; i < rule->response_count; i++)
		sodns_regex_free(rule->responses[i].regex);
}

static void teardown(void *self)
{
	struct rewrite *r = self;
	for (size_t i = 0; i < r->count; i++)
		free_patterns(&r->rules[i]);
	free(r->rules);
}

static int setup(sodns_setup_t *s)
{
	struct rewrite *r = sodns_setup_alloc(s, sizeof(*r));
	size_t room = 0;
	int rc = SODNS_OK;
	while (!rc && sodns_setup_next(s)) {
		size_t count;
		const char **words = read_words(s, &count);
		if (r->count == room) {
			room = room ? room * 2 : 8;
			r->rules = realloc(r->rules, room * sizeof(*r->rules));
			if (!r->rules)
				abort();
		}
		struct rule *rule = &r->rules[r->count++];
		memset(rule, 0, sizeof(*rule));
		rc = read_rule(s, rule, words, count);
	}
	if (rc) {
		teardown(r);
		return rc;
	}
	/* The rules have their places now. */
	for (size_t i = 0; i < r->count; i++)
		if (r->rules[i].kind == RULE_CNAME)
			r->rules[i].responses->cname = &r->rules[i];
	exact_index(s, r);
	return sodns_add_handler(s, r);
}

SODNS_PLUGIN(.name = "rewrite", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = rewrite_serve, .teardown = teardown);
