/*
 * The language's own functions: their list, and the check of calls, theirs and those of plugins'
 * functions.
 */
#include <stdio.h>
#include <string.h>

#include "builtins.h"

#define SET(kind) (1u << (kind))
#define ANYTHING (SET(TYPE_UNKNOWN) | SET(TYPE_ANY))
#define NUMBERS (SET(TYPE_INT) | SET(TYPE_FLOAT))
#define ARRAYS (SET(TYPE_ARRAY) | SET(TYPE_STRINGS) | SET(TYPE_BYTES))
#define MAPS (SET(TYPE_MAP) | SET(TYPE_MAP_ANY) | SET(TYPE_GROUPS))

static const struct type *const unknown = &type_of[TYPE_UNKNOWN];

static const struct type *fail_count(struct compilation *c, const struct node *n,
				     const char *wanted)
{
	compile_fail(c, n->at, "invalid number of arguments (expected %s, got %u)", wanted,
		     n->count);
	return NULL;
}

static bool argument_is(const struct node *n, uint32_t i, unsigned kinds)
{
	return kinds >> type_deref(n->kids[i]->type)->kind & 1;
}

static const char *argument_text(const struct node *n, uint32_t i, char buf[160])
{
	const struct type *t = n->kids[i]->type;
	if (t->kind == TYPE_UNKNOWN)
		t = &type_of[TYPE_ANY];
	return t->kind == TYPE_NIL ? "%!s(<nil>)" : type_text(t, buf);
}

/* One argument of these kinds; the words of the error are put around its type. */
static bool one_argument(struct compilation *c, struct node *n, unsigned kinds, const char *before,
			 const char *after)
{
	char buf[160];
	if (n->count != 1)
		return fail_count(c, n, "1");
	if (argument_is(n, 0, kinds | ANYTHING))
		return true;
	compile_fail(c, n->at, "%s%s%s", before, argument_text(n, 0, buf), after);
	return false;
}

static bool one_for(struct compilation *c, struct node *n, unsigned kinds)
{
	char before[64];
	snprintf(before, sizeof(before), "invalid argument for %s (type ", n->builtin->name);
	return one_argument(c, n, kinds, before, ")");
}

static const struct type *check_len(struct compilation *c, struct node *n)
{
	return one_for(c, n, ARRAYS | MAPS | SET(TYPE_STRING)) ? &type_of[TYPE_INT] : NULL;
}

static const struct type *check_abs(struct compilation *c, struct node *n)
{
	return one_for(c, n, NUMBERS) ? &type_of[n->kids[0]->type->kind] : NULL;
}

static const struct type *check_round(struct compilation *c, struct node *n)
{
	return one_for(c, n, NUMBERS) ? &type_of[TYPE_FLOAT] : NULL;
}

static const struct type *check_int(struct compilation *c, struct node *n)
{
	return one_for(c, n, NUMBERS | SET(TYPE_STRING)) ? &type_of[TYPE_INT] : NULL;
}

static const struct type *check_float(struct compilation *c, struct node *n)
{
	return one_for(c, n, NUMBERS | SET(TYPE_STRING)) ? &type_of[TYPE_FLOAT] : NULL;
}

static const struct type *check_aggregate(struct compilation *c, struct node *n)
{
	char buf[160];
	if (!n->count)
		compile_fail(c, n->at, "not enough arguments to call %s", n->builtin->name);
	for (uint32_t i = 0; i < n->count; i++) {
		if (argument_is(n, i, ANYTHING | ARRAYS))
			return &type_of[TYPE_ANY];
		if (argument_is(n, i, NUMBERS))
			continue;
		compile_fail(c, n->at, "invalid argument for %s (type %s)", n->builtin->name,
			     argument_text(n, i, buf));
		return NULL;
	}
	return n->count ? &type_of[n->kids[0]->type->kind] : NULL;
}

