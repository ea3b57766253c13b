/*
 * The language's functions on numbers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "builtins.h"

bool do_abs(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	*out = *a;
	if (a->kind == SODNS_VALUE_FLOAT)
		out->number = a->number < 0 ? -a->number : a->number;
	else if (a->kind == SODNS_VALUE_INT)
		out->integer = a->integer < 0 ? (int64_t)(0 - (uint64_t)a->integer) : a->integer;
	else
		return run_fail(r, "invalid argument for abs");
	return true;
}

static bool round_by(double (*fn)(double), const sodns_value_t *a, sodns_value_t *out)
{
	double d;
	if (!to_float(a, &d))
		return false;
	*out = sodns_value_float(a->kind == SODNS_VALUE_INT ? d : fn(d));
	return true;
}

bool do_ceil(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	(void)count;
	return round_by(ceil, a, out);
}

bool do_floor(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	(void)count;
	return round_by(floor, a, out);
}

bool do_round(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)r;
	(void)count;
	return round_by(round, a, out);
}

bool do_int(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	int64_t i;
	(void)count;
	if (a->kind == SODNS_VALUE_STRING
		    ? sodns_int_from_text(a->text, a->count, 10, INT64_MIN, INT64_MAX, &i) != 0
		    : !to_int(a, &i))
		return run_fail(r, "int() of what is no number");
	*out = sodns_value_int(i);
	return true;
}

bool do_float(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	double d;
	(void)count;
	if (a->kind == SODNS_VALUE_STRING ? sodns_float_from_text(a->text, a->count, &d) != 0
					  : !to_float(a, &d))
		return run_fail(r, "float() of what is no number");
	*out = sodns_value_float(d);
	return true;
}

/* ---- over numbers and arrays of them */

/* Calls fn for each number in the arguments, however deep. */
static bool each_number(struct run *r, const sodns_value_t *a, size_t count, unsigned depth,
			bool (*fn)(struct run *r, const sodns_value_t *v, void *arg), void *arg)
{
	if (depth > VALUE_DEPTH_MAX)
		return run_fail(r, "recursion depth exceeded");
	for (size_t i = 0; i < count; i++) {
		bool number = a[i].kind == SODNS_VALUE_INT || a[i].kind == SODNS_VALUE_FLOAT;
		if (!run_spend(r, 1))
			return false;
		if (number ? !fn(r, &a[i], arg)
			   : a[i].kind != SODNS_VALUE_ARRAY ||
				     !each_number(r, a[i].items, a[i].count, depth + 1, fn, arg))
			return run_fail(r, "not a number");
	}
	return true;
}

struct extreme {
	bool most;
	sodns_value_t *value;
};

static bool take_extreme(struct run *r, const sodns_value_t *v, void *arg)
{
	struct extreme *e = arg;
	bool less = true;
	if (e->value->kind != SODNS_VALUE_NIL &&
	    !value_less(r, e->most ? e->value : v, e->most ? v : e->value, &less))
		return false;
	if (less)
		*e->value = *v;
	return true;
}

static bool extreme(struct run *r, const sodns_value_t *a, size_t count, bool most,
		    sodns_value_t *out)
{
	struct extreme e = {.most = most, .value = out};
	if (count == 1 && a->kind != SODNS_VALUE_ARRAY) {
		*out = *a;
		return true;
	}
	return each_number(r, a, count, 0, take_extreme, &e);
}

bool do_max(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	return extreme(r, a, count, true, out);
}

bool do_min(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	return extreme(r, a, count, false, out);
}

struct total {
	double sum;
	size_t count;
};

static bool take_total(struct run *r, const sodns_value_t *v, void *arg)
{
	struct total *t = arg;
	double d = 0;
	(void)r;
	to_float(v, &d);
	t->sum += d;
	t->count++;
	return true;
}

bool do_mean(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	struct total t = {0, 0};
	bool ok = each_number(r, a, count, 0, take_total, &t);
	*out = sodns_value_float(t.count ? t.sum / (double)t.count : 0);
	return ok;
}

static bool take_value(struct run *r, const sodns_value_t *v, void *arg)
{
	sodns_value_t **next = arg;
	double d = 0;
	(void)r;
	to_float(v, &d);
	*(*next)++ = sodns_value_float(d);
	return true;
}

bool do_median(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	struct total t = {0, 0};
	if (!each_number(r, a, count, 0, take_total, &t))
		return false;
	sodns_value_t *values = run_values(r, t.count), *next = values;
	if (!values || !each_number(r, a, count, 0, take_value, &next) ||
	    !values_sort(r, values, values, t.count, false))
		return false;
	size_t middle = t.count / 2;
	*out = sodns_value_float(!t.count ? 0
				 : t.count % 2
					 ? values[middle].number
					 : (values[middle - 1].number + values[middle].number) / 2);
	return true;
}

/* ---- bits */

enum bits { AND, OR, XOR, AND_NOT, LEFT, RIGHT, RIGHT_UNSIGNED };

static bool bits(struct run *r, enum bits op, const sodns_value_t *a, sodns_value_t *out)
{
	if (a[0].kind != SODNS_VALUE_INT || a[1].kind != SODNS_VALUE_INT)
		return run_fail(r, "not an integer");
	int64_t x = a[0].integer, y = a[1].integer;
	uint64_t u = (uint64_t)x, v = (uint64_t)y;
	if (op >= LEFT && y < 0)
		return run_fail(r, "negative shift count");
	bool far = op >= LEFT && y > 63;
	*out = sodns_value_int(op == AND       ? x & y
			       : op == OR      ? x | y
			       : op == XOR     ? x ^ y
			       : op == AND_NOT ? x & ~y
			       : op == RIGHT   ? x >> (far ? 63 : y)
			       : far           ? 0
			       : op == LEFT    ? (int64_t)(u << v)
					       : (int64_t)(u >> v));
	return true;
}

bool do_bitand(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, AND, a, out);
}

bool do_bitor(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, OR, a, out);
}

bool do_bitxor(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, XOR, a, out);
}

bool do_bitnand(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, AND_NOT, a, out);
}

bool do_bitshl(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, LEFT, a, out);
}

bool do_bitshr(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, RIGHT, a, out);
}

bool do_bitushr(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return bits(r, RIGHT_UNSIGNED, a, out);
}

bool do_bitnot(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	if (a->kind != SODNS_VALUE_INT)
		return run_fail(r, "not an integer");
	*out = sodns_value_int(~a->integer);
	return true;
}
