/*
 * Environment variables in words: {$NAME} and {%NAME%}.
 */
#include <stdlib.h>
#include <string.h>

#include "corefile/parser.h"

/* A value that contains its own reference would go on for ever. */
#define REPLACEMENTS_MAX 100

static const char *replace(corefile_t *c, const char *s, const char *open, const char *close)
{
	size_t o = strlen(open), e = strlen(close);
	for (int i = 0; i < REPLACEMENTS_MAX; i++) {
		const char *at = strstr(s, open), *end = at ? strstr(at, close) : NULL;
		if (!end || (size_t)(end - at) <= o)
			return s;
		char *name = corefile_copy(c, at + o, (size_t)(end - at) - o);
		const char *value = getenv(name);
		value = value ? value : "";
		size_t before = (size_t)(at - s), rest = strlen(end + e);
		char *out = corefile_alloc(c, before + strlen(value) + rest + 1);
		memcpy(out, s, before);
		memcpy(out + before, value, strlen(value));
		memcpy(out + before + strlen(value), end + e, rest);
		s = out;
	}
	return s;
}

const char *corefile_expand(corefile_t *c, const char *text)
{
	if (!strchr(text, '{'))
		return text;
	return replace(c, replace(c, text, "{%", "%}"), "{$", "}");
}
