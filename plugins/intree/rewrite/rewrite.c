/*
 * rewrite: takes a query through the rules, asks the next plugin, and takes the reply back.
 */
#include "rewrite.h"

#include <string.h>

static bool names_fit(const struct rule *rule, struct passage *p)
{
	const char *text = passage_text(p);
	return match_text(&rule->match, text, p->len, NULL);
}

static void note(const struct rule *rule, struct passage *p)
{
	for (size_t i = 0; i < rule->response_count; i++)
		*passage_note(p) = rule->responses[i];
}

static bool apply(const struct rule *rule, struct passage *p)
{
	switch (rule->kind) {
	case RULE_NAME:
		return name_apply(rule, p);
	case RULE_TYPE:
		if (sodns_query_type(p->now) != rule->old)
			return false;
		sodns_query_set_type(passage_derived(p), rule->new_);
		return true;
	case RULE_CLASS:
		if (sodns_query_class(p->now) != rule->old)
			return false;
		sodns_query_set_class(passage_derived(p), rule->new_);
		return true;
	case RULE_OPTION:
		return option_apply(rule, p);
	case RULE_CNAME:
		if (!rule->match.len || !*rule->to)
			return false;
		note(rule, p);
		return true;
	default:
		if (!names_fit(rule, p))
			return false;
		note(rule, p);
		return true;
	}
}

/* Rule by rule, until one that is applied stops; runs of exact name rules in one step each. */
static void pass_rules(const struct rewrite *r, struct passage *p)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *rule = &r->rules[i];
		if (rule->run) {
			size_t found = exact_find(r, i, p->now);
			while (i < r->count && r->rules[i].run == rule->run && i < found)
				i++;
			if (i >= r->count || i != found || r->rules[i].run != rule->run) {
				i--;
				continue;
			}
			rule = &r->rules[i];
		}
		if (apply(rule, p) && (!rule->goes_on || p->bad_name))
			return;
	}
}

sodns_reply_t *rewrite_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	struct passage p = {.q = q, .now = q};
	pass_rules(h->self, &p);
	if (p.bad_name)
		return sodns_fail(q, SODNS_SERVFAIL, "invalid name after rewrite: %s", p.text);
	sodns_reply_t *reply = sodns_next(h, p.now);
	if (p.noted_count)
		reply = responses_apply(&p, reply);
	return reply;
}
