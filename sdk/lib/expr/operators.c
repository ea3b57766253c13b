/*
 * What operators do with values: Go's arithmetic and comparisons, as the oracle has them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

bool to_int(const sodns_value_t *v, int64_t *out)
{
	if (v->kind == SODNS_VALUE_INT)
		*out = v->integer;
	else if (v->kind != SODNS_VALUE_FLOAT)
		return false;
	else if (v->number >= -9223372036854775808.0 && v->number < 9223372036854775808.0)
		*out = (int64_t)v->number;
	else
		*out = INT64_MIN; /* what Go's conversion gives on the common machines */
	return true;
}

bool to_float(const sodns_value_t *v, double *out)
{
	if (v->kind != SODNS_VALUE_INT && v->kind != SODNS_VALUE_FLOAT)
		return false;
	*out = v->kind == SODNS_VALUE_INT ? (double)v->integer : v->number;
	return true;
}

/* ---- comparisons */

static bool same_text(const sodns_value_t *a, const sodns_value_t *b)
{
	return a->count == b->count && (!a->count || !memcmp(a->text, b->text, a->count));
}

static bool equal(struct run *r, const sodns_value_t *a, const sodns_value_t *b, unsigned depth)
{
	double x, y;
	if (!run_spend(r, 1) || depth > VALUE_DEPTH_MAX)
		return false;
	if (a->kind != b->kind)
		return to_float(a, &x) && to_float(b, &y) && x == y;
	switch ((enum sodns_value_kind)a->kind) {
	case SODNS_VALUE_NIL:
		return true;
	case SODNS_VALUE_BOOL:
		return a->boolean == b->boolean;
	case SODNS_VALUE_INT:
		return a->integer == b->integer;
	case SODNS_VALUE_FLOAT:
		return a->number == b->number;
	case SODNS_VALUE_STRING:
	case SODNS_VALUE_BYTES:
		return same_text(a, b);
	case SODNS_VALUE_ARRAY:
		if (a->count != b->count)
			return false;
		for (uint32_t i = 0; i < a->count; i++)
			if (!equal(r, &a->items[i], &b->items[i], depth + 1))
				return false;
		return true;
	case SODNS_VALUE_MAP:
		if (a->count != b->count)
			return false;
		for (size_t i = 0; i < a->count; i++) {
			const sodns_value_t *other = map_find(r, b, &a->items[2 * i]);
			if (!other || !equal(r, &a->items[2 * i + 1], other, depth + 1))
				return false;
		}
		return true;
	case SODNS_VALUE_FUNCTION:
		return false;
	}
	return false;
}

bool value_equal(struct run *r, const sodns_value_t *a, const sodns_value_t *b)
{
	return equal(r, a, b, 0);
}

const sodns_value_t *map_find(struct run *r, const sodns_value_t *map, const sodns_value_t *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->items[2 * i].kind == key->kind && value_equal(r, &map->items[2 * i], key))
			return &map->items[2 * i + 1];
	return NULL;
}

static int compare_text(const sodns_value_t *a, const sodns_value_t *b)
{
	return sodns_text_compare(a->text, a->count, b->text, b->count);
}

bool value_less(struct run *r, const sodns_value_t *a, const sodns_value_t *b, bool *less)
{
	double x, y;
	if (!run_spend(r, 1))
		return false;
	if (a->kind == SODNS_VALUE_INT && b->kind == SODNS_VALUE_INT)
		*less = a->integer < b->integer;
	else if (to_float(a, &x) && to_float(b, &y))
		*less = x < y;
	else if (a->kind == SODNS_VALUE_STRING && b->kind == SODNS_VALUE_STRING)
		*less = compare_text(a, b) < 0;
	else
		return run_fail(r, "these values have no order");
	return true;
}

static bool compare(struct run *r, enum operator op, const sodns_value_t *a, const sodns_value_t *b,
		    sodns_value_t *out)
{
	bool swap = op == OPERATOR_MORE || op == OPERATOR_MORE_EQUAL;
	bool or_equal = op == OPERATOR_LESS_EQUAL || op == OPERATOR_MORE_EQUAL, is;
	if (!value_less(r, swap ? b : a, swap ? a : b, &is))
		return false;
	*out = sodns_value_bool(is || (or_equal && value_equal(r, a, b)));
	return true;
}

