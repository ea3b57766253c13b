/*
 * From "db.example.org" to example.org: a pattern for file names, and a template that its groups are
 * put into.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"

#define PATTERN_MAX 10000
#define GROUPS_MAX 32

static void add_piece(sodns_setup_t *s, struct piece ***end, const char *text, size_t len,
		      int group)
{
	if (!len && group < 0)
		return;
	struct piece *p = sodns_setup_alloc(s, sizeof(*p));
	*p = (struct piece){.text = text, .len = len, .group = group};
	**end = p;
	*end = &p->next;
}

/* The bytes of "{1}", "{name}", "$1" or "$name" at `at`, 0 if it is none; the name and its length. */
static size_t reference(const char *at, const char **name, size_t *len)
{
	bool brace = *at == '{';
	if (!brace && *at != '$')
		return 0;
	*name = at + 1;
	for (*len = 0; isalnum((unsigned char)(*name)[*len]) || (*name)[*len] == '_';)
		++*len;
	if (!*len || (brace && (*name)[*len] != '}'))
		return 0;
	return *len + (brace ? 2 : 1);
}

/* The group's number; negative if there is no such group. */
static int group_of(const sodns_regex_t *r, const char *name, size_t len)
{
	char text[64];
	if (len >= sizeof(text))
		return -1;
	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	if (strspn(text, "0123456789") == len) {
		uint64_t number;
		return sodns_uint_from_text(name, len, 10, GROUPS_MAX - 1, &number) ||
				       number > sodns_regex_groups(r)
			       ? -1
			       : (int)number;
	}
	int n = sodns_regex_group(r, text);
	return n < GROUPS_MAX ? n : -1;
}

static void compile_template(sodns_setup_t *s, struct naming *n)
{
	struct piece **end = &n->pieces;
	const char *at = n->template, *text = at, *name;
	n->pieces = NULL;
	while (*at) {
		size_t len, used = reference(at, &name, &len);
		if (!used) {
			at++;
			continue;
		}
		add_piece(s, &end, text, (size_t)(at - text), -1);
		/* What no group stands behind vanishes. */
		add_piece(s, &end, NULL, 0, group_of(n->regex, name, len));
		at += used;
		text = at;
	}
	add_piece(s, &end, text, (size_t)(at - text), -1);
}

int naming_read(sodns_setup_t *s, struct naming *n, const char *pattern, const char *template)
{
	char err[512];
	if (strlen(pattern) > PATTERN_MAX)
		return sodns_error(s, "regexp too large");
	sodns_regex_free(n->regex);
	n->pattern = pattern;
	n->regex = sodns_regex_new(pattern, err, sizeof(err));
	if (!n->regex)
		return sodns_error(s, "%s", err);
	if (!sodns_regex_groups(n->regex))
		return sodns_error(s, "Need at least one sub expression");
	if (!template)
		return sodns_error_args(s);
	n->template = template;
	compile_template(s, n);
	return SODNS_OK;
}

bool naming_origin(const struct naming *n, const char *file, uint8_t origin[SODNS_NAME_MAX])
{
	sodns_span_t groups[GROUPS_MAX];
	char text[SODNS_NAME_TEXT_MAX];
	size_t len = 0;
	if (!sodns_regex_match(n->regex, file, strlen(file), groups, GROUPS_MAX))
		return false;
	for (const struct piece *p = n->pieces; p; p = p->next) {
		const char *from = p->group < 0 ? p->text : groups[p->group].at;
		size_t bytes = p->group < 0 ? p->len : groups[p->group].len;
		if (len + bytes >= sizeof(text))
			return false;
		if (bytes)
			memcpy(text + len, from, bytes);
		len += bytes;
	}
	text[len] = 0;
	if (sodns_name_from_text(len ? text : ".", NULL, origin) < 0) {
		sodns_log(SODNS_LOG_WARNING, "auto", "No origin can be made of file name %s", file);
		return false;
	}
	sodns_name_lower(origin, origin);
	return true;
}
