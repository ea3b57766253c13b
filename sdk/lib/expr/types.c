/*
 * Types: what may be assigned to what and compared with what, and how the oracle names them.
 */
#include <stdio.h>
#include <string.h>

#include "engine.h"

const struct type type_of[TYPES] = {
	[TYPE_UNKNOWN] = {.kind = TYPE_UNKNOWN},   [TYPE_ANY] = {.kind = TYPE_ANY},
	[TYPE_POINTER] = {.kind = TYPE_POINTER},   [TYPE_NIL] = {.kind = TYPE_NIL},
	[TYPE_BOOL] = {.kind = TYPE_BOOL},         [TYPE_INT] = {.kind = TYPE_INT},
	[TYPE_FLOAT] = {.kind = TYPE_FLOAT},       [TYPE_STRING] = {.kind = TYPE_STRING},
	[TYPE_BYTES] = {.kind = TYPE_BYTES},       [TYPE_ARRAY] = {.kind = TYPE_ARRAY},
	[TYPE_STRINGS] = {.kind = TYPE_STRINGS},   [TYPE_INTS] = {.kind = TYPE_INTS},
	[TYPE_FLOATS] = {.kind = TYPE_FLOATS},     [TYPE_MAP] = {.kind = TYPE_MAP},
	[TYPE_MAP_ANY] = {.kind = TYPE_MAP_ANY},   [TYPE_GROUPS] = {.kind = TYPE_GROUPS},
	[TYPE_FUNCTION] = {.kind = TYPE_FUNCTION},
};

static enum type_kind kind_of(enum sodns_expr_type t)
{
	static const uint8_t kinds[] = {
		[SODNS_EXPR_NONE] = TYPE_UNKNOWN,    [SODNS_EXPR_ANY] = TYPE_ANY,
		[SODNS_EXPR_BOOL] = TYPE_BOOL,       [SODNS_EXPR_INT] = TYPE_INT,
		[SODNS_EXPR_FLOAT] = TYPE_FLOAT,     [SODNS_EXPR_STRING] = TYPE_STRING,
		[SODNS_EXPR_BYTES] = TYPE_BYTES,     [SODNS_EXPR_ARRAY] = TYPE_ARRAY,
		[SODNS_EXPR_STRINGS] = TYPE_STRINGS, [SODNS_EXPR_MAP] = TYPE_MAP,
	};
	return t < sizeof(kinds) ? (enum type_kind)kinds[t] : TYPE_UNKNOWN;
}

const struct type *type_public(enum sodns_expr_type t)
{
	return &type_of[kind_of(t)];
}

bool type_unknown(const struct type *t)
{
	return t->kind == TYPE_UNKNOWN || t->kind == TYPE_ANY;
}

bool type_number(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_FLOAT;
}

bool type_array(const struct type *t)
{
	return t->kind == TYPE_ARRAY || t->kind == TYPE_STRINGS || t->kind == TYPE_BYTES ||
	       t->kind == TYPE_INTS || t->kind == TYPE_FLOATS;
}

bool type_map(const struct type *t)
{
	return t->kind == TYPE_MAP || t->kind == TYPE_MAP_ANY || t->kind == TYPE_GROUPS;
}

bool type_assignable(const struct type *from, const struct type *to)
{
	if (from->kind == TYPE_NIL)
		return to->kind == TYPE_POINTER || to->kind == TYPE_ANY ||
		       to->kind == TYPE_FUNCTION || type_array(to) || type_map(to);
	if (from->kind == TYPE_UNKNOWN || to->kind == TYPE_UNKNOWN)
		return false;
	if (from->kind == TYPE_FUNCTION && to->kind == TYPE_FUNCTION) {
		char a[160], b[160];
		const char *x = type_text(from, a), *y = type_text(to, b);
		return text_is(x, strlen(x), y);
	}
	return to->kind == TYPE_ANY || from->kind == to->kind;
}

bool type_comparable(const struct type *a, const struct type *b)
{
	return type_unknown(a) || type_unknown(b) || a->kind == TYPE_NIL || b->kind == TYPE_NIL ||
	       (type_number(a) && type_number(b)) || (type_array(a) && type_array(b)) ||
	       type_assignable(a, b);
}

const struct type *type_element(const struct type *t)
{
	switch (t->kind) {
	case TYPE_ARRAY:
		return t->elem ? t->elem : &type_of[TYPE_ANY];
	case TYPE_MAP:
	case TYPE_MAP_ANY:
		return &type_of[TYPE_ANY];
	case TYPE_STRINGS:
		return &type_of[TYPE_STRING];
	case TYPE_BYTES:
	case TYPE_INTS:
		return &type_of[TYPE_INT];
	case TYPE_FLOATS:
		return &type_of[TYPE_FLOAT];
	case TYPE_GROUPS:
		return &type_of[TYPE_ARRAY];
	default:
		return &type_of[TYPE_UNKNOWN];
	}
}

const struct type *type_deref(const struct type *t)
{
	return t->kind == TYPE_POINTER ? &type_of[TYPE_ANY] : t;
}

static const char *name_of(enum type_kind kind)
{
	static const char *const names[TYPES] = {
		[TYPE_UNKNOWN] = "unknown",
		[TYPE_ANY] = "interface {}",
		[TYPE_POINTER] = "*interface {}",
		[TYPE_NIL] = "unknown",
		[TYPE_BOOL] = "bool",
		[TYPE_INT] = "int",
		[TYPE_FLOAT] = "float64",
		[TYPE_STRING] = "string",
		[TYPE_BYTES] = "[]uint8",
		[TYPE_ARRAY] = "[]interface {}",
		[TYPE_STRINGS] = "[]string",
		[TYPE_INTS] = "[]int",
		[TYPE_FLOATS] = "[]float64",
		[TYPE_MAP] = "map[string]interface {}",
		[TYPE_MAP_ANY] = "map[interface {}]interface {}",
		[TYPE_GROUPS] = "map[interface {}][]interface {}",
		[TYPE_FUNCTION] = "func(...interface {}) (interface {}, error)",
	};
	return names[kind];
}

const char *type_text(const struct type *t, char buf[160])
{
	const sodns_expr_function_t *f = t->function;
	if (t->kind != TYPE_FUNCTION || !f)
		return name_of(t->kind);
	size_t at = (size_t)snprintf(buf, 160, "func(");
	for (size_t i = 0; i < SODNS_EXPR_PARAMS_MAX && f->params[i]; i++)
		at += (size_t)snprintf(buf + at, 160 - at, "%s%s", i ? ", " : "",
				       name_of(kind_of(f->params[i])));
	snprintf(buf + at, 160 - at, f->can_fail ? ") (%s, error)" : ") %s",
		 name_of(kind_of(f->result)));
	return buf;
}
