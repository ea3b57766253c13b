/*
 * Values of expressions (`var`) as templates see them.
 */
#include <stdlib.h>
#include <string.h>

#include "template.h"

/* A map's pairs in the order of their keys. */
struct pairs {
	const sodns_value_t *at;
	size_t count;
};

static int by_key(const void *a, const void *b)
{
	const sodns_value_t *x = a, *y = b;
	return sodns_text_compare(x->text, x->count, y->text, y->count);
}

static void item_at(run_t *r, const void *data, size_t i, value_t *out)
{
	*out = value_of(r, (const sodns_value_t *)data + i);
}

static void byte_at(run_t *r, const void *data, size_t i, value_t *out)
{
	(void)r;
	*out = value_uint(((const uint8_t *)data)[i], 8);
}

static size_t pair_count(const void *data)
{
	return ((const struct pairs *)data)->count;
}

static bool pair_find(run_t *r, const void *data, slice_t key, value_t *out)
{
	const struct pairs *p = data;
	for (size_t i = 0; i < p->count; i++) {
		const sodns_value_t *k = &p->at[2 * i];
		if (k->count == key.len && !memcmp(k->text, key.at, key.len)) {
			*out = value_of(r, k + 1);
			return true;
		}
	}
	return false;
}

static void pair_entry(run_t *r, const void *data, size_t i, value_t *key, value_t *out)
{
	const struct pairs *p = data;
	*key = value_of(r, &p->at[2 * i]);
	*out = value_of(r, &p->at[2 * i + 1]);
}

static const type_t list_type = {.name = "[]interface {}", .at = item_at};
static const type_t bytes_type = {.name = "[]uint8", .at = byte_at};
static const type_t map_type = {.name = "map[string]interface {}",
				.count = pair_count,
				.find = pair_find,
				.entry = pair_entry};

/* Pairs whose keys are strings, as the language makes them. */
static value_t map_of(run_t *r, const sodns_value_t *v)
{
	struct pairs *p = run_alloc(r, sizeof(*p));
	sodns_value_t *at = run_alloc(r, (v->count + 1u) * 2 * sizeof(*at));
	if (v->count)
		memcpy(at, v->items, v->count * 2 * sizeof(*at));
	qsort(at, v->count, 2 * sizeof(*at), by_key);
	*p = (struct pairs){at, v->count};
	return value_map(&map_type, p);
}

value_t value_of(run_t *r, const sodns_value_t *v)
{
	switch (v->kind) {
	case SODNS_VALUE_BOOL:
		return value_bool(v->boolean);
	case SODNS_VALUE_INT:
		return value_int(v->integer);
	case SODNS_VALUE_FLOAT:
		return value_float(v->number);
	case SODNS_VALUE_STRING:
		return value_string(v->text, v->count);
	case SODNS_VALUE_BYTES:
		return value_list(&bytes_type, v->text, v->count);
	case SODNS_VALUE_ARRAY:
		return value_list(&list_type, v->items, v->count);
	case SODNS_VALUE_MAP:
		return map_of(r, v);
	default:
		return value_nil_interface();
	}
}