static const struct type *check_ends(struct compilation *c, struct node *n)
{
	bool first = n->builtin->name[0] == 'f';
	if (!one_argument(
		    c, n, ARRAYS,
		    first ? "cannot get first element from " : "cannot get last element from ", ""))
		return NULL;
	const struct type *t = type_deref(n->kids[0]->type);
	return type_unknown(t) ? &type_of[TYPE_ANY] : type_element(&type_of[t->kind]);
}

static const struct type *check_take(struct compilation *c, struct node *n)
{
	char buf[160];
	if (n->count != 2)
		return fail_count(c, n, "2");
	if (!argument_is(n, 0, ARRAYS | ANYTHING))
		compile_fail(c, n->at, "cannot take from %s", argument_text(n, 0, buf));
	else if (!argument_is(n, 1, SET(TYPE_INT) | ANYTHING))
		compile_fail(c, n->at, "cannot take %s elements", argument_text(n, 1, buf));
	return &type_of[n->kids[0]->type->kind];
}

static const struct type *check_of_map(struct compilation *c, struct node *n)
{
	char before[64];
	bool pairs = n->builtin->name[0] == 't';
	snprintf(before, sizeof(before), "cannot get %s from ", n->builtin->name);
	return one_argument(c, n, MAPS, pairs ? "cannot transform " : before,
			    pairs ? " to pairs" : "")
		       ? &type_of[TYPE_ARRAY]
		       : NULL;
}

static const struct type *check_from_pairs(struct compilation *c, struct node *n)
{
	return one_argument(c, n, ARRAYS, "cannot transform ", " from pairs")
		       ? &type_of[TYPE_MAP_ANY]
		       : NULL;
}

static const struct type *check_of_array(struct compilation *c, struct node *n)
{
	char before[64];
	snprintf(before, sizeof(before), "cannot %s ", n->builtin->name);
	return one_argument(c, n, ARRAYS, before, "") ? &type_of[TYPE_ARRAY] : NULL;
}

static const struct type *check_concat(struct compilation *c, struct node *n)
{
	char buf[160];
	if (!n->count)
		return fail_count(c, n, "at least 1");
	for (uint32_t i = 0; i < n->count; i++)
		if (!argument_is(n, i, ARRAYS | ANYTHING))
			compile_fail(c, n->at, "cannot concat %s", argument_text(n, i, buf));
	return &type_of[TYPE_ARRAY];
}

static const struct type *check_get(struct compilation *c, struct node *n)
{
	char a[160], b[160];
	if (n->count != 2)
		return fail_count(c, n, "2");
	const struct type *base = n->kids[0]->type, *prop = type_deref(n->kids[1]->type);
	const struct type *key = &type_of[base->kind == TYPE_MAP ? TYPE_STRING : TYPE_ANY];
	if (type_unknown(base))
		return unknown;
	if (type_array(base) && prop->kind != TYPE_INT && !type_unknown(prop))
		compile_fail(c, n->kids[1]->at, "non-integer slice index %s", type_text(prop, a));
	else if (type_map(base) && !type_assignable(prop, key) && !type_unknown(prop))
		compile_fail(c, n->kids[1]->at, "cannot use %s to get an element from %s",
			     type_text(prop, a), type_text(base, b));
	else if (!type_map(base) && !type_array(base))
		compile_fail(c, n->kids[0]->at, "type %s does not support indexing",
			     type_text(base, a));
	return type_element(base);
}

static const struct type *check_absent(struct compilation *c, struct node *n)
{
	compile_fail(c, n->at, "%s() is not supported", n->builtin->name);
	return NULL;
}

#define S TYPE_STRING
#define I TYPE_INT
#define ANY TYPE_ANY
#define LIST TYPE_ARRAY
#define TEXTS TYPE_STRINGS

