/*
 * The language's own functions, as they run. Arguments have the kinds that were checked at setup where
 * those were known; where not, they can be anything.
 */
#ifndef SODNS_LIB_EXPR_BUILTINS_H
#define SODNS_LIB_EXPR_BUILTINS_H

#include "engine.h"

typedef bool builtin_f(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out);

/* builtin_text.c */
builtin_f do_len, do_trim, do_trim_prefix, do_trim_suffix, do_upper, do_lower, do_split,
	do_split_after, do_replace, do_repeat, do_join, do_index_of, do_last_index_of,
	do_has_prefix, do_has_suffix, do_string, do_to_base64, do_from_base64, do_type;
/* builtin_number.c */
builtin_f do_abs, do_ceil, do_floor, do_round, do_int, do_float, do_max, do_min, do_mean, do_median,
	do_bitand, do_bitor, do_bitxor, do_bitnand, do_bitshl, do_bitshr, do_bitushr, do_bitnot;
/* builtin_array.c */
builtin_f do_first, do_last, do_get, do_take, do_keys, do_values, do_to_pairs, do_from_pairs,
	do_reverse, do_uniq, do_concat, do_flatten, do_sort;
/* to_json.c, from_json.c */
builtin_f do_to_json, do_from_json;

/* A result of count bytes at text. */
static inline bool give_text(sodns_value_t *out, const char *text, size_t len)
{
	*out = sodns_value_string(text, len);
	return true;
}

static inline bool give_array(sodns_value_t *out, const sodns_value_t *items, size_t count)
{
	*out = (sodns_value_t){.kind = SODNS_VALUE_ARRAY, .count = (uint32_t)count, .items = items};
	return true;
}

#endif
