/*
 * The splitter: it knows of JSON only brackets and strings. Whether an object is well formed is
 * found out by the reader.
 */
#include "split.h"

#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>

#define KEEP (64u << 10)

void split_begin(split_t *s, enum split_kind kind,
		 bool (*object)(void *arg, const char *json, size_t len), void *arg)
{
	struct split_bytes buffer = s->object_bytes;
	free(s->rest.at);
	*s = (split_t){.kind = kind, .object = object, .arg = arg};
	s->object_bytes = buffer;
	s->object_bytes.len = 0;
}

void split_free(split_t *s)
{
	free(s->rest.at);
	free(s->object_bytes.at);
	*s = (split_t){0};
}

static bool append(struct split_bytes *b, const char *bytes, size_t len, size_t max)
{
	if (b->len + len > max)
		return false;
	if (b->len + len > b->room) {
		size_t room = b->room ? b->room : 4096;
		while (room < b->len + len)
			room *= 2;
		char *more = realloc(b->at, room);
		if (!more)
			return false;
		b->at = more;
		b->room = room;
	}
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
	return true;
}

static bool object_whole(split_t *s)
{
	s->in_object = false;
	bool on = s->object(s->arg, s->object_bytes.at, s->object_bytes.len);
	s->object_bytes.len = 0;
	if (s->object_bytes.room > KEEP) {
		free(s->object_bytes.at);
		s->object_bytes = (struct split_bytes){0};
	}
	return on;
}

/* An object's bytes, as far as they are there. NULL: an error. */
static const char *take_object(split_t *s, const char *p, const char *end)
{
	const char *stop = sodns_json_scan(&s->scan, p, end, s->base);
	if (!append(&s->object_bytes, p, (size_t)(stop - p), SPLIT_OBJECT_MAX)) {
		sodns_limit_reached("watched objects", 1);
		return NULL;
	}
	if (s->scan.depth == s->base && !object_whole(s))
		return NULL;
	return stop;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether the document so far ends in: "items": */
static bool at_items(const split_t *s)
{
	static const char key[] = "\"items\"";
	const size_t n = sizeof(key) - 1;
	size_t len = s->rest.len;
	while (len && is_blank(s->rest.at[len - 1]))
		len--;
	if (!len || s->rest.at[--len] != ':')
		return false;
	while (len && is_blank(s->rest.at[len - 1]))
		len--;
	return len >= n && !memcmp(s->rest.at + len - n, key, n);
}

/* The list's document around its items, byte by byte: it is short. NULL: an error. */
static const char *take_rest(split_t *s, const char *p)
{
	if (s->scan.in_string || *p == '"')
		sodns_json_scan(&s->scan, p, p + 1, 0);
	else if (*p == '{' || *p == '[') {
		s->in_items = *p == '[' && s->scan.depth == 1 && at_items(s);
		s->scan.depth++;
		if (s->in_items)
			s->base = s->scan.depth;
	} else if (*p == '}' || *p == ']') {
		if (!s->scan.depth--)
			return NULL;
	} else if (!s->scan.depth && !is_blank(*p)) {
		return NULL;
	}
	return append(&s->rest, p, 1, SPLIT_REST_MAX) ? p + 1 : NULL;
}

/* Between objects: the next one begins, or the list ends. NULL: an error. */
static const char *take_between(split_t *s, const char *p)
{
	if (*p == '{') {
		s->in_object = true;
		return p;
	}
	if (s->in_items && *p == ']') {
		s->in_items = false;
		s->scan.depth--;
		return append(&s->rest, p, 1, SPLIT_REST_MAX) ? p + 1 : NULL;
	}
	return is_blank(*p) || (s->in_items && *p == ',') ? p + 1 : NULL;
}

bool split_feed(split_t *s, const char *bytes, size_t len)
{
	const char *p = bytes, *end = bytes + len;
	while (p && p < end) {
		if (s->in_object)
			p = take_object(s, p, end);
		else if (s->in_items || s->kind == SPLIT_EVENTS)
			p = take_between(s, p);
		else
			p = take_rest(s, p);
	}
	return p != NULL;
}

bool split_complete(const split_t *s)
{
	return !s->in_object && !s->scan.in_string && !s->scan.depth &&
	       (s->kind == SPLIT_EVENTS || s->rest.len);
}