static const struct overload any_to_text[] = {{S, {ANY}}};
static const struct overload trim[] = {{S, {S}}, {S, {S, S}}};
static const struct overload trim_end[] = {{S, {S, S}}, {S, {S}}};
static const struct overload change[] = {{S, {S}}};
static const struct overload split[] = {{TEXTS, {S, S}}, {TEXTS, {S, S, I}}};
static const struct overload replace[] = {{S, {S, S, S, I}}, {S, {S, S, S}}};
static const struct overload repeat[] = {{S, {S, I}}};
static const struct overload join[] = {
	{S, {TEXTS, S}}, {S, {LIST, S}}, {S, {LIST}}, {S, {TEXTS, S}}, {S, {TEXTS}}};
static const struct overload find[] = {{I, {S, S}}};
static const struct overload has[] = {{TYPE_BOOL, {S, S}}};
static const struct overload from_json[] = {{ANY, {S}}};
static const struct overload sort[] = {
	{LIST, {LIST, S}}, {LIST, {TYPE_INTS, S}}, {LIST, {TYPE_FLOATS, S}}, {LIST, {TEXTS, S}},
	{LIST, {LIST}},    {LIST, {TYPE_FLOATS}},  {LIST, {TEXTS}},          {LIST, {TYPE_INTS}}};
static const struct overload bits[] = {{I, {I, I}}};
static const struct overload bits_not[] = {{I, {I}}};

#define OVERLOADS(list) NULL, list, sizeof(list) / sizeof(*list), false
#define VALIDATED(fn) fn, NULL, 0, false
#define PREDICATE NULL, NULL, 0, true, NULL

const struct builtin builtins[] = {
	{"all", PREDICATE},
	{"none", PREDICATE},
	{"any", PREDICATE},
	{"one", PREDICATE},
	{"filter", PREDICATE},
	{"map", PREDICATE},
	{"find", PREDICATE},
	{"findIndex", PREDICATE},
	{"findLast", PREDICATE},
	{"findLastIndex", PREDICATE},
	{"count", PREDICATE},
	{"sum", PREDICATE},
	{"groupBy", PREDICATE},
	{"sortBy", PREDICATE},
	{"reduce", PREDICATE},
	{"len", VALIDATED(check_len), do_len},
	{"type", OVERLOADS(any_to_text), do_type},
	{"abs", VALIDATED(check_abs), do_abs},
	{"ceil", VALIDATED(check_round), do_ceil},
	{"floor", VALIDATED(check_round), do_floor},
	{"round", VALIDATED(check_round), do_round},
	{"int", VALIDATED(check_int), do_int},
	{"float", VALIDATED(check_float), do_float},
	{"string", OVERLOADS(any_to_text), do_string},
	{"trim", OVERLOADS(trim), do_trim},
	{"trimPrefix", OVERLOADS(trim_end), do_trim_prefix},
	{"trimSuffix", OVERLOADS(trim_end), do_trim_suffix},
	{"upper", OVERLOADS(change), do_upper},
	{"lower", OVERLOADS(change), do_lower},
	{"split", OVERLOADS(split), do_split},
	{"splitAfter", OVERLOADS(split), do_split_after},
	{"replace", OVERLOADS(replace), do_replace},
	{"repeat", OVERLOADS(repeat), do_repeat},
	{"join", OVERLOADS(join), do_join},
	{"indexOf", OVERLOADS(find), do_index_of},
	{"lastIndexOf", OVERLOADS(find), do_last_index_of},
	{"hasPrefix", OVERLOADS(has), do_has_prefix},
	{"hasSuffix", OVERLOADS(has), do_has_suffix},
	{"max", VALIDATED(check_aggregate), do_max},
	{"min", VALIDATED(check_aggregate), do_min},
	{"mean", VALIDATED(check_aggregate), do_mean},
	{"median", VALIDATED(check_aggregate), do_median},
	{"toJSON", OVERLOADS(any_to_text), do_to_json},
	{"fromJSON", OVERLOADS(from_json), do_from_json},
	{"toBase64", OVERLOADS(change), do_to_base64},
	{"fromBase64", OVERLOADS(change), do_from_base64},
	{"now", VALIDATED(check_absent), NULL},
	{"duration", VALIDATED(check_absent), NULL},
	{"date", VALIDATED(check_absent), NULL},
	{"timezone", VALIDATED(check_absent), NULL},
	{"first", VALIDATED(check_ends), do_first},
	{"last", VALIDATED(check_ends), do_last},
	{"get", VALIDATED(check_get), do_get},
	{"take", VALIDATED(check_take), do_take},
	{"keys", VALIDATED(check_of_map), do_keys},
	{"values", VALIDATED(check_of_map), do_values},
	{"toPairs", VALIDATED(check_of_map), do_to_pairs},
	{"fromPairs", VALIDATED(check_from_pairs), do_from_pairs},
	{"reverse", VALIDATED(check_of_array), do_reverse},
	{"uniq", VALIDATED(check_of_array), do_uniq},
	{"concat", VALIDATED(check_concat), do_concat},
	{"flatten", VALIDATED(check_of_array), do_flatten},
	{"sort", OVERLOADS(sort), do_sort},
	{"bitand", OVERLOADS(bits), do_bitand},
	{"bitor", OVERLOADS(bits), do_bitor},
	{"bitxor", OVERLOADS(bits), do_bitxor},
	{"bitnand", OVERLOADS(bits), do_bitnand},
	{"bitshl", OVERLOADS(bits), do_bitshl},
	{"bitshr", OVERLOADS(bits), do_bitshr},
	{"bitushr", OVERLOADS(bits), do_bitushr},
	{"bitnot", OVERLOADS(bits_not), do_bitnot},
};
const size_t builtin_count = sizeof(builtins) / sizeof(*builtins);

