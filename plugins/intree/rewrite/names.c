/*
 * Rules that change the name, and what they promise for the reply.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rewrite.h"

#define INVALID_PATTERN "invalid regex matching pattern"

static const char *const kinds[MATCHES] = {"exact", "prefix", "suffix", "substring", "regex"};

int match_kind(const char *text)
{
	for (int i = 0; i < MATCHES; i++)
		if (!strcasecmp(text, kinds[i]))
			return i;
	return -1;
}

/* As CoreDNS looks at it: not more different groups than the pattern has. */
static int check_groups(sodns_setup_t *s, const char *to, const char *from, const char *prefix)
{
	if (replacement_groups(to) <= pattern_groups(from))
		return SODNS_OK;
	return sodns_error(s,
			   "%sthe rewrite regex pattern (%s) uses more subexpressions than its "
			   "corresponding matching regex pattern (%s)",
			   prefix, to, from);
}

/* "answer name|value FROM TO": one rule for replies. */
static int answer_pattern(sodns_setup_t *s, struct rule *rule, const char *part,
			  const char *const *args)
{
	struct response *a = &rule->responses[rule->response_count];
	struct replacement *replacement = sodns_setup_alloc(s, sizeof(*replacement));
	bool names = !strcmp(part, "name");
	char prefix[64];
	snprintf(prefix, sizeof(prefix), "%s answer rule for %s rule: ", part,
		 kinds[rule->match.kind]);
	*a = (struct response){.kind = RESPONSE_REGEX, .names = names, .values = !names};
	a->regex = pattern_new(s, args[0], prefix, INVALID_PATTERN);
	if (!a->regex)
		return SODNS_EINVAL;
	rule->response_count++;
	replacement_parse(s, normalized(s, args[1]), pattern_groups(args[0]), replacement);
	a->replacement = replacement;
	return check_groups(s, args[1], args[0], prefix);
}

static int answer_rules(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count,
			bool *is_auto)
{
	const char *kind = kinds[rule->match.kind], *last = NULL;
	bool named = false;
	if (count < 2)
		return sodns_error(s, "invalid arguments for %s rule", kind);
	for (size_t i = 0; i < count;) {
		if (!last && strcmp(args[i], "answer"))
			return sodns_error(s,
					   "exceeded the number of arguments for a non-answer rule "
					   "argument for %s rule",
					   kind);
		i += !strcmp(args[i], "answer");
		if (i == count)
			return sodns_error(s, "type missing for answer rule for %s rule", kind);
		last = args[i++];
		bool names = !strcmp(last, "name");
		if (!strcmp(last, "auto")) {
			*is_auto = true;
			continue;
		}
		if (!names && strcmp(last, "value"))
			return sodns_error(s, "invalid type \"%s\" for answer rule for %s rule",
					   last, kind);
		if (count - i < 2)
			return sodns_error(s, "%s answer rule for %s rule: 2 arguments required",
					   last, kind);
		int rc = answer_pattern(s, rule, last, args + i);
		if (rc)
			return rc;
		named |= names;
		i += 2;
	}
	if (*is_auto && named)
		return sodns_error(s, "auto name answer rule cannot be combined with explicit "
				      "name anwer rules");
	return SODNS_OK;
}

static uint8_t *wire_of(sodns_setup_t *s, const char *text)
{
	uint8_t name[SODNS_NAME_MAX];
	int n = sodns_name_from_text(text, NULL, name);
	if (n < 0)
		return NULL;
	uint8_t *out = sodns_setup_alloc(s, (size_t)n);
	memcpy(out, name, (size_t)n);
	return out;
}

/* An exact rule works on the wire form, and always gives replies their old name back. */
static int make_exact(sodns_setup_t *s, struct rule *rule)
{
	/* CoreDNS takes the new name for a pattern, and refuses what is none. */
	sodns_regex_t *regex = pattern_new(s, rule->to, "", INVALID_PATTERN);
	sodns_regex_free(regex);
	if (!regex)
		return SODNS_EINVAL;
	rule->from = wire_of(s, rule->match.text);
	rule->to_name = wire_of(s, rule->to);
	rule->remap = true;
	return rule->from && rule->to_name ? SODNS_OK
					   : sodns_error(s, "not a domain name: %s",
							 rule->from ? rule->to : rule->match.text);
}

/* A suffix is given back as a suffix, before the other rules. */
static void make_suffix(struct rule *rule, bool is_auto)
{
	if (!is_auto)
		return;
	memmove(rule->responses + 1, rule->responses,
		rule->response_count * sizeof(*rule->responses));
	rule->responses[0] = (struct response){.kind = RESPONSE_SUFFIX,
					       .names = true,
					       .values = true,
					       .from = rule->to,
					       .to = rule->match.text};
	rule->response_count++;
}

static int make_regex(sodns_setup_t *s, struct rule *rule, const char *from, const char *to)
{
	rule->match.regex = pattern_new(s, from, "", INVALID_PATTERN);
	if (!rule->match.regex)
		return SODNS_EINVAL;
	replacement_parse(s, rule->to, pattern_groups(from), &rule->replacement);
	return check_groups(s, to, from, "");
}

