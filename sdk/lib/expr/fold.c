/*
 * What literals alone decide is computed at setup: arithmetic, and arrays, which are then one
 * constant.
 */
#include <string.h>

#include "engine.h"

static bool is_literal(const struct node *n)
{
	return n->kind == NODE_INT || n->kind == NODE_FLOAT || n->kind == NODE_STRING ||
	       n->kind == NODE_BOOL;
}

static void become(struct node *n, enum node_kind kind, sodns_value_t v)
{
	n->kind = (uint8_t)kind;
	n->value = v;
	n->count = 0;
}

static void fold_unary(struct node *n)
{
	const struct node *k = n->kids[0];
	sodns_value_t v = k->value;
	if (k->kind == NODE_BOOL && n->op == OPERATOR_NOT) {
		v.boolean = !v.boolean;
		become(n, NODE_BOOL, v);
	}
	if (n->op == OPERATOR_NOT || (k->kind != NODE_INT && k->kind != NODE_FLOAT))
		return;
	if (n->op == OPERATOR_SUBTRACT && k->kind == NODE_INT)
		v.integer = (int64_t)(0 - (uint64_t)v.integer);
	if (n->op == OPERATOR_SUBTRACT && k->kind == NODE_FLOAT)
		v.number = -v.number;
	become(n, (enum node_kind)k->kind, v);
}

static bool fold_modulo(struct compilation *c, struct node *n)
{
	int64_t a = n->kids[0]->value.integer, b = n->kids[1]->value.integer;
	if (n->kids[0]->kind != NODE_INT || n->kids[1]->kind != NODE_INT)
		return false;
	if (!b)
		compile_fail(c, n->at, "integer divide by zero");
	else
		become(n, NODE_INT, sodns_value_int(b == -1 ? 0 : a % b));
	return true;
}

static void fold_binary(struct compilation *c, struct node *n)
{
	static const enum node_kind kinds[] = {[SODNS_VALUE_INT] = NODE_INT,
					       [SODNS_VALUE_FLOAT] = NODE_FLOAT,
					       [SODNS_VALUE_STRING] = NODE_STRING};
	const struct node *a = n->kids[0], *b = n->kids[1];
	sodns_value_t v;
	if (n->op < OPERATOR_ADD || n->op > OPERATOR_POWER || a->kind == NODE_BOOL ||
	    b->kind == NODE_BOOL || !is_literal(a) || !is_literal(b))
		return;
	if (n->op == OPERATOR_MODULO && fold_modulo(c, n))
		return;
	if (a->kind == NODE_STRING) {
		char *text = compile_alloc(c, (size_t)a->value.count + b->value.count + 1);
		memcpy(text, a->value.text, a->value.count);
		memcpy(text + a->value.count, b->value.text, b->value.count);
		v = sodns_value_string(text, (size_t)a->value.count + b->value.count);
		become(n, NODE_STRING, v);
		return;
	}
	struct run r = {.memory = MEMORY_MAX, .steps = STEPS_MAX};
	if (value_binary(&r, (enum operator)n->op, &a->value, &b->value, &v))
		become(n, kinds[v.kind], v);
}

static void fold_array(struct compilation *c, struct node *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (!is_literal(n->kids[i]))
			return;
	sodns_value_t *items = compile_alloc(c, n->count * sizeof(*items));
	for (uint32_t i = 0; i < n->count; i++)
		items[i] = n->kids[i]->value;
	become(n, NODE_CONSTANT,
	       (sodns_value_t){.kind = SODNS_VALUE_ARRAY, .count = n->count, .items = items});
}

static void fold_spine(struct compilation *c, struct node *n)
{
	size_t count;
	struct node **spine = node_spine(c, n, false, &count);
	fold(c, spine[0]->kids[0]);
	for (size_t i = 0; i < count; i++) {
		fold(c, spine[i]->kids[1]);
		fold_binary(c, spine[i]);
	}
}

void fold(struct compilation *c, struct node *n)
{
	if (n->folded)
		return;
	n->folded = true;
	if (n->kind == NODE_BINARY) {
		fold_spine(c, n);
		return;
	}
	for (uint32_t i = 0; i < n->count; i++)
		if (n->kids[i])
			fold(c, n->kids[i]);
	if (n->kind == NODE_UNARY)
		fold_unary(n);
	if (n->kind == NODE_ARRAY)
		fold_array(c, n);
}