const struct builtin *builtin_find(const char *name, size_t len)
{
	for (size_t i = 0; i < builtin_count; i++)
		if (text_is(name, len, builtins[i].name))
			return &builtins[i];
	return NULL;
}

/* ---- calls with declared parameters */

struct complaint {
	uint32_t at;
	char text[400];
};

/* Whether the arguments (kids from `first` on) fit the parameters. */
static bool arguments_fit(const struct node *n, uint32_t first, const char *name,
			  const struct type *const *params, uint32_t count, struct complaint *why)
{
	char a[160], b[160];
	why->at = n->at;
	if (n->count - first != count) {
		snprintf(why->text, sizeof(why->text), "%s arguments to call %s",
			 n->count - first > count ? "too many" : "not enough", name);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct type *t = n->kids[first + i]->type, *in = params[i];
		if (in->kind == TYPE_FLOAT && t->kind == TYPE_INT)
			continue;
		if (t->kind == TYPE_NIL ? in->kind == TYPE_ANY
					: type_unknown(t) || type_assignable(t, in))
			continue;
		why->at = n->kids[first + i]->at;
		if (t->kind == TYPE_NIL)
			snprintf(why->text, sizeof(why->text),
				 "cannot use nil as argument (type %s) to call %s",
				 type_text(in, b), name);
		else
			snprintf(why->text, sizeof(why->text),
				 "cannot use %s as argument (type %s) to call %s ", type_text(t, a),
				 type_text(in, b), name);
		return false;
	}
	return true;
}

static void check_arguments(struct compilation *c, struct node *n, uint32_t first)
{
	for (uint32_t i = first; i < n->count; i++)
		check(c, n->kids[i]);
}

const struct type *check_call(struct compilation *c, struct node *n, const sodns_expr_function_t *f)
{
	const struct type *params[SODNS_EXPR_PARAMS_MAX];
	struct complaint why;
	uint32_t count = 0;
	check_arguments(c, n, 1);
	for (; count < SODNS_EXPR_PARAMS_MAX && f->params[count]; count++)
		params[count] = type_public(f->params[count]);
	if (!arguments_fit(n, 1, f->name, params, count, &why))
		compile_fail(c, why.at, "%s", why.text);
	return type_public(f->result);
}

