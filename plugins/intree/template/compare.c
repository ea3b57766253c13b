/*
 * eq, ne, lt, le, gt, ge: by Go's rules for basic types.
 */
#include "node.h"

#define INCOMPATIBLE "incompatible types for comparison"
#define INVALID "invalid type for comparison"

static bool basic(const value_t *v)
{
	return v->kind == BOOL || v->kind == INT || v->kind == UINT || v->kind == FLOAT ||
	       v->kind == STRING;
}

static bool whole(const value_t *v)
{
	return v->kind == INT || v->kind == UINT;
}

static bool negative(const value_t *v)
{
	return v->kind == INT && v->i < 0;
}

/* Two values of the same kind, or two integers: their order. */
static int order(const value_t *a, const value_t *b)
{
	switch (a->kind) {
	case BOOL:
		return a->truth - b->truth;
	case FLOAT:
		return (a->f > b->f) - (a->f < b->f);
	case STRING:
		return sodns_text_compare(a->text, a->len, b->text, b->len);
	default:
		if (negative(a) != negative(b))
			return negative(a) ? -1 : 1;
		if (a->kind == INT)
			return (a->i > b->i) - (a->i < b->i);
		return (a->u > b->u) - (a->u < b->u);
	}
}

static bool same_data(const value_t *a, const value_t *b)
{
	return a->kind == OBJECT && b->kind == OBJECT && a->type == b->type && a->data == b->data;
}

static bool incompatible(run_t *r, const value_t *a, const value_t *b)
{
	return call_fail(r, INCOMPATIBLE ": %s and %s", value_type(a), value_type(b));
}

/* Whether b equals a; false after an error as well. */
static bool equal(run_t *r, const value_t *a, const value_t *b)
{
	if (a->kind == NIL || b->kind == NIL)
		return a->kind == b->kind;
	if (a->kind == OBJECT && b->kind == OBJECT)
		return same_data(a, b);
	if (a->kind != b->kind && !(whole(a) && whole(b))) {
		if (basic(a) && basic(b))
			incompatible(r, a, b);
		else
			call_fail(r, "non-comparable types %s, %s", value_type(a), value_type(b));
		return false;
	}
	if (!basic(a)) {
		const value_t shown = run_capture(r, print_values, a, 1);
		call_fail(r, "non-comparable type %.*s: %s", (int)shown.len, shown.text,
			  value_type(a));
		return false;
	}
	return !order(a, b) && (a->kind != FLOAT || a->f == b->f);
}

bool compare_equal(run_t *r, const value_t *args, size_t count, value_t *out)
{
	if (count < 2)
		return call_fail(r, "missing argument for comparison");
	*out = value_bool(false);
	for (size_t i = 1; i < count && !out->truth && !r->failed; i++)
		out->truth = equal(r, args, &args[i]);
	return !r->failed;
}

bool compare_unequal(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	*out = value_bool(!equal(r, args, args + 1));
	return !r->failed;
}

/* The order of two numbers or strings; false: an error. */
static bool ordered(run_t *r, const value_t *a, const value_t *b, int *out)
{
	if (!basic(a) || !basic(b))
		return call_fail(r, INVALID);
	if (a->kind != b->kind && !(whole(a) && whole(b)))
		return incompatible(r, a, b);
	if (a->kind == BOOL)
		return call_fail(r, INVALID);
	*out = order(a, b);
	return true;
}

/* Whether the order of the two is one of these, -1 being that the first is less. */
static bool relates(run_t *r, const value_t *args, int least, int most, value_t *out)
{
	int c = 0;
	bool good = ordered(r, args, args + 1, &c);
	c = (c > 0) - (c < 0);
	*out = value_bool(c >= least && c <= most);
	return good;
}

bool compare_less(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	return relates(r, args, -1, -1, out);
}

bool compare_less_equal(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	return relates(r, args, -1, 0, out);
}

bool compare_greater(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	return relates(r, args, 1, 1, out);
}

bool compare_greater_equal(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	return relates(r, args, 0, 1, out);
}
