/*
 * The functions that templates may call: Go's own, and parseInt.
 */
#include <stdio.h>
#include <string.h>

#include "node.h"

static bool call_not(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)r;
	(void)count;
	*out = value_bool(!value_truth(args));
	return true;
}

static bool call_len(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	if (args->kind == NIL)
		return call_fail(r, "len of nil pointer");
	if (args->kind != STRING && args->kind != LIST && args->kind != MAP)
		return call_fail(r, "len of type %s", value_type(args));
	*out = value_int((int64_t)value_length(args));
	return true;
}

/* An index or a bound: an integer from 0 to `end`. */
static bool index_arg(run_t *r, const value_t *v, size_t end, size_t *out)
{
	if (v->kind == NIL)
		return call_fail(r, "cannot index slice/array with nil");
	if (v->kind != INT && v->kind != UINT)
		return call_fail(r, "cannot index slice/array with type %s", value_type(v));
	if ((v->kind == INT && v->i < 0) || v->u > end)
		return call_fail(r, "index out of range: %lld", (long long)v->i);
	*out = v->u;
	return true;
}

static bool index_one(run_t *r, const value_t *key, value_t *v)
{
	const value_t of = *v;
	size_t i = 0;
	switch (of.kind) {
	case STRING:
	case LIST:
		if (!index_arg(r, key, of.len, &i))
			return false;
		if (i == of.len)
			return call_fail(r, "index out of range: %zu", i);
		if (of.kind == STRING)
			*v = value_uint((uint8_t)of.text[i], 8);
		else
			of.type->at(r, of.data, of.from + i, v);
		return true;
	case MAP:
		if (key->kind != STRING)
			return call_fail(r, "value has type %s; should be string", value_type(key));
		if (!of.type->find(r, of.data, (slice_t){key->text, key->len}, v))
			*v = of.type->absent;
		return true;
	case NIL:
		return call_fail(r, "index of nil pointer");
	default:
		return call_fail(r, "can't index item of type %s", value_type(&of));
	}
}

static bool call_index(run_t *r, const value_t *args, size_t count, value_t *out)
{
	*out = args[0];
	if (args->kind == NIL)
		return call_fail(r, "index of untyped nil");
	for (size_t i = 1; i < count; i++)
		if (!index_one(r, &args[i], out))
			return false;
	return true;
}

static bool call_slice(run_t *r, const value_t *args, size_t count, value_t *out)
{
	size_t bound[3] = {0, args->len, args->len};
	if (args->kind == NIL)
		return call_fail(r, "slice of untyped nil");
	if (count > 4)
		return call_fail(r, "too many slice indexes: %zu", count - 1);
	if (args->kind != STRING && args->kind != LIST)
		return call_fail(r, "can't slice item of type %s", value_type(args));
	if (args->kind == STRING && count == 4)
		return call_fail(r, "cannot 3-index slice a string");
	for (size_t i = 1; i < count; i++)
		if (!index_arg(r, &args[i], args->len, &bound[i - 1]))
			return false;
	if (bound[0] > bound[1] || bound[1] > bound[2])
		return call_fail(r, "invalid slice index: %zu > %zu",
				 bound[0] > bound[1] ? bound[0] : bound[1],
				 bound[0] > bound[1] ? bound[1] : bound[2]);
	*out = *args;
	out->len = (uint32_t)(bound[1] - bound[0]);
	if (args->kind == STRING)
		out->text += bound[0];
	else
		out->from += (uint32_t)bound[0];
	return true;
}

static bool call_call(run_t *r, const value_t *args, size_t count, value_t *out)
{
	(void)count;
	(void)out;
	if (args->kind == NIL)
		return call_fail(r, "call of nil");
	const value_t shown = run_capture(r, print_values, args, 1);
	return call_fail(r, "non-function %.*s of type %s", (int)shown.len, shown.text,
			 value_type(args));
}

static bool call_print(run_t *r, const value_t *args, size_t count, value_t *out)
{
	*out = run_capture(r, print_values, args, count);
	return true;
}

static bool call_println(run_t *r, const value_t *args, size_t count, value_t *out)
{
	*out = run_capture(r, print_line, args, count);
	return true;
}

static bool call_printf(run_t *r, const value_t *args, size_t count, value_t *out)
{
	*out = run_capture(r, print_format, args, count);
	return true;
}

static bool number_fail(run_t *r, const value_t *text, const char *reason)
{
	char quoted[128];
	text_t t = {quoted, 0, sizeof(quoted)};
	text_quote(&t, text->text, text->len);
	return call_fail(r, "strconv.ParseUint: parsing %.*s: %s", (int)t.len, quoted, reason);
}

/* strconv.ParseUint(text, base, bits) */
static bool call_parse_int(run_t *r, const value_t *args, size_t count, value_t *out)
{
	char reason[40];
	const int64_t base = args[1].i, bits = args[2].i ? args[2].i : 64;
	const bool bad_base = base && (base < 2 || base > 36);
	uint64_t u;
	(void)count;
	if (args->len && (bad_base || bits < 0 || bits > 64)) {
		snprintf(reason, sizeof(reason), "invalid %s %lld", bad_base ? "base" : "bit size",
			 (long long)(bad_base ? base : bits));
		return number_fail(r, args, reason);
	}
	int error = sodns_uint_from_text(args->text, args->len, (unsigned)base,
					 bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX, &u);
	if (error)
		return number_fail(r, args, sodns_number_error(error));
	*out = value_uint(u, 64);
	return true;
}

const function_t *function_find(slice_t name)
{
	static const function_t functions[] = {
		{"and", 1, -1, NULL, NULL},
		{"or", 1, -1, NULL, NULL},
		{"not", 1, 1, call_not, NULL},
		{"len", 1, 1, call_len, NULL},
		{"index", 1, -1, call_index, NULL},
		{"slice", 1, -1, call_slice, NULL},
		{"call", 1, -1, call_call, NULL},
		{"print", 0, -1, call_print, NULL},
		{"println", 0, -1, call_println, NULL},
		{"printf", 1, -1, call_printf, "s"},
		{"html", 0, -1, escape_html, NULL},
		{"js", 0, -1, escape_js, NULL},
		{"urlquery", 0, -1, escape_url, NULL},
		{"eq", 1, -1, compare_equal, NULL},
		{"ne", 2, 2, compare_unequal, NULL},
		{"lt", 2, 2, compare_less, NULL},
		{"le", 2, 2, compare_less_equal, NULL},
		{"gt", 2, 2, compare_greater, NULL},
		{"ge", 2, 2, compare_greater_equal, NULL},
		{"parseInt", 3, 3, call_parse_int, "sii"},
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strlen(functions[i].name) == name.len &&
		    !memcmp(functions[i].name, name.at, name.len))
			return &functions[i];
	return NULL;
}
