/*
 * toJSON: a value as JSON (RFC 8259), with Go's indentation and Go's caution about HTML.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "builtins.h"

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
		print_bytes(p, buf, sodns_utf8_write(r, buf));
}

static void json_string(struct print *p, const sodns_value_t *v)
{
	print_text(p, "\"");
	for (size_t i = 0; i < v->count && !p->failed;) {
		uint32_t r;
		i += sodns_utf8_read(v->text + i, v->count - i, &r);
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
	char buf[SODNS_FLOAT_ROOM];
	const double size = fabs(d);
	const bool plain = d == 0 || (size >= 1e-6 && size < 1e21);
	if (isnan(d) || isinf(d)) {
		p->failed = true;
		return;
	}
	size_t n = sodns_float_to_text(d, plain ? 'f' : 'e', -1, buf, sizeof(buf));
	/* Go's JSON is JavaScript's, where an exponent has no leading zero. */
	if (!plain && buf[n - 4] == 'e' && buf[n - 2] == '0') {
		buf[n - 2] = buf[n - 1];
		n--;
	}
	print_bytes(p, buf, n);
}

static void json_key(struct print *p, const sodns_value_t *v, unsigned depth)
{
	(void)depth;
	if (v->kind == SODNS_VALUE_STRING)
		json_string(p, v);
	else
		p->failed = true;
}

static const struct print_style json = {.nil = "null",
					.map = {"{", "}"},
					.between = ",",
					.colon = ": ",
					.indented = true,
					.number = json_float,
					.string = json_string,
					.bytes = json_bytes,
					.key = json_key};

bool do_to_json(struct run *r, const sodns_value_t *a, size_t count, sodns_value_t *out)
{
	struct print p = {.run = r, .style = &json};
	(void)count;
	print_value(&p, a, 0);
	return p.failed ? run_fail(r, "not JSON") : give_text(out, p.text, p.len);
}
