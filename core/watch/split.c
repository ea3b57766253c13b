/*
 * The splitter: it knows of JSON only brackets and strings. Whether an object is well formed is
 * found out by who reads it.
 */
#include "watch/split.h"

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

/* A bit set in each byte of w that is c, in the lowest such byte at least. */
static uint64_t bytes_like(uint64_t w, char c)
{
	const uint64_t ones = 0x0101010101010101u;
	w ^= ones * (unsigned char)c;
	return (w - ones) & ~w & ones << 7;
}

/* Through a string to behind its last quote, or to the end of the bytes. */
static const char *through_string(split_t *s, const char *p, const char *end)
{
	uint64_t w;
	while (p < end) {
		if (s->escaped) {
			s->escaped = false;
			p++;
			continue;
		}
		for (; end - p >= 8; p += 8) {
			memcpy(&w, p, 8);
			if (bytes_like(w, '"') | bytes_like(w, '\\'))
				break;
		}
		while (p < end && *p != '"' && *p != '\\')
			p++;
		if (p == end)
			break;
		s->escaped = *p == '\\';
		s->in_string = s->escaped;
		if (*p++ == '"')
			break;
	}
	return p;
}

/* Through an object to behind its last bracket, or to the end of the bytes. */
static const char *through_object(split_t *s, const char *p, const char *end)
{
	while (p < end) {
		if (s->in_string) {
			p = through_string(s, p, end);
			continue;
		}
		char c = *p++;
		if (c == '"')
			s->in_string = true;
		else if (c == '{' || c == '[')
			s->depth++;
		else if ((c == '}' || c == ']') && --s->depth == s->base)
			return p;
	}
	return p;
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
	const char *stop = through_object(s, p, end);
	if (!append(&s->object_bytes, p, (size_t)(stop - p), SPLIT_OBJECT_MAX)) {
		sodns_limit_reached("watched objects", 1);
		return NULL;
	}
	if (s->depth == s->base && !object_whole(s))
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

/* The list's document around its items: one byte, or a string's bytes. NULL: an error. */
static const char *take_rest(split_t *s, const char *p, const char *end)
{
	const char *stop = p + 1;
	if (s->in_string)
		stop = through_string(s, p, end);
	else if (*p == '"')
		s->in_string = true;
	else if (*p == '{' || *p == '[') {
		s->in_items = *p == '[' && s->depth == 1 && at_items(s);
		s->depth++;
		if (s->in_items)
			s->base = s->depth;
	} else if (*p == '}' || *p == ']') {
		if (!s->depth--)
			return NULL;
	} else if (!s->depth && !is_blank(*p)) {
		return NULL;
	}
	return append(&s->rest, p, (size_t)(stop - p), SPLIT_REST_MAX) ? stop : NULL;
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
		s->depth--;
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
			p = take_rest(s, p, end);
	}
	return p != NULL;
}

bool split_complete(const split_t *s)
{
	return !s->in_object && !s->in_string && !s->depth &&
	       (s->kind == SPLIT_EVENTS || s->rest.len);
}
