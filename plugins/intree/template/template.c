/*
 * template: answers with records that templates make of the query.
 */
#include "template.h"

#include <string.h>

#define OPTION_EDE 15
#define DEFAULT_TTL 3600

static const enum sodns_section sections[SECTIONS] = {SODNS_ANSWER, SODNS_ADDITIONAL,
						      SODNS_AUTHORITY};
static const char *const section_names[SECTIONS] = {"answer", "additional", "authority"};

static void *alloc(void *q, size_t size)
{
	return sodns_alloc(q, size);
}

/* The name of a type or class that has one, "" for others. */
static const char *known(const char *text, const char *buf)
{
	return text == buf ? "" : text;
}

static bool in_question(const struct rule *rule, const sodns_query_t *q)
{
	uint16_t rclass = sodns_query_class(q), type = sodns_query_type(q);
	return (rule->rclass == SODNS_CLASS_ANY || rclass == SODNS_CLASS_ANY ||
		rclass == rule->rclass) &&
	       (rule->type == SODNS_TYPE_ANY || type == SODNS_TYPE_ANY || type == rule->type);
}

static void fill(struct data *d, const struct rule *rule, size_t zone, sodns_query_t *q)
{
	char buf[16];
	char *name = sodns_alloc(q, SODNS_NAME_TEXT_MAX);
	uint16_t rclass = sodns_query_class(q), type = sodns_query_type(q);
	d->q = q;
	d->rule = rule;
	d->zone = rule->zone_texts[zone];
	d->rclass = known(sodns_class_text(rclass == SODNS_CLASS_ANY ? rule->rclass : rclass, buf),
			  buf);
	d->type = known(sodns_type_text(type == SODNS_TYPE_ANY ? rule->type : type, buf), buf);
	d->name = (slice_t){name, sodns_name_to_text(sodns_query_name(q), name)};
}

/* The first pattern that matches the name. */
static bool match(struct data *d)
{
	for (size_t i = 0; i < d->rule->pattern_count; i++) {
		const struct pattern *p = &d->rule->patterns[i];
		d->pattern = p;
		d->groups = sodns_alloc(d->q, p->groups * sizeof(*d->groups));
		d->groups[0] = (sodns_span_t){d->name.at, d->name.len};
		if (!p->regex ||
		    sodns_regex_match(p->regex, d->name.at, d->name.len, d->groups, p->groups))
			return true;
	}
	return false;
}

enum outcome { MATCHED, NOT_MATCHED, BROKEN };

/* Variables and conditions. What can't be evaluated ends the query. */
static enum outcome evaluate(struct data *d)
{
	const struct rule *rule = d->rule;
	d->variables = sodns_alloc(d->q, (rule->variable_count + 1) * sizeof(*d->variables));
	for (size_t i = 0; i < rule->variable_count; i++)
		if (sodns_expr_eval(rule->variables[i].expr, d->q, d->variables, d,
				    &d->variables[i], NULL))
			return BROKEN;
	for (size_t i = 0; i < rule->condition_count; i++) {
		sodns_value_t v;
		if (sodns_expr_eval(rule->conditions[i], d->q, d->variables, d, &v, NULL))
			return BROKEN;
		if (v.kind != SODNS_VALUE_BOOL || !v.boolean)
			return NOT_MATCHED;
	}
	return MATCHED;
}

static void count_match(const struct data *d)
{
	static const char *const labels[] = {"server", "zone", "view", "class", "type", NULL};
	static const sodns_family_t family = {.name = "coredns_template_matches_total",
					      .help = "Counter of template regex matches.",
					      .labels = labels};
	const char *values[] = {sodns_query_server(d->q), d->zone, sodns_query_view(d->q),
				d->rclass, d->type};
	sodns_metric_count(&family, values, 1);
}

