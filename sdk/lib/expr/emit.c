/*
 * Nodes to instructions, and how much stack they need.
 */
#include <string.h>

#include "engine.h"

#define CODE_MAX 60000u

struct chain {
	struct chain *outer;
	uint32_t last; /* jump to be patched; each holds the number of the one before, from 1 */
};

/* A growing array in the expression's memory. */
struct table {
	void *items;
	uint32_t count, room;
};

struct emitter {
	struct table code, constants, functions, regexes;
	uint32_t at; /* of the node in hand */
	int stack, loops, loops_most, stack_most;
	uint32_t locals;
	struct chain *chain;
};

static void *table_add(struct compilation *c, struct table *t, size_t size)
{
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 16;
		void *items = compile_alloc(c, t->room * size);
		if (t->count)
			memcpy(items, t->items, t->count * size);
		t->items = items;
	}
	return (char *)t->items + t->count++ * size;
}

uint32_t put(struct compilation *c, enum instruction_code code, uint32_t n, uint32_t arg, int delta)
{
	struct emitter *e = c->emitter;
	if (e->code.count >= CODE_MAX) {
		compile_fail(c, e->at, "expression is too large");
		return 0;
	}
	struct instruction *i = table_add(c, &e->code, sizeof(*i));
	*i = (struct instruction){.code = (uint8_t)code, .n = (uint16_t)n, .arg = arg, .at = e->at};
	e->stack += delta;
	if (e->stack > e->stack_most)
		e->stack_most = e->stack;
	return e->code.count - 1;
}

uint32_t emit_here(const struct compilation *c)
{
	return c->emitter->code.count;
}

void patch(struct compilation *c, uint32_t at)
{
	((struct instruction *)c->emitter->code.items)[at].arg = c->emitter->code.count;
}

static uint32_t add_constant(struct compilation *c, sodns_value_t v)
{
	sodns_value_t *slot = table_add(c, &c->emitter->constants, sizeof(*slot));
	*slot = v;
	return c->emitter->constants.count - 1;
}

void emit_constant(struct compilation *c, sodns_value_t v)
{
	put(c, DO_PUSH, 0, add_constant(c, v), 1);
}

void emit_fail(struct compilation *c, const char *why)
{
	put(c, DO_FAIL, 0, add_constant(c, sodns_value_text(why)), 0);
}

void emit_enter_loop(struct compilation *c, int by)
{
	struct emitter *e = c->emitter;
	e->loops += by;
	if (e->loops > e->loops_most)
		e->loops_most = e->loops;
}

static void emit_name(struct compilation *c, const struct node *n)
{
	const char *name = n->value.text;
	uint32_t len = n->value.count;
	for (const struct scope *s = c->lets; s; s = s->outer)
		if (s->len == len && !memcmp(s->name, name, len)) {
			put(c, DO_LOCAL, 0, s->local, 1);
			return;
		}
	const struct named_function *f = env_function(c->env, name, len);
	const struct named_variable *v = env_variable(c->env, name, len);
	if (f)
		emit_constant(c,
			      (sodns_value_t){.kind = SODNS_VALUE_FUNCTION, .other = &f->function});
	else if (v)
		put(c, DO_VARIABLE, 0, (uint32_t)v->number, 1);
	else
		emit_constant(c, (sodns_value_t){0});
}

/* The left side lies on the stack: `in` a constant list or range needs no array. */
static bool emit_in(struct compilation *c, struct node *n)
{
	struct node *right = n->kids[1];
	if (right->kind == NODE_BINARY && right->op == OPERATOR_RANGE &&
	    n->kids[0]->type->kind == TYPE_INT && right->kids[0]->kind == NODE_INT &&
	    right->kids[1]->kind == NODE_INT) {
		uint32_t from = add_constant(c, right->kids[0]->value);
		add_constant(c, right->kids[1]->value);
		put(c, DO_IN_RANGE, 0, from, 0);
		return true;
	}
	if (right->kind != NODE_CONSTANT || !right->value.count)
		return false;
	const sodns_value_t *items = right->value.items;
	uint32_t count = right->value.count, kind = items[0].kind;
	bool fits = kind == SODNS_VALUE_STRING ||
		    (kind == SODNS_VALUE_INT && n->kids[0]->type->kind == TYPE_INT);
	for (uint32_t i = 0; i < count; i++)
		fits = fits && items[i].kind == kind;
	if (!fits)
		return false;
	sodns_value_t *sorted = compile_alloc(c, count * sizeof(*sorted));
	memcpy(sorted, items, count * sizeof(*sorted));
	set_sort(sorted, count);
	put(c, DO_IN_SET, 0,
	    add_constant(
		    c, (sodns_value_t){.kind = SODNS_VALUE_ARRAY, .count = count, .items = sorted}),
	    0);
	return true;
}

