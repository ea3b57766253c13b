/*
 * Values: the names of their types, their truth and length, and how they print.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node.h"

const char *value_type(const value_t *v)
{
	switch (v->kind) {
	case NIL:
		return "<nil>";
	case BOOL:
		return "bool";
	case INT:
		return v->bits == 64   ? "int64"
		       : v->bits == 32 ? "int32"
		       : v->bits == 16 ? "int16"
		       : v->bits == 8  ? "int8"
				       : "int";
	case UINT:
		return v->bits == 64   ? "uint64"
		       : v->bits == 32 ? "uint32"
		       : v->bits == 16 ? "uint16"
		       : v->bits == 8  ? "uint8"
				       : "uint";
	case FLOAT:
		return "float64";
	case STRING:
		return "string";
	default:
		return v->type->name;
	}
}

size_t value_length(const value_t *v)
{
	return v->kind == MAP ? v->type->count(v->data) : v->len;
}

bool value_truth(const value_t *v)
{
	switch (v->kind) {
	case NIL:
		return false;
	case BOOL:
		return v->truth;
	case INT:
	case UINT:
		return v->u != 0;
	case FLOAT:
		return v->f != 0;
	case OBJECT:
		return v->type->plain || v->data;
	default:
		return value_length(v) > 0;
	}
}

void *run_alloc(run_t *r, size_t size)
{
	return r->memory.alloc(r->memory.from, size);
}

void run_write(run_t *r, const char *text, size_t len)
{
	if (len > r->room - r->len) {
		size_t room = r->room * 2;
		while (room < r->len + len)
			room *= 2;
		if (r->len + len > OUTPUT_MAX) {
			run_fail(r, "output exceeds %u bytes", OUTPUT_MAX);
			return;
		}
		char *out = run_alloc(r, room);
		if (r->len)
			memcpy(out, r->out, r->len);
		r->out = out;
		r->room = room;
	}
	if (len)
		memcpy(r->out + r->len, text, len);
	r->len += len;
}

void run_print(run_t *r, const char *format, ...)
{
	char text[128];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n > 0)
		run_write(r, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void print_float(run_t *r, double f)
{
	char text[SODNS_FLOAT_ROOM];
	run_write(r, text, sodns_float_to_text(f, 'g', -1, text, sizeof(text)));
}

static void print_list(run_t *r, const value_t *v)
{
	value_t element;
	run_write(r, "[", 1);
	for (size_t i = 0; i < v->len && !r->failed; i++) {
		if (i)
			run_write(r, " ", 1);
		v->type->at(r, v->data, v->from + i, &element);
		run_print_value(r, &element);
	}
	run_write(r, "]", 1);
}

static void print_map(run_t *r, const value_t *v)
{
	value_t key, element;
	run_write(r, "map[", 4);
	for (size_t i = 0; i < v->type->count(v->data) && !r->failed; i++) {
		if (i)
			run_write(r, " ", 1);
		v->type->entry(r, v->data, i, &key, &element);
		run_print_value(r, &key);
		run_write(r, ":", 1);
		run_print_value(r, &element);
	}
	run_write(r, "]", 1);
}

static void print_object(run_t *r, const value_t *v)
{
	if (!v->data && !v->type->plain)
		run_write(r, "<nil>", 5);
	else if (v->type->print_fields)
		v->type->print_fields(r, v->data);
	else if (!v->type->print)
		run_fail(r, "can't print %s", v->type->name);
	else
		v->type->print(r, v->data);
}

void run_print_value(run_t *r, const value_t *v)
{
	char digits[24];
	if (++r->depth > DEPTH_MAX) {
		run_fail(r, "exceeded maximum depth");
		return;
	}
	switch (v->kind) {
	case NIL:
		run_write(r, "<nil>", 5);
		break;
	case BOOL:
		run_print(r, "%s", v->truth ? "true" : "false");
		break;
	case INT:
		run_write(r, digits, sodns_int_to_text(v->i, digits));
		break;
	case UINT:
		run_write(r, digits, sodns_uint_to_text(v->u, digits));
		break;
	case FLOAT:
		print_float(r, v->f);
		break;
	case STRING:
		run_write(r, v->text, v->len);
		break;
	case LIST:
		print_list(r, v);
		break;
	case MAP:
		print_map(r, v);
		break;
	case OBJECT:
		print_object(r, v);
	}
	r->depth--;
}

value_t run_capture(run_t *r, void (*fn)(run_t *r, const value_t *args, size_t count),
		    const value_t *args, size_t count)
{
	size_t begin = r->len;
	fn(r, args, count);
	size_t len = r->len - begin;
	char *text = run_alloc(r, len + 1);
	memcpy(text, r->out + begin, len);
	r->len = begin;
	return value_string(text, len);
}
