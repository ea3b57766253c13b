/*
 * The patterns of `match`, and what their groups are called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"

static int by_text(const void *a, const void *b)
{
	const struct group_key *x = a, *y = b;
	size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
	int c = memcmp(x->text.at, y->text.at, n);
	return c ? c : (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

static void add_key(struct pattern *p, const char *text, size_t group)
{
	p->keys[p->key_count++] = (struct group_key){{text, strlen(text)}, group};
}

bool pattern_compile(sodns_setup_t *s, const char *text, struct pattern *out)
{
	char why[512];
	out->text = text;
	out->groups = 1;
	if (strcmp(text, ".*") != 0) {
		out->regex = sodns_regex_new(text, why, sizeof(why));
		if (!out->regex) {
			sodns_error(s, "could not parse regex: %s, %s", text, why);
			return false;
		}
		out->groups = sodns_regex_groups(out->regex) + 1;
	}
	out->keys = sodns_setup_alloc(s, out->groups * 2 * sizeof(*out->keys));
	for (size_t i = 0; i < out->groups; i++) {
		char *number = sodns_setup_alloc(s, 24);
		snprintf(number, 24, "%zu", i);
		add_key(out, number, i);
		const char *name = out->regex ? sodns_regex_group_name(out->regex, i) : NULL;
		if (name)
			add_key(out, name, i);
	}
	qsort(out->keys, out->key_count, sizeof(*out->keys), by_text);
	return true;
}
