/*
 * Types of nodes, and what is refused for them at setup, in the oracle's words.
 */
#include <string.h>

#include "engine.h"

static const struct type *const unknown = &type_of[TYPE_UNKNOWN];
static const struct type *const boolean = &type_of[TYPE_BOOL];

const struct type *array_of(struct compilation *c, const struct type *elem)
{
	struct type *t = compile_alloc(c, sizeof(*t));
	*t = (struct type){.kind = TYPE_ARRAY, .elem = elem};
	return t;
}

static const struct type *check_name(struct compilation *c, struct node *n)
{
	const char *name = n->value.text;
	uint32_t len = n->value.count;
	for (const struct scope *s = c->lets; s; s = s->outer)
		if (s->len == len && !memcmp(s->name, name, len))
			return s->type;
	const struct named_function *f = env_function(c->env, name, len);
	const struct named_variable *v = env_variable(c->env, name, len);
	if (f || v)
		return f ? &f->type : v->type;
	if (builtin_find(name, len))
		return &type_of[TYPE_FUNCTION];
	if (text_is(name, len, "$env"))
		compile_fail(c, n->at, "$env is taken with a constant name only, as $env.name");
	else
		compile_fail(c, n->at, "unknown name %.*s", (int)len, name);
	return unknown;
}

static const struct type *check_unary(struct compilation *c, struct node *n)
{
	char buf[160];
	const struct type *t = type_deref(check(c, n->kids[0]));
	if (n->op == OPERATOR_NOT && (t->kind == TYPE_BOOL || type_unknown(t)))
		return boolean;
	if (n->op != OPERATOR_NOT && type_number(t))
		return t;
	if (n->op != OPERATOR_NOT && type_unknown(t))
		return unknown;
	compile_fail(c, n->at, "invalid operation: %.*s (mismatched type %s)", (int)n->value.count,
		     n->value.text, type_text(t, buf));
	return unknown;
}

/* One of the two is unknown, and the other one is unknown too or of a kind in the set. */
static bool maybe(const struct type *a, const struct type *b, unsigned kinds)
{
	bool x = type_unknown(a), y = type_unknown(b);
	return (x && y) || (x && kinds >> b->kind & 1) || (y && kinds >> a->kind & 1);
}

#define SET(kind) (1u << (kind))
#define NUMBERS (SET(TYPE_INT) | SET(TYPE_FLOAT))
#define STRINGS SET(TYPE_STRING)

static const struct type *promote(const struct type *a, const struct type *b)
{
	bool has_float = a->kind == TYPE_FLOAT || b->kind == TYPE_FLOAT;
	return &type_of[has_float ? TYPE_FLOAT : TYPE_INT];
}

/* NULL: mismatched. */
static const struct type *check_in(struct compilation *c, struct node *n, const struct type *l,
				   const struct type *r)
{
	char a[160], b[160];
	if (type_map(r)) {
		const struct type *key = &type_of[r->kind == TYPE_MAP ? TYPE_STRING : TYPE_ANY];
		if (!type_unknown(l) && !type_assignable(l, key)) {
			compile_fail(c, n->at, "cannot use %s as type %s in map key",
				     type_text(l, a), type_text(key, b));
			return unknown;
		}
		return boolean;
	}
	if (type_array(r)) {
		const struct type *elem = type_element(r);
		if (!type_comparable(l, elem)) {
			compile_fail(c, n->at, "cannot use %s as type %s in array", type_text(l, a),
				     type_text(elem, b));
			return unknown;
		}
		return boolean;
	}
	return (type_unknown(l) && r->kind == TYPE_STRING) || type_unknown(r) ? boolean : NULL;
}

static const struct type *check_coalesce(const struct type *l, const struct type *r)
{
	if (l->kind == TYPE_NIL)
		return r;
	if (r->kind == TYPE_NIL)
		return l;
	return type_assignable(r, l) ? l : unknown;
}

static void check_pattern(struct compilation *c, const struct node *n)
{
	char err[256] = "", *pattern;
	const struct node *right = n->kids[1];
	if (right->kind != NODE_STRING)
		return;
	pattern = compile_alloc(c, right->value.count + 1u);
	memcpy(pattern, right->value.text, right->value.count);
	pattern[right->value.count] = 0;
	sodns_regex_t *r = sodns_regex_new(pattern, err, sizeof(err));
	if (!r)
		compile_fail(c, n->at, "%s", err);
	sodns_regex_free(r);
}

