/*
 * template's parts: what setup makes of the Corefile, and the data that templates see.
 */
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H

#include <sodns/expr.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/regex.h>

#include "engine.h"

#define SECTIONS 3

/* A key of .Group: a group's number or name. */
struct group_key {
	slice_t text;
	size_t group;
};

struct pattern {
	sodns_regex_t *regex; /* NULL: matches everything */
	const char *text;
	size_t groups;          /* the whole match included */
	struct group_key *keys; /* in the order of their text */
	size_t key_count;
};

/* `var NAME EXPRESSION`. Its value has its number. */
struct named {
	slice_t name;
	sodns_expr_t *expr;
};

/* A record that a template makes, or, if it has no action, is. */
struct record {
	tree_t *tree;
	const char *text; /* as it is in metrics */
	bool fixed;
	sodns_rrset_t set;
};

/* One `template` of the Corefile. */
struct rule {
	uint16_t rclass, type;
	const uint8_t *const *zones;
	const char **zone_texts;
	size_t zone_count;
	struct pattern *patterns;
	size_t pattern_count;
	struct record *records[SECTIONS];
	size_t record_count[SECTIONS];
	sodns_expr_env_t *env;
	struct named *variables;
	size_t variable_count;
	size_t *variable_order; /* their numbers in the order of their names */
	sodns_expr_t **conditions;
	size_t condition_count;
	int rcode;
	/* the last `var` and `ederror` as they are written */
	struct {
		const char *name, *expression;
	} variable;
	struct {
		uint16_t code;
		const char *text;
	} extended;
	uint8_t *ede; /* an extended DNS error, code and text, or NULL */
	size_t ede_len;
	sodns_fallthrough_t fallthrough;
};

struct template
{
	struct rule *rules;
	size_t count;
};

/* What a template sees of a query. */
struct data {
	sodns_query_t *q;
	const struct rule *rule;
	const struct pattern *pattern;
	const char *zone, *rclass, *type;
	slice_t name;
	sodns_span_t *groups; /* of the pattern that matched */
	sodns_value_t *variables;
};

/* The types of the data, and of the message in it. */
extern const type_t data_type;
extern const type_t message_type;
extern const type_t question_type;
extern const type_t opt_type;
extern const type_t header_type;
/* The options of an OPT record. */
extern const type_t subnet_type;
extern const type_t local_type;
/* The element of .Message.Extra. */
void opt_at(run_t *r, const void *data, size_t i, value_t *out);
/* What an object's String method gives. */
value_t printed(run_t *r, const type_t *type, const void *object);

/* A field's getter: one expression on r, d (the data) and q. */
#define GETTER(name, expression)                                                                   \
	static void name(run_t *r, const void *object, const value_t *arg, value_t *out)           \
	{                                                                                          \
		const struct data *d = object;                                                     \
		sodns_query_t *q = d->q;                                                           \
		(void)r;                                                                           \
		(void)q;                                                                           \
		(void)arg;                                                                         \
		*out = (expression);                                                               \
	}

/* A group of the match by its name or number, "" if there is none. */
slice_t data_group(const struct data *d, slice_t key);
/* A value of an expression as a template sees it. */
value_t value_of(run_t *r, const sodns_value_t *v);

/* Compiles a pattern; NULL: the error is noted. */
bool pattern_compile(sodns_setup_t *s, const char *text, struct pattern *out);

sodns_reply_t *template_serve(const sodns_handler_t *h, sodns_query_t *q);

#endif
