/*
 * The language's functions on arrays and maps. A map keeps its keys in the order in which they came.
 */
#include <string.h>

#include "builtins.h"

static bool is_array(struct run *r, const sodns_value_t *v)
{
	return v->kind == SODNS_VALUE_ARRAY || run_fail(r, "not an array");
}

static bool is_map(struct run *r, const sodns_value_t *v)
{
	return v->kind == SODNS_VALUE_MAP || run_fail(r, "not a map");
}

/* Those two give nil for what can't be reached. */
static bool end_of(struct run *r, const sodns_value_t *a, int64_t index, sodns_value_t *out)
{
	sodns_value_t key = sodns_value_int(index);
	if (!value_fetch(r, a, &key, out))
		*out = (sodns_value_t){0};
	return true;
}

bool do_first(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return end_of(r, a, 0, out);
}

bool do_last(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return end_of(r, a, -1, out);
}

bool do_get(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	int64_t index;
	bool list = a->kind == SODNS_VALUE_ARRAY || a->kind == SODNS_VALUE_STRING ||
		    a->kind == SODNS_VALUE_BYTES;
	(void)count;
	if (list && !to_int(&a[1], &index))
		return run_fail(r, "an index is not a number");
	if (!value_fetch(r, a, &a[1], out))
		*out = (sodns_value_t){0};
	return true;
}

bool do_take(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	if (!is_array(r, a) || a[1].kind != SODNS_VALUE_INT || a[1].integer < 0)
		return run_fail(r, "cannot take so many elements");
	return give_array(out, a->items, a[1].integer < a->count ? (size_t)a[1].integer : a->count);
}

/* Every second value of a map, from `first` on. */
static bool half(struct run *r, const sodns_value_t *a, size_t first, sodns_value_t *out)
{
	sodns_value_t *items = is_map(r, a) ? run_values(r, a->count) : NULL;
	for (size_t i = 0; items && i < a->count; i++)
		items[i] = a->items[2 * i + first];
	return items && give_array(out, items, a->count);
}

bool do_keys(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return half(r, a, 0, out);
}

bool do_values(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	return half(r, a, 1, out);
}

bool do_to_pairs(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	sodns_value_t *items = is_map(r, a) ? run_values(r, a->count) : NULL;
	(void)count;
	for (size_t i = 0; items && i < a->count; i++)
		give_array(&items[i], &a->items[2 * i], 2);
	return items && give_array(out, items, a->count);
}

/* Of pairs with the same key the last one stays. */
bool do_from_pairs(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	(void)count;
	if (!is_array(r, a))
		return false;
	sodns_value_t *items = run_values(r, (size_t)a->count * 2);
	if (!items || !run_spend(r, (size_t)a->count * a->count))
		return false;
	*out = (sodns_value_t){.kind = SODNS_VALUE_MAP, .items = items};
	for (uint32_t i = 0; i < a->count; i++) {
		const sodns_value_t *pair = &a->items[i];
		if (pair->kind != SODNS_VALUE_ARRAY || pair->count != 2 ||
		    pair->items[0].kind == SODNS_VALUE_ARRAY ||
		    pair->items[0].kind == SODNS_VALUE_MAP)
			return run_fail(r, "invalid pair");
		const sodns_value_t *known = map_find(r, out, &pair->items[0]);
		size_t at = known ? (size_t)(known - 1 - items) : 2 * (size_t)out->count++;
		items[at] = pair->items[0];
		items[at + 1] = pair->items[1];
	}
	return true;
}

bool do_reverse(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	sodns_value_t *items = is_array(r, a) ? run_values(r, a->count) : NULL;
	(void)count;
	for (size_t i = 0; items && i < a->count; i++)
		items[i] = a->items[a->count - 1 - i];
	return items && give_array(out, items, a->count);
}

bool do_uniq(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	sodns_value_t *items = is_array(r, a) ? run_values(r, a->count) : NULL;
	size_t n = 0;
	(void)count;
	for (size_t i = 0; items && i < a->count; i++) {
		size_t k = 0;
		while (k < n && !value_equal(r, &a->items[i], &items[k]))
			k++;
		if (k == n)
			items[n++] = a->items[i];
	}
	return items && give_array(out, items, n);
}

bool do_concat(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_array(r, &a[i]))
			return false;
		n += a[i].count;
	}
	sodns_value_t *items = run_values(r, n), *o = items;
	for (size_t i = 0; items && i < count; i++) {
		if (a[i].count)
			memcpy(o, a[i].items, a[i].count * sizeof(*o));
		o += a[i].count;
	}
	return items && give_array(out, items, n);
}

/* Copies what is in the arrays to `to` (NULL: only counts them). */
static bool flatten(struct run *r, const sodns_value_t *a, unsigned depth, size_t *n,
		    sodns_value_t *to)
{
	if (depth > VALUE_DEPTH_MAX)
		return run_fail(r, "recursion depth exceeded");
	for (uint32_t i = 0; i < a->count; i++) {
		const sodns_value_t *v = &a->items[i];
		if (!run_spend(r, 1))
			return false;
		if (v->kind == SODNS_VALUE_ARRAY) {
			if (!flatten(r, v, depth + 1, n, to))
				return false;
			continue;
		}
		if (to)
			to[*n] = *v;
		++*n;
	}
	return true;
}

bool do_flatten(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	size_t n = 0;
	(void)count;
	if (!is_array(r, a) || !flatten(r, a, 0, &n, NULL))
		return false;
	sodns_value_t *items = run_values(r, n);
	n = 0;
	return items && flatten(r, a, 0, &n, items) && give_array(out, items, n);
}

bool do_sort(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	bool descending = false;
	if (!is_array(r, a) || (count > 1 && !sort_order(r, &a[1], &descending)))
		return false;
	sodns_value_t *items = run_values(r, a->count);
	if (!items)
		return false;
	if (a->count)
		memcpy(items, a->items, a->count * sizeof(*items));
	return values_sort(r, items, items, a->count, descending) &&
	       give_array(out, items, a->count);
}