/* The result's type, or NULL if the operator does not take these. */
static const struct type *binary_type(struct compilation *c, struct node *n, const struct type *l,
				      const struct type *r)
{
	bool numbers = type_number(l) && type_number(r);
	bool strings = l->kind == TYPE_STRING && r->kind == TYPE_STRING;
	bool integers = l->kind == TYPE_INT && r->kind == TYPE_INT;
	switch (n->op) {
	case OPERATOR_EQUAL:
	case OPERATOR_UNEQUAL:
		return type_comparable(l, r) ? boolean : NULL;
	case OPERATOR_OR:
	case OPERATOR_AND:
		return (l->kind == TYPE_BOOL && r->kind == TYPE_BOOL) || maybe(l, r, SET(TYPE_BOOL))
			       ? boolean
			       : NULL;
	case OPERATOR_LESS:
	case OPERATOR_MORE:
	case OPERATOR_LESS_EQUAL:
	case OPERATOR_MORE_EQUAL:
		return numbers || strings || maybe(l, r, NUMBERS | STRINGS) ? boolean : NULL;
	case OPERATOR_ADD:
		if (strings)
			return l;
		if (numbers)
			return promote(l, r);
		return maybe(l, r, NUMBERS | STRINGS) ? unknown : NULL;
	case OPERATOR_SUBTRACT:
	case OPERATOR_MULTIPLY:
		if (numbers)
			return promote(l, r);
		return maybe(l, r, NUMBERS) ? unknown : NULL;
	case OPERATOR_DIVIDE:
	case OPERATOR_POWER:
		return numbers || maybe(l, r, NUMBERS) ? &type_of[TYPE_FLOAT] : NULL;
	case OPERATOR_MODULO:
		return integers || maybe(l, r, SET(TYPE_INT)) ? &type_of[TYPE_INT] : NULL;
	case OPERATOR_RANGE:
		return integers || maybe(l, r, SET(TYPE_INT)) ? array_of(c, &type_of[TYPE_INT])
							      : NULL;
	case OPERATOR_IN:
		return check_in(c, n, l, r);
	case OPERATOR_MATCHES:
		check_pattern(c, n);
		if (l->kind == TYPE_BYTES && r->kind == TYPE_STRING)
			return boolean;
		/* fall through */
	case OPERATOR_CONTAINS:
	case OPERATOR_STARTS:
	case OPERATOR_ENDS:
		return strings || maybe(l, r, STRINGS) ? boolean : NULL;
	case OPERATOR_COALESCE:
		return check_coalesce(l, r);
	default:
		return NULL;
	}
}

static void check_operands(struct compilation *c, struct node *n)
{
	char a[160], b[160];
	const struct type *l = type_deref(n->kids[0]->type);
	const struct type *r = type_deref(check(c, n->kids[1]));
	n->type = binary_type(c, n, l, r);
	if (n->type)
		return;
	compile_fail(c, n->at, "invalid operation: %.*s (mismatched types %s and %s)",
		     (int)n->value.count, n->value.text, type_text(l, a), type_text(r, b));
	n->type = unknown;
}

/* Operators side by side lean to the left: from the innermost one out, without recursion. */
static const struct type *check_binary(struct compilation *c, struct node *n)
{
	size_t count;
	struct node **spine = node_spine(c, n, true, &count);
	check(c, spine[0]->kids[0]);
	for (size_t i = 0; i < count; i++)
		check_operands(c, spine[i]);
	return n->type;
}

/* $env.name is name, but for the language's own. */
static const struct type *check_env_member(struct compilation *c, struct node *n)
{
	const sodns_value_t *name = &n->kids[1]->value;
	const struct named_function *f;
	const struct named_variable *v;
	if (n->kids[1]->kind != NODE_STRING)
		return check(c, n->kids[0]);
	f = env_function(c->env, name->text, name->count);
	v = env_variable(c->env, name->text, name->count);
	if (!f && !v && !n->optional)
		compile_fail(c, n->at, "unknown name %.*s", (int)name->count, name->text);
	n->kind = f || v ? NODE_IDENTIFIER : NODE_NIL;
	n->value = *name;
	n->count = 0;
	return f ? &f->type : v ? v->type : unknown;
}