static sodns_reply_t *failed(const struct data *d, bool record, size_t section,
			     const struct record *made, const char *error)
{
	static const char *const labels[] = {"server", "zone",    "view",     "class",
					     "type",   "section", "template", NULL};
	static const sodns_family_t families[] = {
		{.name = "coredns_template_template_failures_total",
		 .help = "Counter of go template failures.",
		 .labels = labels},
		{.name = "coredns_template_rr_failures_total",
		 .help = "Counter of mis-templated RRs.",
		 .labels = labels}};
	const char *values[] = {
		sodns_query_server(d->q), d->zone,   sodns_query_view(d->q), d->rclass, d->type,
		section_names[section],   made->text};
	sodns_metric_count(&families[record], values, 1);
	return sodns_fail(d->q, SODNS_SERVFAIL, "%s%s", record ? "dns: " : "", error);
}

/* Makes a record of the query. NULL, or the error's reply. */
static sodns_reply_t *make(const struct data *d, size_t section, const struct record *from,
			   sodns_rrset_t *out)
{
	const memory_t memory = {alloc, d->q};
	char why[256];
	run_t run;
	if (from->fixed) {
		*out = from->set;
		return NULL;
	}
	if (!tree_execute(from->tree, d, &run, memory, NULL))
		return failed(d, false, section, from, run.error);
	void *space = sodns_alloc(d->q, SODNS_RECORD_SPACE(run.len));
	int rc = sodns_rrset_from_text(run.out, run.len, DEFAULT_TTL, space, out, why, sizeof(why));
	if (rc)
		return failed(d, true, section, from, rc > 0 ? "no record" : why);
	/* The reply's writer knows the name asked by its place. */
	const uint8_t *name = sodns_query_name(d->q);
	size_t len = sodns_name_length(name);
	if (!memcmp(out->owner, name, len))
		out->owner = name;
	return NULL;
}

/* An alias is followed for questions for addresses. */
static void chase(sodns_query_t *q, sodns_reply_t *r, const sodns_rrset_t *alias)
{
	uint16_t type = sodns_query_type(q);
	size_t count;
	if (alias->type != SODNS_TYPE_CNAME || (type != SODNS_TYPE_A && type != SODNS_TYPE_AAAA))
		return;
	sodns_reply_t *up = sodns_ask(q, alias->data + 2, type);
	const sodns_rrset_t *sets = sodns_reply_sets(up, SODNS_ANSWER, &count);
	for (size_t i = 0; i < count; i++)
		sodns_reply_add(r, SODNS_ANSWER, &sets[i]);
	sodns_reply_set_flags(r, sodns_reply_flags(up) & SODNS_TC, SODNS_TC);
}

static sodns_reply_t *answer(const struct data *d)
{
	const struct rule *rule = d->rule;
	sodns_rrset_t set;
	sodns_reply_t *r = sodns_reply(d->q), *error;
	sodns_reply_set_flags(r, SODNS_AA, 0);
	sodns_reply_set_rcode(r, rule->rcode);
	for (size_t s = 0; s < SECTIONS; s++)
		for (size_t i = 0; i < rule->record_count[s]; i++) {
			error = make(d, s, &rule->records[s][i], &set);
			if (error)
				return error;
			sodns_reply_add(r, sections[s], &set);
			if (sections[s] == SODNS_ANSWER)
				chase(d->q, r, &set);
		}
	if (rule->ede)
		sodns_reply_add_option(r, OPTION_EDE, rule->ede, rule->ede_len);
	return r;
}

sodns_reply_t *template_serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct template *t = h->self;
	struct data d;
	for (size_t i = 0; i < t->count; i++) {
		const struct rule *rule = &t->rules[i];
		int zone = sodns_query_match(q, rule->zones, rule->zone_count);
		if (zone < 0 || !in_question(rule, q))
			continue;
		fill(&d, rule, (size_t)zone, q);
		enum outcome outcome = match(&d) ? evaluate(&d) : NOT_MATCHED;
		if (outcome == NOT_MATCHED &&
		    sodns_fallthrough_match(&rule->fallthrough, sodns_query_name(q)))
			continue;
		if (outcome != MATCHED)
			return sodns_fail(q, SODNS_SERVFAIL, NULL);
		count_match(&d);
		return rule->rcode == SODNS_SERVFAIL ? sodns_fail(q, SODNS_SERVFAIL, NULL)
						     : answer(&d);
	}
	return sodns_next(h, q);
}
