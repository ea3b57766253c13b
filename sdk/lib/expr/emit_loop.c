/*
 * Predicates: loops over an array.
 */
#include <string.h>

#include "engine.h"

/* A loop's body begins; the jump out of it is handed back. */
static uint32_t loop_begin(struct compilation *c)
{
	return put(c, DO_JUMP_IF_END, 0, 0, 0);
}

static void loop_end(struct compilation *c, uint32_t begin, bool forwards)
{
	put(c, DO_NEXT, forwards, begin, 0);
	patch(c, begin);
}

/* The predicate's value on the stack, for the loop's item. */
static void test(struct compilation *c, const struct node *n)
{
	if (n->count > 1)
		emit(c, n->kids[1]);
	else
		put(c, DO_ITEM, 0, 0, 1);
}

/* all, none, any: the first item that decides, or `otherwise`. */
static void decide(struct compilation *c, const struct node *n, bool inverted,
		   enum instruction_code jump, bool otherwise)
{
	uint32_t begin = loop_begin(c);
	test(c, n);
	if (inverted)
		put(c, DO_NOT, 0, 0, 0);
	uint32_t decided = put(c, jump, 0, 0, 0);
	put(c, DO_POP, 0, 0, -1);
	loop_end(c, begin, true);
	emit_constant(c, sodns_value_bool(otherwise));
	patch(c, decided);
}

/* For items that pass: `then`, which leaves the stack as it is. */
static void each_passing(struct compilation *c, const struct node *n,
			 void (*then)(struct compilation *c))
{
	uint32_t begin = loop_begin(c);
	test(c, n);
	uint32_t no = put(c, DO_JUMP_IF_FALSE, 0, 0, 0);
	put(c, DO_POP, 0, 0, -1);
	then(c);
	uint32_t end = put(c, DO_JUMP, 0, 0, 1);
	patch(c, no);
	put(c, DO_POP, 0, 0, -1);
	patch(c, end);
	loop_end(c, begin, true);
}

static void count_up(struct compilation *c)
{
	put(c, DO_COUNT_UP, 0, 0, 0);
}

static void collect_item(struct compilation *c)
{
	put(c, DO_ITEM, 0, 0, 1);
	put(c, DO_COLLECT, 0, 0, -1);
}

static void collect_each(struct compilation *c, const struct node *n)
{
	uint32_t begin = loop_begin(c);
	test(c, n);
	put(c, DO_COLLECT, 0, 0, -1);
	loop_end(c, begin, true);
}

static void find(struct compilation *c, const struct node *n)
{
	const char *name = n->builtin->name;
	bool last = !strncmp(name, "findLast", 8), index = strstr(name, "Index");
	if (last)
		put(c, DO_TO_LAST, 0, 0, 0);
	uint32_t begin = loop_begin(c);
	test(c, n);
	uint32_t no = put(c, DO_JUMP_IF_FALSE, 0, 0, 0);
	put(c, DO_POP, 0, 0, -1);
	put(c, index ? DO_INDEX : DO_ITEM, 0, 0, 1);
	uint32_t found = put(c, DO_JUMP, 0, 0, 0);
	patch(c, no);
	put(c, DO_POP, 0, 0, -1);
	loop_end(c, begin, !last);
	emit_constant(c, (sodns_value_t){0});
	patch(c, found);
}

static void sum(struct compilation *c, const struct node *n)
{
	emit_constant(c, sodns_value_int(0));
	put(c, DO_SET_SUM, 0, 0, -1);
	uint32_t begin = loop_begin(c);
	test(c, n);
	put(c, DO_GET_SUM, 0, 0, 1);
	put(c, DO_BINARY, OPERATOR_ADD, 0, -1);
	put(c, DO_SET_SUM, 0, 0, -1);
	loop_end(c, begin, true);
	put(c, DO_GET_SUM, 0, 0, 1);
}

/* Without a value to begin with, the first item is it. */
static void reduce_begin(struct compilation *c, struct node *n)
{
	if (n->count == 3) {
		emit(c, n->kids[2]);
		put(c, DO_SET_SUM, 0, 0, -1);
		return;
	}
	uint32_t empty = put(c, DO_JUMP_IF_END, 0, 0, 0);
	put(c, DO_ITEM, 0, 0, 1);
	put(c, DO_SET_SUM, 0, 0, -1);
	put(c, DO_NEXT, 1, emit_here(c) + 1, 0);
	uint32_t past = put(c, DO_JUMP, 0, 0, 0);
	patch(c, empty);
	emit_fail(c, "reduce of empty array with no initial value");
	patch(c, past);
}

static void reduce(struct compilation *c, struct node *n)
{
	reduce_begin(c, n);
	uint32_t begin = loop_begin(c);
	test(c, n);
	put(c, DO_SET_SUM, 0, 0, -1);
	loop_end(c, begin, true);
	put(c, DO_GET_SUM, 0, 0, 1);
}

static void sort_by(struct compilation *c, struct node *n)
{
	if (n->count == 3)
		emit(c, n->kids[2]);
	else
		emit_constant(c, sodns_value_text("asc"));
	collect_each(c, n);
	put(c, DO_SORT, 0, 0, 0);
}

static void one(struct compilation *c, const struct node *n)
{
	each_passing(c, n, count_up);
	put(c, DO_COUNT, 0, 0, 1);
	emit_constant(c, sodns_value_int(1));
	put(c, DO_BINARY, OPERATOR_EQUAL, 0, -1);
}

static void loop(struct compilation *c, struct node *n)
{
	const char *name = n->builtin->name;
	if (!strcmp(name, "all"))
		decide(c, n, false, DO_JUMP_IF_FALSE, true);
	else if (!strcmp(name, "none"))
		decide(c, n, true, DO_JUMP_IF_FALSE, true);
	else if (!strcmp(name, "any"))
		decide(c, n, false, DO_JUMP_IF_TRUE, false);
	else if (!strcmp(name, "one"))
		one(c, n);
	else if (!strcmp(name, "filter")) {
		each_passing(c, n, collect_item);
		put(c, DO_COLLECTED, 0, 0, 1);
	} else if (!strcmp(name, "map")) {
		collect_each(c, n);
		put(c, DO_COLLECTED, 0, 0, 1);
	} else if (!strcmp(name, "count")) {
		each_passing(c, n, count_up);
		put(c, DO_COUNT, 0, 0, 1);
	} else if (!strcmp(name, "sum"))
		sum(c, n);
	else if (!strcmp(name, "groupBy")) {
		collect_each(c, n);
		put(c, DO_GROUP, 0, 0, 1);
	} else if (!strcmp(name, "sortBy"))
		sort_by(c, n);
	else if (!strcmp(name, "reduce"))
		reduce(c, n);
	else
		find(c, n);
}

void emit_predicate(struct compilation *c, struct node *n)
{
	emit(c, n->kids[0]);
	put(c, DO_BEGIN, 0, 0, -1);
	emit_enter_loop(c, 1);
	loop(c, n);
	emit_enter_loop(c, -1);
	put(c, DO_END, 0, 0, 0);
}
