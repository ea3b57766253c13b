/*
 * Values as text: the walk over them, which JSON shares, and the style of Go's %v.
 */
#include <string.h>

#include "engine.h"

void print_bytes(struct print *p, const char *text, size_t len)
{
	if (p->failed || !len)
		return;
	if (p->len + len > p->room) {
		size_t room = 2 * p->room + len + 32;
		char *more = run_text(p->run, room);
		p->failed = !more;
		if (!more)
			return;
		if (p->len)
			memcpy(more, p->text, p->len);
		p->text = more;
		p->room = room;
	}
	memcpy(p->text + p->len, text, len);
	p->len += len;
}

void print_text(struct print *p, const char *text)
{
	print_bytes(p, text, strlen(text));
}

/* Numbers of the pairs, by key; as they are if the keys have no order. */
static const sodns_value_t *map_order(struct print *p, const sodns_value_t *map)
{
	sodns_value_t *keys = run_values(p->run, map->count),
		      *order = run_values(p->run, map->count);
	if (!keys || !order) {
		p->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		keys[i] = map->items[2 * i];
		order[i] = sodns_value_int((int64_t)i);
	}
	struct run trial = *p->run;
	values_sort(&trial, order, keys, map->count, false);
	return order;
}

static void new_line(struct print *p, unsigned depth)
{
	if (!p->style->indented)
		return;
	print_text(p, "\n");
	while (depth--)
		print_text(p, "  ");
}

/* The items of an array, or the pairs of a map. */
static void print_items(struct print *p, const sodns_value_t *v, unsigned depth)
{
	bool map = v->kind == SODNS_VALUE_MAP;
	const sodns_value_t *order = map ? map_order(p, v) : NULL;
	print_text(p, map ? p->style->map[0] : "[");
	for (size_t i = 0; i < v->count && !p->failed; i++) {
		const sodns_value_t *at = &v->items[map ? 2 * (size_t)order[i].integer : i];
		if (i)
			print_text(p, p->style->between);
		new_line(p, depth + 1);
		if (map) {
			p->style->key(p, at++, depth + 1);
			print_text(p, p->style->colon);
		}
		print_value(p, at, depth + 1);
	}
	if (v->count)
		new_line(p, depth);
	print_text(p, map ? p->style->map[1] : "]");
}

static void print_word(struct print *p, const char *word)
{
	if (word)
		print_text(p, word);
	else
		p->failed = true;
}

static void print_int(struct print *p, int64_t number)
{
	char buf[24];
	print_bytes(p, buf, sodns_int_to_text(number, buf));
}

void print_value(struct print *p, const sodns_value_t *v, unsigned depth)
{
	if (depth > VALUE_DEPTH_MAX || !run_spend(p->run, 1))
		p->failed = true;
	if (p->failed)
		return;
	switch ((enum sodns_value_kind)v->kind) {
	case SODNS_VALUE_NIL:
		print_word(p, p->style->nil);
		break;
	case SODNS_VALUE_BOOL:
		print_text(p, v->boolean ? "true" : "false");
		break;
	case SODNS_VALUE_INT:
		print_int(p, v->integer);
		break;
	case SODNS_VALUE_FLOAT:
		p->style->number(p, v->number);
		break;
	case SODNS_VALUE_STRING:
		p->style->string(p, v);
		break;
	case SODNS_VALUE_BYTES:
		p->style->bytes(p, v);
		break;
	case SODNS_VALUE_ARRAY:
	case SODNS_VALUE_MAP:
		print_items(p, v, depth);
		break;
	case SODNS_VALUE_FUNCTION:
		print_word(p, p->style->function);
		break;
	}
}

static void plain_number(struct print *p, double d)
{
	char buf[SODNS_FLOAT_ROOM];
	print_bytes(p, buf, sodns_float_to_text(d, 'g', -1, buf, sizeof(buf)));
}

static void plain_string(struct print *p, const sodns_value_t *v)
{
	print_bytes(p, v->text, v->count);
}

static void plain_bytes(struct print *p, const sodns_value_t *v)
{
	print_text(p, "[");
	for (size_t i = 0; i < v->count && !p->failed; i++) {
		if (i)
			print_text(p, " ");
		print_int(p, (uint8_t)v->text[i]);
	}
	print_text(p, "]");
}

static const struct print_style plain = {.nil = "<nil>",
					 .function = "func",
					 .map = {"map[", "]"},
					 .between = " ",
					 .colon = ":",
					 .number = plain_number,
					 .string = plain_string,
					 .bytes = plain_bytes,
					 .key = print_value};

sodns_value_t value_print(struct run *r, const sodns_value_t *v)
{
	struct print p = {.run = r, .style = &plain, .text = run_text(r, 0)};
	if (v->kind == SODNS_VALUE_STRING)
		return *v;
	print_value(&p, v, 0);
	return sodns_value_string(p.failed ? NULL : p.text, p.len);
}

const char *expr_value_to_text(sodns_query_t *q, const sodns_value_t *v)
{
	struct run r = {.query = q, .memory = MEMORY_MAX, .steps = STEPS_MAX};
	sodns_value_t text = value_print(&r, v);
	return sodns_printf(q, "%.*s", text.text ? (int)text.count : 0, text.text ? text.text : "");
}