/* ---- arithmetic */

static bool add_text(struct run *r, const sodns_value_t *a, const sodns_value_t *b,
		     sodns_value_t *out)
{
	char *text = run_text(r, (size_t)a->count + b->count);
	if (!text)
		return false;
	if (a->count)
		memcpy(text, a->text, a->count);
	if (b->count)
		memcpy(text + a->count, b->text, b->count);
	*out = sodns_value_string(text, (size_t)a->count + b->count);
	return true;
}

static bool integers(enum operator op, int64_t a, int64_t b, sodns_value_t *out)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;
	switch (op) {
	case OPERATOR_ADD:
		*out = sodns_value_int((int64_t)(x + y));
		return true;
	case OPERATOR_SUBTRACT:
		*out = sodns_value_int((int64_t)(x - y));
		return true;
	case OPERATOR_MULTIPLY:
		*out = sodns_value_int((int64_t)(x * y));
		return true;
	case OPERATOR_MODULO:
		*out = sodns_value_int(!b || b == -1 ? 0 : a % b);
		return b != 0;
	default:
		return false;
	}
}

static bool arithmetic(struct run *r, enum operator op, const sodns_value_t *a,
		       const sodns_value_t *b, sodns_value_t *out)
{
	double x, y;
	if (op == OPERATOR_ADD && a->kind == SODNS_VALUE_STRING && b->kind == SODNS_VALUE_STRING)
		return add_text(r, a, b, out);
	if (a->kind == SODNS_VALUE_INT && b->kind == SODNS_VALUE_INT && op != OPERATOR_DIVIDE &&
	    op != OPERATOR_POWER)
		return integers(op, a->integer, b->integer, out);
	if (op == OPERATOR_MODULO || !to_float(a, &x) || !to_float(b, &y))
		return false;
	double d = op == OPERATOR_ADD         ? x + y
		   : op == OPERATOR_SUBTRACT  ? x - y
		   : op == OPERATOR_MULTIPLY  ? x * y
		   : op == OPERATOR_POWER     ? pow(x, y)
		   : y != 0                   ? x / y
		   : x == 0 || isnan(x)       ? (double)NAN
		   : signbit(x) == signbit(y) ? (double)INFINITY
					      : -(double)INFINITY;
	*out = sodns_value_float(d);
	return true;
}

static bool range(struct run *r, const sodns_value_t *a, const sodns_value_t *b, sodns_value_t *out)
{
	int64_t from, to;
	if (!to_int(a, &from) || !to_int(b, &to))
		return false;
	uint64_t count = to < from ? 0 : (uint64_t)to - (uint64_t)from;
	if (count >= MEMORY_MAX)
		return run_exceeded(r, "memory budget exceeded");
	count += to >= from;
	sodns_value_t *items = run_values(r, count);
	for (uint64_t i = 0; items && i < count; i++)
		items[i] = sodns_value_int((int64_t)((uint64_t)from + i));
	*out = (sodns_value_t){.kind = SODNS_VALUE_ARRAY, .count = (uint32_t)count, .items = items};
	return items && run_spend(r, count);
}

/* ---- text and sets */

static bool matches(struct run *r, const sodns_value_t *a, const sodns_value_t *b, bool *out)
{
	char err[256], *pattern;
	if ((a->kind != SODNS_VALUE_STRING && a->kind != SODNS_VALUE_BYTES) ||
	    b->kind != SODNS_VALUE_STRING || !(pattern = run_text(r, b->count)))
		return false;
	if (b->count)
		memcpy(pattern, b->text, b->count);
	pattern[b->count] = 0;
	sodns_regex_t *regex = sodns_regex_new(pattern, err, sizeof(err));
	if (!regex)
		return run_fail(r, "not a pattern");
	*out = sodns_regex_match(regex, a->text, a->count, NULL, 0) > 0;
	sodns_regex_free(regex);
	return true;
}