static const struct type *no_member(struct compilation *c, struct node *n, const struct type *base,
				    const struct type *prop)
{
	char a[160], b[160];
	const struct node *p = n->kids[1];
	if (p->kind == NODE_STRING)
		compile_fail(c, n->at, "type %s has no %s %.*s", type_text(base, a),
			     n->method ? "method" : "field", (int)p->value.count, p->value.text);
	else
		compile_fail(c, n->at, "type %s[%s] is undefined", type_text(base, a),
			     type_text(prop, b));
	return unknown;
}

static bool is_env(const struct node *n)
{
	return n->kind == NODE_IDENTIFIER && text_is(n->value.text, n->value.count, "$env");
}

static const struct type *check_member(struct compilation *c, struct node *n)
{
	char a[160], b[160];
	if (is_env(n->kids[0]))
		return check_env_member(c, n);
	const struct type *base = check(c, n->kids[0]), *prop = check(c, n->kids[1]);
	if (type_unknown(base))
		return unknown;
	if (base->kind == TYPE_NIL && n->kids[1]->kind == NODE_STRING) {
		compile_fail(c, n->at, "type nil has no field %.*s", (int)n->kids[1]->value.count,
			     n->kids[1]->value.text);
		return unknown;
	}
	base = type_deref(base);
	prop = type_deref(prop);
	if (type_map(base)) {
		const struct type *key = &type_of[base->kind == TYPE_MAP ? TYPE_STRING : TYPE_ANY];
		if (type_assignable(prop, key) || type_unknown(prop))
			return type_element(base);
		compile_fail(c, n->kids[1]->at, "cannot use %s to get an element from %s",
			     type_text(prop, a), type_text(base, b));
		return unknown;
	}
	if (type_array(base)) {
		if (prop->kind == TYPE_INT || type_unknown(prop))
			return type_element(base);
		compile_fail(c, n->kids[1]->at,
			     "array elements can only be selected using an integer (got %s)",
			     type_text(prop, a));
		return unknown;
	}
	return no_member(c, n, base, prop);
}

static const struct type *check_slice(struct compilation *c, struct node *n)
{
	char buf[160];
	const struct type *t = check(c, n->kids[0]);
	if (!type_unknown(t) && t->kind != TYPE_STRING && !type_array(t)) {
		compile_fail(c, n->at, "cannot slice %s", type_text(t, buf));
		return unknown;
	}
	for (size_t i = 1; i < 3; i++) {
		if (!n->kids[i])
			continue;
		const struct type *to = type_deref(check(c, n->kids[i]));
		if (type_unknown(t) || to->kind == TYPE_INT || type_unknown(to))
			continue;
		compile_fail(c, n->kids[i]->at, "non-integer slice index %s", type_text(to, buf));
		return unknown;
	}
	return type_unknown(t) ? unknown : t;
}

static const struct type *check_callee(struct compilation *c, struct node *n)
{
	char buf[160];
	struct node *callee = n->kids[0];
	if (is_env(callee)) {
		compile_fail(c, n->at, "map[string]interface {} is not callable");
		return unknown;
	}
	const struct type *t = check(c, callee);
	if (t->kind == TYPE_FUNCTION && t->function) {
		n->function = t->function;
		return check_call(c, n, t->function);
	}
	for (uint32_t i = 1; i < n->count; i++)
		check(c, n->kids[i]);
	const sodns_value_t *name = callee->kind == NODE_MEMBER ? &callee->kids[1]->value
								: &callee->value;
	if (t->kind == TYPE_NIL)
		compile_fail(c, n->at, "%.*s is nil; cannot call nil as function", (int)name->count,
			     name->text);
	else if (!type_unknown(t))
		compile_fail(c, n->at, "%s is not callable", type_text(t, buf));
	return unknown;
}

static const struct type *check_pointer(struct compilation *c, struct node *n)
{
	const char *name = n->value.text;
	uint32_t len = n->value.count;
	const struct scope *s = c->predicate;
	if (!s)
		compile_fail(c, n->at, "cannot use pointer accessor outside predicate");
	else if (!len)
		return s->type;
	else if (s->has_index && text_is(name, len, "index"))
		return &type_of[TYPE_INT];
	else if (!s->has_sum || !text_is(name, len, "acc"))
		compile_fail(c, n->at, "unknown pointer #%.*s", (int)len, name);
	return unknown;
}

