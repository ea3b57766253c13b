/*
 * toJSON: a value as JSON (RFC 8259), with Go's indentation and Go's caution about HTML.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expr/builtins.h"

static void json(struct print *p, const sodns_value_t *v, unsigned depth);

static void json_rune(struct print *p, uint32_t r)
{
	static const char controls[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
	char buf[8];
	const char *at = r && r < 0x80 ? strchr(controls, (int)r) : NULL;
	if (at)
		print_bytes(p, (char[]){'\\', names[at - controls]}, 2);
	else if (r < ' ' || r == '<' || r == '>' || r == '&' || r == 0x2028 || r == 0x2029 ||
		 r == 0xfffd)
		print_bytes(p, buf, (size_t)snprintf(buf, sizeof(buf), "\\u%04x", r));
	else
		print_bytes(p, buf, utf8_write(r, buf));
}

static void json_string(struct print *p, const sodns_value_t *v)
{
	print_text(p, "\"");
	for (size_t i = 0; i < v->count && !p->failed;) {
		uint32_t r;
		i += utf8_read(v->text + i, v->count - i, &r);
		json_rune(p, r);
	}
	print_text(p, "\"");
}

static void json_bytes(struct print *p, const sodns_value_t *v)
{
	sodns_value_t text = sodns_value_string(v->text, v->count), out;
	if (!do_to_base64(p->run, &text, 1, &out)) {
		p->failed = true;
		return;
	}
	json_string(p, &out);
}

static void json_float(struct print *p, double d)
{
	char buf[400];
	if (isnan(d) || isinf(d))
		p->failed = true;
	else
		print_bytes(p, buf, float_to_json(d, buf));
}

static void new_line(struct print *p, unsigned depth)
{
	print_text(p, "\n");
	while (depth--)
		print_text(p, "  ");
}

static void json_array(struct print *p, const sodns_value_t *v, unsigned depth)
{
	print_text(p, "[");
	for (uint32_t i = 0; i < v->count && !p->failed; i++) {
		if (i)
			print_text(p, ",");
		new_line(p, depth + 1);
		json(p, &v->items[i], depth + 1);
	}
	if (v->count)
		new_line(p, depth);
	print_text(p, "]");
}

static void json_map(struct print *p, const sodns_value_t *v, unsigned depth)
{
	const sodns_value_t *order = print_order(p, v);
	print_text(p, "{");
	for (uint32_t i = 0; i < v->count && !p->failed; i++) {
		const sodns_value_t *pair = v->items + 2 * (size_t)order[i].integer;
		if (i)
			print_text(p, ",");
		new_line(p, depth + 1);
		if (pair->kind != SODNS_VALUE_STRING)
			p->failed = true;
		else
			json_string(p, pair);
		print_text(p, ": ");
		json(p, &pair[1], depth + 1);
	}
	if (v->count)
		new_line(p, depth);
	print_text(p, "}");
}

static void json(struct print *p, const sodns_value_t *v, unsigned depth)
{
	char buf[32];
	if (depth > VALUE_DEPTH_MAX || !run_spend(p->run, 1))
		p->failed = true;
	if (p->failed)
		return;
	switch ((enum sodns_value_kind)v->kind) {
	case SODNS_VALUE_NIL:
		print_text(p, "null");
		break;
	case SODNS_VALUE_BOOL:
		print_text(p, v->boolean ? "true" : "false");
		break;
	case SODNS_VALUE_INT:
		print_bytes(p, buf,
			    (size_t)snprintf(buf, sizeof(buf), "%lld", (long long)v->integer));
		break;
	case SODNS_VALUE_FLOAT:
		json_float(p, v->number);
		break;
	case SODNS_VALUE_STRING:
		json_string(p, v);
		break;
	case SODNS_VALUE_BYTES:
		json_bytes(p, v);
		break;
	case SODNS_VALUE_ARRAY:
		json_array(p, v, depth);
		break;
	case SODNS_VALUE_MAP:
		json_map(p, v, depth);
		break;
	case SODNS_VALUE_FUNCTION:
		p->failed = true;
		break;
	}
}

bool do_to_json(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	struct print p = {.run = r};
	(void)count;
	json(&p, a, 0);
	return p.failed ? run_fail(r, "not JSON") : give_text(out, p.text, p.len);
}