static bool search(struct run *r, enum operator op, const sodns_value_t *a, const sodns_value_t *b,
		   sodns_value_t *out)
{
	bool found = false;
	*out = sodns_value_bool(false);
	if (a->kind == SODNS_VALUE_NIL || b->kind == SODNS_VALUE_NIL)
		return true;
	if (op == OPERATOR_MATCHES) {
		if (!matches(r, a, b, &found))
			return false;
	} else if (a->kind != SODNS_VALUE_STRING || b->kind != SODNS_VALUE_STRING)
		return false;
	else if (!b->count)
		found = true;
	else if (op == OPERATOR_CONTAINS)
		found = a->count && memmem(a->text, a->count, b->text, b->count);
	else if (a->count >= b->count)
		found = !memcmp(a->text + (op == OPERATOR_ENDS ? a->count - b->count : 0), b->text,
				b->count);
	*out = sodns_value_bool(found);
	return true;
}

static bool in(struct run *r, const sodns_value_t *a, const sodns_value_t *b, sodns_value_t *out)
{
	static const sodns_value_t empty = {.kind = SODNS_VALUE_STRING, .text = ""};
	bool found = false;
	if (b->kind == SODNS_VALUE_MAP)
		found = map_find(r, b, a->kind == SODNS_VALUE_NIL ? &empty : a);
	else if (b->kind == SODNS_VALUE_ARRAY)
		for (uint32_t i = 0; i < b->count && !found; i++)
			found = value_equal(r, &b->items[i], a);
	else if (b->kind != SODNS_VALUE_NIL)
		return run_fail(r, "in wants an array or a map");
	*out = sodns_value_bool(found);
	return true;
}

bool value_binary(struct run *r, enum operator op, const sodns_value_t *a, const sodns_value_t *b,
		  sodns_value_t *out)
{
	switch (op) {
	case OPERATOR_EQUAL:
		*out = sodns_value_bool(value_equal(r, a, b));
		return true;
	case OPERATOR_UNEQUAL:
		*out = sodns_value_bool(!value_equal(r, a, b));
		return true;
	case OPERATOR_LESS:
	case OPERATOR_MORE:
	case OPERATOR_LESS_EQUAL:
	case OPERATOR_MORE_EQUAL:
		return compare(r, op, a, b, out);
	case OPERATOR_IN:
		return in(r, a, b, out);
	case OPERATOR_MATCHES:
	case OPERATOR_CONTAINS:
	case OPERATOR_STARTS:
	case OPERATOR_ENDS:
		return search(r, op, a, b, out);
	case OPERATOR_RANGE:
		return range(r, a, b, out);
	default:
		return arithmetic(r, op, a, b, out);
	}
}

static int compare_items(const void *x, const void *y)
{
	const sodns_value_t *a = x, *b = y;
	if (a->kind == SODNS_VALUE_STRING)
		return compare_text(a, b);
	return (a->integer > b->integer) - (a->integer < b->integer);
}

void set_sort(sodns_value_t *items, size_t count)
{
	qsort(items, count, sizeof(*items), compare_items);
}

/* A set of strings is the oracle's map: nil is looked up as "", and nothing else but text is. */
bool value_in_set(struct run *r, const sodns_value_t *set, const sodns_value_t *a, bool *found)
{
	static const sodns_value_t empty = {.kind = SODNS_VALUE_STRING, .text = ""};
	if (a->kind == SODNS_VALUE_NIL)
		a = &empty;
	if (a->kind != set->items[0].kind)
		return run_fail(r, "what is looked up is of another type");
	*found = bsearch(a, set->items, set->count, sizeof(*a), compare_items);
	return true;
}

/* ---- elements */

static bool element(const sodns_value_t *base, int64_t index, sodns_value_t *out)
{
	index += index < 0 ? base->count : 0;
	if (index < 0 || index >= base->count)
		return false;
	*out = base->kind == SODNS_VALUE_ARRAY ? base->items[index]
					       : sodns_value_int((uint8_t)base->text[index]);
	return true;
}

