/*
 * Requests to the server: the path's owner writes the answer into memory, and the session takes it.
 */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodns/text.h>

#include "parse.h"
#include "table.h"

#define FIELDS_MAX 32u

/* Without its query, and without percent signs (RFC 3986, 2.1); one that is none stays as it is. */
static char *path_of(const char *target)
{
	size_t len = strcspn(target, "?"), n = 0;
	char *path = malloc(len + 1);
	for (size_t i = 0; path && i < len; i++) {
		bool escaped = target[i] == '%' && len - i > 2 && sodns_digit(target[i + 1]) < 16 &&
			       sodns_digit(target[i + 2]) < 16;
		char c = escaped ? (char)(sodns_digit(target[i + 1]) << 4 |
					  sodns_digit(target[i + 2]))
				 : target[i];
		i += escaped ? 2 : 0;
		path[n++] = c ? c : '?';
	}
	if (path)
		path[n] = 0;
	return path;
}

static void put_header(http_header_t **list, const char *name, const char *value)
{
	http_header_t *h = calloc(1, sizeof(*h));
	if (!h)
		return;
	*h = (http_header_t){.next = *list, .name = strdup(name), .value = strdup(value)};
	*list = h;
}

static void free_headers(http_header_t **list)
{
	while (*list) {
		http_header_t *h = *list;
		*list = h->next;
		free(h->name);
		free(h->value);
		free(h);
	}
}

void http_exchange_take(sodns_http_exchange_t *x, const sodns_http_head_t *head)
{
	x->method = strdup(head->method);
	x->path = path_of(head->target);
	for (size_t i = head->field_count; i--;)
		put_header(&x->asked, head->fields[i].name, head->fields[i].value);
}

void http_exchange_clear(sodns_http_exchange_t *x)
{
	free_headers(&x->asked);
	free_headers(&x->headers);
	free(x->method);
	free(x->path);
	free(x->body);
	*x = (sodns_http_exchange_t){0};
}

static void not_found(sodns_http_exchange_t *x)
{
	static const char text[] = "404 page not found\n";
	http_status(x, 404);
	http_add_header(x, "X-Content-Type-Options", "nosniff");
	http_write(x, text, sizeof(text) - 1);
}

static void call_owner(const struct sodns_http *h, sodns_http_exchange_t *x)
{
	const http_path_t *p = h->paths;
	while (p && x->path && strcmp(p->path, x->path))
		p = p->next;
	if (p && x->path && x->method)
		p->fn(p->arg, x);
	else
		not_found(x);
}

void http_exchange_answer(const struct sodns_http *h, sodns_http_exchange_t *x)
{
	sodns_http_field_t fields[FIELDS_MAX];
	size_t count = 0;
	x->status = 200;
	call_owner(h, x);
	bool typed = !x->len;
	for (const http_header_t *i = x->headers; i && count < FIELDS_MAX - 1; i = i->next) {
		if (!i->name || !i->value)
			continue;
		fields[count++] = (sodns_http_field_t){.name = i->name, .value = i->value};
		typed |= !strcasecmp(i->name, "Content-Type");
	}
	if (!typed)
		fields[count++] = (sodns_http_field_t){.name = "Content-Type",
						       .value = "text/plain; charset=utf-8"};
	http_stream_answer(http_stream_of(x), x->status, fields, count, x->body, x->len);
}

const char *http_method(const sodns_http_exchange_t *x)
{
	return x->method;
}

const char *http_path(const sodns_http_exchange_t *x)
{
	return x->path;
}

const char *http_header(const sodns_http_exchange_t *x, const char *name)
{
	const http_header_t *h = x->asked;
	while (h && (!h->name || strcasecmp(h->name, name)))
		h = h->next;
	return h ? h->value : NULL;
}

void http_status(sodns_http_exchange_t *x, unsigned status)
{
	x->status = status;
}

/* What would end the line it stands in is not said. */
void http_add_header(sodns_http_exchange_t *x, const char *name, const char *value)
{
	if (http1_is_token(name) && http1_is_value(value))
		put_header(&x->headers, name, value);
}

/* An answer that there is no memory for is cut: its reader sees a broken one. */
void http_write(sodns_http_exchange_t *x, const char *text, size_t len)
{
	if (len > x->room - x->len) {
		size_t room = x->room ? x->room * 2 : 1024;
		while (room - x->len < len)
			room *= 2;
		char *more = realloc(x->body, room);
		if (!more)
			return;
		x->body = more;
		x->room = room;
	}
	if (len)
		memcpy(x->body + x->len, text, len);
	x->len += len;
}
