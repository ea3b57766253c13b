/*
 * html, js, urlquery: what their arguments print as, made safe for a place where certain characters
 * mean something.
 */
#include <stdio.h>
#include <string.h>

#include "node.h"

typedef void (*put_f)(run_t *r, const char *text, size_t len);

static void put_html(run_t *r, const char *text, size_t len)
{
	static const char special[] = "&<>\"'";
	static const char *const entity[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] ? strchr(special, text[i]) : NULL;
		if (at)
			run_print(r, "%s", entity[at - special]);
		else if (text[i])
			run_write(r, text + i, 1);
		else
			run_write(r, "\xef\xbf\xbd", 3);
	}
}

static void put_js(run_t *r, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c;
		n = sodns_utf8_read(text + i, len - i, &c);
		if (c == '\\' || c == '\'' || c == '"')
			run_print(r, "\\%c", (int)c);
		else if (c < 0x20 || strchr("<>&=", (int)c))
			run_print(r, "\\u%04X", c);
		else
			run_write(r, text + i, n);
	}
}

static void put_url(run_t *r, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
			     (c && strchr("-_.~", c));
		if (c == ' ')
			run_write(r, "+", 1);
		else if (plain)
			run_write(r, text + i, 1);
		else
			run_print(r, "%%%02X", c);
	}
}

static bool escaped(run_t *r, const value_t *args, size_t count, put_f put, value_t *out)
{
	value_t plain = count == 1 && args->kind == STRING
				? *args
				: run_capture(r, print_values, args, count);
	size_t begin = r->len;
	put(r, plain.text, plain.len);
	size_t len = r->len - begin;
	char *text = run_alloc(r, len + 1);
	if (len)
		memcpy(text, r->out + begin, len);
	r->len = begin;
	*out = value_string(text, len);
	return !r->failed;
}

bool escape_html(run_t *r, const value_t *args, size_t count, value_t *out)
{
	return escaped(r, args, count, put_html, out);
}

bool escape_js(run_t *r, const value_t *args, size_t count, value_t *out)
{
	return escaped(r, args, count, put_js, out);
}

bool escape_url(run_t *r, const value_t *args, size_t count, value_t *out)
{
	return escaped(r, args, count, put_url, out);
}