static bool emit_match(struct compilation *c, const struct node *n)
{
	const struct node *right = n->kids[1];
	char err[256] = "";
	if (right->kind != NODE_STRING)
		return false;
	char *pattern = compile_alloc(c, right->value.count + 1u);
	memcpy(pattern, right->value.text, right->value.count);
	pattern[right->value.count] = 0;
	sodns_regex_t *r = sodns_regex_new(pattern, err, sizeof(err));
	if (!r) {
		compile_fail(c, n->at, "%s", err);
		return true;
	}
	sodns_regex_t **slot = table_add(c, &c->emitter->regexes, sizeof(*slot));
	*slot = r;
	put(c, DO_MATCH, 0, c->emitter->regexes.count - 1, 0);
	return true;
}

/* The left side lies on the stack. */
static void emit_operator(struct compilation *c, struct node *n)
{
	enum instruction_code jump = n->op == OPERATOR_OR    ? DO_JUMP_IF_TRUE
				     : n->op == OPERATOR_AND ? DO_JUMP_IF_FALSE
							     : DO_JUMP_IF_NOT_NIL;
	c->emitter->at = n->at;
	if (n->op == OPERATOR_OR || n->op == OPERATOR_AND || n->op == OPERATOR_COALESCE) {
		uint32_t end = put(c, jump, 0, 0, 0);
		put(c, DO_POP, 0, 0, -1);
		emit(c, n->kids[1]);
		patch(c, end);
		return;
	}
	if ((n->op == OPERATOR_IN && emit_in(c, n)) ||
	    (n->op == OPERATOR_MATCHES && emit_match(c, n)))
		return;
	emit(c, n->kids[1]);
	c->emitter->at = n->at;
	put(c, DO_BINARY, n->op, 0, -1);
}

static void emit_binary(struct compilation *c, struct node *n)
{
	size_t count;
	struct node **spine = node_spine(c, n, false, &count);
	emit(c, spine[0]->kids[0]);
	for (size_t i = 0; i < count && !c->failed; i++)
		emit_operator(c, spine[i]);
}

static void emit_unary(struct compilation *c, const struct node *n)
{
	emit(c, n->kids[0]);
	c->emitter->at = n->at;
	if (n->op == OPERATOR_NOT)
		put(c, DO_NOT, 0, 0, 0);
	else if (n->op == OPERATOR_SUBTRACT)
		put(c, DO_NEGATE, 0, 0, 0);
}

static void emit_chain(struct compilation *c, const struct node *n)
{
	struct chain chain = {.outer = c->emitter->chain};
	c->emitter->chain = &chain;
	emit(c, n->kids[0]);
	struct instruction *code = c->emitter->code.items;
	while (chain.last && !c->failed) {
		uint32_t at = chain.last - 1;
		chain.last = code[at].arg;
		patch(c, at);
	}
	c->emitter->chain = chain.outer;
}

static void emit_member(struct compilation *c, const struct node *n)
{
	struct chain *chain = c->emitter->chain;
	emit(c, n->kids[0]);
	c->emitter->at = n->at;
	if (n->optional && chain)
		chain->last = put(c, DO_JUMP_IF_NIL, 0, chain->last, 0) + 1;
	emit(c, n->kids[1]);
	c->emitter->at = n->at;
	put(c, DO_FETCH, 0, 0, -1);
}

static void emit_slice(struct compilation *c, const struct node *n)
{
	emit(c, n->kids[0]);
	for (size_t i = 1; i < 3; i++)
		if (n->kids[i])
			emit(c, n->kids[i]);
	c->emitter->at = n->at;
	put(c, DO_SLICE, (n->kids[1] ? 1 : 0) | (n->kids[2] ? 2 : 0), 0,
	    -(n->kids[1] != NULL) - (n->kids[2] != NULL));
}

static void emit_kids(struct compilation *c, const struct node *n, uint32_t first)
{
	for (uint32_t i = first; i < n->count && !c->failed; i++)
		emit(c, n->kids[i]);
	c->emitter->at = n->at;
}