static const struct type *check_overloads(struct compilation *c, struct node *n)
{
	const struct builtin *b = n->builtin;
	struct complaint why = {.at = n->at};
	for (uint8_t i = 0; i < b->overload_count; i++) {
		const struct overload *o = &b->overloads[i];
		const struct type *params[4];
		uint32_t count = 0;
		for (; count < 4 && o->params[count]; count++)
			params[count] = &type_of[o->params[count]];
		if (arguments_fit(n, 0, b->name, params, count, &why))
			return &type_of[o->result];
	}
	compile_fail(c, why.at, "%s", why.text);
	return NULL;
}

/* ---- calls with predicates */

static const struct type *predicate_fail(struct compilation *c, struct node *n)
{
	bool reduce = !strcmp(n->builtin->name, "reduce");
	compile_fail(c, n->kids[1]->at, "predicate should has %s input and one output param",
		     reduce ? "two" : "one");
	return NULL;
}

static bool wants_bool(const char *name)
{
	static const char *const names[] = {"all",           "none", "any",       "one",
					    "filter",        "find", "findIndex", "findLast",
					    "findLastIndex", "count"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static const struct type *predicate_result(struct compilation *c, const char *name,
					   const struct type *of, const struct type *predicate)
{
	const struct type *elem = type_unknown(of) ? unknown : type_element(of);
	if (!strcmp(name, "filter"))
		return type_unknown(of) ? &type_of[TYPE_ARRAY] : array_of(c, elem);
	if (!strcmp(name, "map"))
		return array_of(c, predicate);
	if (!strcmp(name, "find") || !strcmp(name, "findLast"))
		return elem;
	if (!strcmp(name, "groupBy"))
		return &type_of[TYPE_GROUPS];
	if (!strcmp(name, "sortBy"))
		return of;
	if (!strcmp(name, "reduce") || !strcmp(name, "sum"))
		return predicate;
	return &type_of[strstr(name, "ndex") || !strcmp(name, "count") ? TYPE_INT : TYPE_BOOL];
}

static const struct type *check_predicate(struct compilation *c, struct node *n)
{
	const char *name = n->builtin->name;
	char buf[160];
	const struct type *of = type_deref(check(c, n->kids[0]));
	if (!type_array(of) && !type_unknown(of)) {
		compile_fail(c, n->kids[0]->at, "builtin %s takes only array (got %s)", name,
			     type_text(of, buf));
		return NULL;
	}
	if (n->count == 1 && !strcmp(name, "count"))
		return &type_of[TYPE_INT];
	if (n->count == 1)
		return type_unknown(of) ? unknown : type_element(of);
	bool reduce = !strcmp(name, "reduce");
	struct scope s = {.outer = c->predicate,
			  .type = type_unknown(of) ? unknown : type_element(of),
			  .has_index = reduce || !strcmp(name, "map"),
			  .has_sum = reduce};
	c->predicate = &s;
	const struct type *p = check(c, n->kids[1]);
	c->predicate = s.outer;
	const struct type *third = n->count == 3 ? check(c, n->kids[2]) : NULL;
	if (third && !reduce && third->kind != TYPE_STRING && !type_unknown(third))
		compile_fail(c, n->kids[2]->at, "sortBy order argument must be a string (got %s)",
			     type_text(third, buf));
	if (p->kind == TYPE_NIL)
		return predicate_fail(c, n);
	if (wants_bool(name) && p->kind != TYPE_BOOL && !type_unknown(p))
		compile_fail(c, n->kids[1]->at, "predicate should return boolean (got %s)",
			     type_text(p, buf));
	return predicate_result(c, name, of, p);
}

const struct type *check_builtin(struct compilation *c, struct node *n)
{
	const struct type *t;
	if (n->builtin->predicate)
		t = check_predicate(c, n);
	else {
		check_arguments(c, n, 0);
		t = n->builtin->validate ? n->builtin->validate(c, n) : check_overloads(c, n);
	}
	return t ? t : unknown;
}