/* Whether a let may not have this name, and what it is taken by. */
static const char *taken_by(struct compilation *c, const char *name, uint32_t len)
{
	if (env_function(c->env, name, len) || env_variable(c->env, name, len))
		return "";
	if (builtin_find(name, len))
		return "builtin ";
	for (const struct scope *s = c->lets; s; s = s->outer)
		if (s->len == len && !memcmp(s->name, name, len))
			return "variable ";
	return NULL;
}

static const struct type *check_let(struct compilation *c, struct node *n)
{
	struct scope s = {.outer = c->lets, .name = n->value.text, .len = n->value.count};
	const char *taken = taken_by(c, s.name, s.len);
	if (taken) {
		compile_fail(c, n->at, "cannot redeclare %s%.*s", taken, (int)s.len, s.name);
		return unknown;
	}
	s.type = check(c, n->kids[0]);
	c->lets = &s;
	const struct type *t = check(c, n->kids[1]);
	c->lets = s.outer;
	return t;
}

static const struct type *check_conditional(struct compilation *c, struct node *n)
{
	char buf[160];
	const struct type *cond = type_deref(check(c, n->kids[0]));
	if (cond->kind != TYPE_BOOL && !type_unknown(cond)) {
		compile_fail(c, n->kids[0]->at, "non-bool expression (type %s) used as condition",
			     type_text(cond, buf));
		return unknown;
	}
	const struct type *a = check(c, n->kids[1]), *b = check(c, n->kids[2]);
	if (a->kind == TYPE_NIL)
		return b;
	if (b->kind == TYPE_NIL)
		return a;
	if (!type_assignable(a, b))
		return unknown;
	if (!type_array(a) || !type_array(b))
		return a;
	const struct type *x = type_element(a), *y = type_element(b);
	return type_assignable(x, y) && type_assignable(y, x) ? a : &type_of[TYPE_ARRAY];
}

/* For the elements' type, only the kind counts, and of kinds that are alike the last one's. */
static const struct type *check_array(struct compilation *c, struct node *n)
{
	const struct type *last = unknown;
	bool alike = true;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct type *t = check(c, n->kids[i]);
		alike = alike && (!i || t->kind == last->kind);
		last = t;
	}
	return alike ? array_of(c, last) : &type_of[TYPE_ARRAY];
}

static const struct type *check_kids(struct compilation *c, struct node *n)
{
	const struct type *last = unknown;
	for (uint32_t i = 0; i < n->count; i++)
		last = check(c, n->kids[i]);
	return last;
}

static const struct type *check_node(struct compilation *c, struct node *n)
{
	switch ((enum node_kind)n->kind) {
	case NODE_NIL:
		return &type_of[TYPE_NIL];
	case NODE_BOOL:
		return boolean;
	case NODE_INT:
		return &type_of[TYPE_INT];
	case NODE_FLOAT:
		return &type_of[TYPE_FLOAT];
	case NODE_STRING:
		return &type_of[TYPE_STRING];
	case NODE_BYTES:
		return &type_of[TYPE_BYTES];
	case NODE_IDENTIFIER:
		return check_name(c, n);
	case NODE_UNARY:
		return check_unary(c, n);
	case NODE_BINARY:
		return check_binary(c, n);
	case NODE_MEMBER:
		return check_member(c, n);
	case NODE_SLICE:
		return check_slice(c, n);
	case NODE_CALL:
		return check_callee(c, n);
	case NODE_BUILTIN:
		return check_builtin(c, n);
	case NODE_POINTER:
		return check_pointer(c, n);
	case NODE_LET:
		return check_let(c, n);
	case NODE_CONDITIONAL:
		return check_conditional(c, n);
	case NODE_ARRAY:
		return check_array(c, n);
	case NODE_MAP:
		check_kids(c, n);
		return &type_of[TYPE_MAP];
	case NODE_CHAIN:
	case NODE_PREDICATE:
	case NODE_SEQUENCE:
	case NODE_CONSTANT:
		return check_kids(c, n);
	}
	return unknown;
}

const struct type *check(struct compilation *c, struct node *n)
{
	if (!n->type)
		n->type = check_node(c, n);
	return n->type;
}