static void emit_call(struct compilation *c, const struct node *n)
{
	uint32_t count = n->count - 1;
	if (!n->function) {
		emit_kids(c, n, 0);
		put(c, DO_CALL, count, 0, -(int)count);
		return;
	}
	emit_kids(c, n, 1);
	const sodns_expr_function_t **slot = table_add(c, &c->emitter->functions, sizeof(*slot));
	*slot = n->function;
	put(c, DO_FUNCTION, count, c->emitter->functions.count - 1, 1 - (int)count);
}

static void emit_let(struct compilation *c, const struct node *n)
{
	struct scope s = {.outer = c->lets,
			  .name = n->value.text,
			  .len = n->value.count,
			  .local = c->emitter->locals++};
	emit(c, n->kids[0]);
	put(c, DO_STORE, 0, s.local, -1);
	c->lets = &s;
	emit(c, n->kids[1]);
	c->lets = s.outer;
}

static void emit_conditional(struct compilation *c, const struct node *n)
{
	emit(c, n->kids[0]);
	uint32_t otherwise = put(c, DO_JUMP_IF_FALSE, 0, 0, 0);
	put(c, DO_POP, 0, 0, -1);
	emit(c, n->kids[1]);
	uint32_t end = put(c, DO_JUMP, 0, 0, 0);
	patch(c, otherwise);
	put(c, DO_POP, 0, 0, -1);
	emit(c, n->kids[2]);
	patch(c, end);
}

static void emit_pointer(struct compilation *c, const struct node *n)
{
	const sodns_value_t *name = &n->value;
	put(c,
	    !name->count                                ? DO_ITEM
	    : text_is(name->text, name->count, "index") ? DO_INDEX
							: DO_GET_SUM,
	    0, 0, 1);
}

static void emit_sequence(struct compilation *c, const struct node *n)
{
	emit(c, n->kids[0]);
	put(c, DO_POP, 0, 0, -1);
	emit(c, n->kids[1]);
}

static void emit_builtin(struct compilation *c, struct node *n)
{
	if (n->builtin->predicate) {
		emit_predicate(c, n);
		return;
	}
	emit_kids(c, n, 0);
	put(c, DO_BUILTIN, n->count, (uint32_t)(n->builtin - builtins), 1 - (int)n->count);
}

void emit(struct compilation *c, struct node *n)
{
	if (c->failed)
		return;
	c->emitter->at = n->at;
	switch ((enum node_kind)n->kind) {
	case NODE_NIL:
		emit_constant(c, (sodns_value_t){0});
		break;
	case NODE_BOOL:
	case NODE_INT:
	case NODE_FLOAT:
	case NODE_STRING:
	case NODE_BYTES:
	case NODE_CONSTANT:
		emit_constant(c, n->value);
		break;
	case NODE_IDENTIFIER:
		emit_name(c, n);
		break;
	case NODE_UNARY:
		emit_unary(c, n);
		break;
	case NODE_BINARY:
		emit_binary(c, n);
		break;
	case NODE_CHAIN:
		emit_chain(c, n);
		break;
	case NODE_MEMBER:
		emit_member(c, n);
		break;
	case NODE_SLICE:
		emit_slice(c, n);
		break;
	case NODE_CALL:
		emit_call(c, n);
		break;
	case NODE_BUILTIN:
		emit_builtin(c, n);
		break;
	case NODE_PREDICATE:
		emit(c, n->kids[0]);
		break;
	case NODE_POINTER:
		emit_pointer(c, n);
		break;
	case NODE_LET:
		emit_let(c, n);
		break;
	case NODE_SEQUENCE:
		emit_sequence(c, n);
		break;
	case NODE_CONDITIONAL:
		emit_conditional(c, n);
		break;
	case NODE_ARRAY:
		emit_kids(c, n, 0);
		put(c, DO_ARRAY, n->count, 0, 1 - (int)n->count);
		break;
	case NODE_MAP:
		emit_kids(c, n, 0);
		put(c, DO_MAP, n->count / 2, 0, 1 - (int)n->count);
		break;
	}
}

bool emit_all(struct compilation *c, struct node *n)
{
	struct emitter e = {.stack = 0};
	sodns_expr_t *x = c->expr;
	c->emitter = &e;
	emit(c, n);
	c->emitter = NULL;
	x->code = e.code.items;
	x->code_count = e.code.count;
	x->constants = e.constants.items;
	x->functions = e.functions.items;
	x->regexes = e.regexes.items;
	x->regex_count = e.regexes.count;
	x->stack = (uint32_t)e.stack_most;
	x->loops = (uint32_t)e.loops_most;
	x->locals = e.locals;
	return !c->failed;
}