int name_rule(sodns_setup_t *s, struct rule *rule, const char *const *args, size_t count)
{
	bool is_auto = false;
	if (count < 2)
		return sodns_error(s, "too few arguments for a name rule");
	int kind = count == 2 ? MATCH_EXACT : match_kind(args[0]);
	if (kind < 0)
		return sodns_error(s,
				   "name rule supports only exact, prefix, suffix, substring, and "
				   "regex name matching, received: %s",
				   args[0]);
	const char *from = args[count > 2], *to = args[1 + (count > 2)];
	rule->kind = RULE_NAME;
	rule->match.kind = (enum match_kind)kind;
	rule->match.text = normalized(s, from);
	rule->match.len = strlen(rule->match.text);
	rule->to = normalized(s, to);
	rule->responses = sodns_setup_alloc(s, (count + 1) * sizeof(*rule->responses));
	int rc = count > 3 ? answer_rules(s, rule, args + 3, count - 3, &is_auto) : SODNS_OK;
	if (rc)
		return rc;
	rule->remap = is_auto;
	if (kind == MATCH_EXACT)
		return make_exact(s, rule);
	if (kind == MATCH_SUFFIX) {
		rule->remap = false;
		make_suffix(rule, is_auto);
	}
	return kind == MATCH_REGEX ? make_regex(s, rule, from, to) : SODNS_OK;
}

const char *passage_text(struct passage *p)
{
	if (!p->text) {
		p->text = sodns_alloc(p->q, TEXT_MAX);
		p->len = sodns_name_to_text(sodns_query_name(p->now), p->text);
	}
	return p->text;
}

sodns_query_t *passage_derived(struct passage *p)
{
	if (p->now == p->q)
		p->now = sodns_query_derive(p->q);
	return p->now;
}

struct response *passage_note(struct passage *p)
{
	if (p->noted_count == p->noted_room) {
		size_t room = p->noted_room ? p->noted_room * 2 : 8;
		struct response **more = sodns_alloc(p->q, room * sizeof(*more));
		if (p->noted_count)
			memcpy(more, p->noted, p->noted_count * sizeof(*more));
		p->noted = more;
		p->noted_room = room;
	}
	struct response *r = sodns_alloc(p->q, sizeof(*r));
	*r = (struct response){.kind = RESPONSE_REMAP};
	return p->noted[p->noted_count++] = r;
}

/* Replaces every occurrence; 0 if it gets too long. */
static size_t replace_all(const struct rule *rule, const char *text, size_t len, char *out)
{
	const char *end = text + len, *hit;
	size_t at = 0, to_len = strlen(rule->to);
	while ((hit = memmem(text, (size_t)(end - text), rule->match.text, rule->match.len))) {
		size_t n = (size_t)(hit - text);
		if (at + n + to_len >= TEXT_MAX)
			return 0;
		memcpy(out + at, text, n);
		memcpy(out + at + n, rule->to, to_len);
		at += n + to_len;
		text = hit + rule->match.len;
	}
	size_t n = (size_t)(end - text);
	if (at + n >= TEXT_MAX)
		return 0;
	memcpy(out + at, text, n);
	out[at + n] = 0;
	return at + n;
}

size_t name_text(const struct rule *rule, const char *text, size_t len, const sodns_span_t *groups,
		 char out[TEXT_MAX])
{
	const struct match *m = &rule->match;
	int n;
	switch (m->kind) {
	case MATCH_PREFIX:
		n = snprintf(out, TEXT_MAX, "%s%s", rule->to, text + m->len);
		return n < TEXT_MAX ? (size_t)n : 0;
	case MATCH_SUFFIX:
		n = snprintf(out, TEXT_MAX, "%.*s%s", (int)(len - m->len), text, rule->to);
		return n < TEXT_MAX ? (size_t)n : 0;
	case MATCH_SUBSTRING:
		return replace_all(rule, text, len, out);
	default:
		return replacement_fill(&rule->replacement, groups, out);
	}
}

static void note_responses(const struct rule *rule, struct passage *p, const char *old,
			   const char *new_name)
{
	if (rule->remap) {
		struct response *r = passage_note(p);
		r->names = r->values = true;
		r->from = new_name;
		r->to = old;
	}
	for (size_t i = 0; i < rule->response_count; i++)
		*passage_note(p) = rule->responses[i];
}

static void apply_exact(const struct rule *rule, struct passage *p)
{
	const char *old = rule->match.text;
	sodns_query_set_name(passage_derived(p), rule->to_name);
	p->text = NULL;
	note_responses(rule, p, old, rule->to);
}

bool name_apply(const struct rule *rule, struct passage *p)
{
	sodns_span_t groups[GROUPS_MAX] = {{0}};
	uint8_t name[SODNS_NAME_MAX];
	if (rule->match.kind == MATCH_EXACT) {
		apply_exact(rule, p);
		return true;
	}
	const char *old = passage_text(p);
	if (!match_text(&rule->match, old, p->len, groups))
		return false;
	char *text = sodns_alloc(p->q, TEXT_MAX);
	size_t n = name_text(rule, old, p->len, groups, text);
	p->bad_name = !n || sodns_name_from_text(text, NULL, name) < 0;
	if (!p->bad_name)
		sodns_query_set_name(passage_derived(p), name);
	p->text = text;
	p->len = n;
	note_responses(rule, p, old, text);
	return true;
}