bool value_fetch(struct run *r, const sodns_value_t *base, const sodns_value_t *key,
		 sodns_value_t *out)
{
	static const sodns_value_t empty = {.kind = SODNS_VALUE_STRING, .text = ""};
	int64_t index;
	if (base->kind == SODNS_VALUE_MAP) {
		const sodns_value_t *found = map_find(r, base,
						      key->kind == SODNS_VALUE_NIL ? &empty : key);
		*out = found ? *found : (sodns_value_t){0};
		return true;
	}
	return (base->kind == SODNS_VALUE_ARRAY || base->kind == SODNS_VALUE_STRING ||
		base->kind == SODNS_VALUE_BYTES) &&
	       to_int(key, &index) && element(base, index, out);
}

bool value_slice(struct run *r, const sodns_value_t *base, const sodns_value_t *from,
		 const sodns_value_t *to, sodns_value_t *out)
{
	int64_t len = base->count, a = 0, b = len;
	if (base->kind != SODNS_VALUE_ARRAY && base->kind != SODNS_VALUE_STRING &&
	    base->kind != SODNS_VALUE_BYTES)
		return run_fail(r, "only arrays and text can be sliced");
	if ((from->kind != SODNS_VALUE_NIL && !to_int(from, &a)) ||
	    (to->kind != SODNS_VALUE_NIL && !to_int(to, &b)))
		return run_fail(r, "an index is not a number");
	a += a < 0 ? len : 0;
	b += b < 0 ? len : 0;
	b = b < 0 ? 0 : b > len ? len : b;
	a = a < 0 ? 0 : a > b ? b : a;
	*out = *base;
	out->count = (uint32_t)(b - a);
	if (base->kind == SODNS_VALUE_ARRAY)
		out->items = a ? base->items + a : base->items;
	else
		out->text = a ? base->text + a : base->text;
	return true;
}

/* ---- order */

bool sort_order(struct run *r, const sodns_value_t *order, bool *descending)
{
	*descending = order->kind == SODNS_VALUE_STRING &&
		      text_is(order->text, order->count, "desc");
	return *descending ||
	       (order->kind == SODNS_VALUE_STRING && text_is(order->text, order->count, "asc")) ||
	       run_fail(r, "unknown order, use asc or desc");
}

/* Merges from[a, b) and from[b, c) into to[a, c), by the keys of these numbers. */
static bool merge(struct run *r, const sodns_value_t *keys, bool descending, const uint32_t *from,
		  uint32_t *to, const size_t bounds[3])
{
	size_t i = bounds[0], j = bounds[1];
	for (size_t k = bounds[0]; k < bounds[2]; k++) {
		bool second = i == bounds[1];
		if (!second && j < bounds[2]) {
			const sodns_value_t *a = &keys[from[i]], *b = &keys[from[j]];
			if (!value_less(r, descending ? a : b, descending ? b : a, &second))
				return false;
		}
		to[k] = second ? from[j++] : from[i++];
	}
	return true;
}

bool values_sort(struct run *r, sodns_value_t *items, sodns_value_t *keys, size_t count,
		 bool descending)
{
	/* Numbers of the items, twice, in the room of values. */
	sodns_value_t *sorted = run_values(r, count), *room = run_values(r, count);
	if (!sorted || !room)
		return false;
	uint32_t *now = (uint32_t *)(void *)room, *next = now + count;
	for (size_t i = 0; i < count; i++)
		now[i] = (uint32_t)i;
	for (size_t width = 1; width < count; width *= 2) {
		for (size_t a = 0; a < count; a += 2 * width) {
			size_t b = a + width < count ? a + width : count;
			size_t c = a + 2 * width < count ? a + 2 * width : count;
			if (!merge(r, keys, descending, now, next, (size_t[]){a, b, c}))
				return false;
		}
		uint32_t *t = now;
		now = next;
		next = t;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = items[now[i]];
	if (count)
		memcpy(items, sorted, count * sizeof(*items));
	return true;
}
