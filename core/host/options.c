/*
 * Reading a directive by its table: what may stand in it, and how often.
 */
#include "host/options.h"

#include <string.h>

static int read_block(sodns_setup_t *s, const sodns_option_rows_t *rows, void *to);

static int read_taken(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	struct line l = {.s = s, .to = to, .extra = o->says.extra};
	line_take(&l, line_most(o));
	int rc;
	if (o->kind == SODNS_OPT_GROUP) {
		l.to = o->count ? option_list_add(s, o, to) : option_field(o, to);
		rc = line_read_args(&l, &o->args);
	} else {
		rc = line_read_own(&l, o);
	}
	if (o->flags & SODNS_OPT_IGNORES_MORE)
		while (sodns_setup_arg(s))
			;
	if (!rc && o->block.count)
		rc = read_block(s, &o->block, o->kind == SODNS_OPT_GROUP ? l.to : to);
	const char *word = l.at ? l.words[l.at - 1] : "";
	return !rc && o->check ? o->check(s, o, word, o->kind == SODNS_OPT_GROUP ? l.to : to) : rc;
}

/* A property on whose word the cursor stands. first: it did not stand before. */
static int read_property(sodns_setup_t *s, const sodns_option_t *o, void *to, bool first)
{
	size_t n;
	if (!first && (o->flags & SODNS_OPT_ONCE))
		return option_say(
			s, o, o->says.again ? o->says.again : "{name} can only be specified once",
			sodns_setup_value(s));
	if (o->given)
		*((bool *)to + o->given - 1) = true;
	if ((first && o->fallback) || (o->flags & SODNS_OPT_REPLACE))
		option_list_clear(o, to);
	switch (o->kind) {
	case SODNS_OPT_CALL:
		return o->call(s, o, to);
	case SODNS_OPT_REFUSED:
		return option_say(s, o, o->says.note, o->name);
	case SODNS_OPT_IGNORED:
		if (o->flags & SODNS_OPT_IGNORES_MORE)
			sodns_setup_args(s, &n);
		else if (!(o->flags & SODNS_OPT_LEAVES_MORE) && sodns_setup_arg(s))
			return sodns_error_args(s);
		if (o->says.note)
			sodns_warning(s, "%s", o->says.note);
		return SODNS_OK;
	default:
		return read_taken(s, o, to);
	}
}

/* Which rows of a table stood in the block, by their indexes. */
#define ROWS_MAX 64

static size_t index_of(const sodns_option_rows_t *rows, const sodns_option_t *o)
{
	return (size_t)((const char *)o - (const char *)rows->at) / rows->size;
}

static int check_required(sodns_setup_t *s, const sodns_option_rows_t *rows, uint64_t given)
{
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		if ((o->flags & SODNS_OPT_REQUIRED) && !(given >> i & 1))
			return option_say(
				s, o, o->says.missing ? o->says.missing : "'{name}' is required",
				"");
	}
	return SODNS_OK;
}

/* A block within a block: its brace is the next word. */
static int read_block(sodns_setup_t *s, const sodns_option_rows_t *rows, void *to)
{
	uint64_t given = 0;
	if (corefile_cursor_at_block(&s->cursor)) {
		corefile_cursor_next(&s->cursor);
		while (corefile_cursor_next(&s->cursor) && strcmp(sodns_setup_value(s), "}")) {
			const sodns_option_t *o = option_find(rows, sodns_setup_value(s), 0);
			if (!o)
				return option_unknown(s, rows, NULL);
			int rc = read_property(s, o, to, !(given >> index_of(rows, o) & 1));
			if (rc)
				return rc;
			given |= UINT64_C(1) << index_of(rows, o);
		}
	}
	return check_required(s, rows, given);
}

/* The values of rows that have one without being in the Corefile. */
static int put_defaults(sodns_setup_t *s, const sodns_option_rows_t *rows, void *to)
{
	int rc = SODNS_OK;
	if (rows->count > ROWS_MAX)
		return sodns_error(s, "the table of plugin/%s has more than %d rows",
				   sodns_setup_name(s), ROWS_MAX);
	for (size_t i = 0; !rc && i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		void *within = o->kind == SODNS_OPT_GROUP ? option_field(o, to) : to;
		if (o->kind == SODNS_OPT_OFF)
			*(bool *)option_field(o, to) = true;
		if (o->fallback && o->kind != SODNS_OPT_PATH)
			rc = option_read_value(s, o, o->fallback, to);
		if (!rc && !o->count)
			rc = put_defaults(s, &o->args, within);
		if (!rc && !o->count)
			rc = put_defaults(s, &o->block, within);
	}
	return rc;
}

/* Paths are told to the sandbox: only those that hold in the end. */
static void put_paths(sodns_setup_t *s, const sodns_option_rows_t *rows, void *to)
{
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		const char **field = option_field(o, to);
		if (o->kind == SODNS_OPT_GROUP && !o->count)
			put_paths(s, &o->args, field);
		else if (o->kind == SODNS_OPT_PATH && o->fallback && !*field)
			*field = sodns_setup_path(s, o->fallback);
	}
}

static int read_line_of_block(sodns_setup_t *s, const sodns_options_t *t, void *to)
{
	const sodns_option_rows_t *rows = &t->properties;
	const sodns_option_t *o = option_find(rows, sodns_setup_value(s), 0);
	if (!o)
		return t->other ? t->other(s, to) : option_unknown(s, rows, t->says.unknown);
	uint64_t bit = UINT64_C(1) << index_of(rows, o);
	bool first = !(s->given & bit);
	s->given |= bit;
	return read_property(s, o, to, first);
}

/* The block of a directive that has none. */
static int refuse_block(sodns_setup_t *s, const char *says)
{
	static const sodns_option_t none = {.name = ""};
	if (!says && corefile_cursor_at_block(&s->cursor))
		return sodns_error(s, "Unexpected token '{', expecting argument");
	return says && sodns_setup_block(s) ? option_say(s, &none, says, sodns_setup_value(s))
					    : SODNS_OK;
}

static int read_properties(sodns_setup_t *s, const sodns_options_t *t, void *to)
{
	static const sodns_option_t none = {.name = ""};
	size_t lines = 0;
	if (!t->properties.count && !t->other)
		return refuse_block(s, t->says.block);
	for (; sodns_setup_block(s); lines++) {
		int rc = read_line_of_block(s, t, to);
		if (rc)
			return rc;
	}
	if (s->failed)
		return SODNS_EINVAL;
	if (!lines && t->says.empty)
		return option_say(s, &none, t->says.empty, "");
	return check_required(s, &t->properties, s->given);
}

static int read_head(sodns_setup_t *s, const sodns_options_t *t, void *to)
{
	struct line l = {.s = s, .to = to, .extra = t->says.extra};
	if (t->args.count == 1 && t->args.at->kind == SODNS_OPT_CALL)
		return t->args.at->call(s, t->args.at, to);
	line_take(&l, SIZE_MAX);
	return line_read_args(&l, &t->args);
}

int sodns_setup_read(sodns_setup_t *s, void *to)
{
	static const sodns_option_t none = {.name = ""};
	static const char again[] = "this plugin can only be used once per Server Block";
	const sodns_options_t *t = s->plugin->r.options;
	bool first = !s->reads++;
	int rc = SODNS_OK;
	if (!t)
		return sodns_error(s, "plugin/%s registers no options", sodns_setup_name(s));
	if (!first && t->repeats == SODNS_ONCE)
		return option_say(s, &none, t->says.again ? t->says.again : again, "");
	if (first || t->repeats == SODNS_EACH) {
		s->given = 0;
		rc = put_defaults(s, &t->args, to);
		rc = rc ? rc : put_defaults(s, &t->properties, to);
	}
	rc = rc ? rc : read_head(s, t, to);
	rc = rc ? rc : read_properties(s, t, to);
	if (rc || s->failed)
		return SODNS_EINVAL;
	put_paths(s, &t->args, to);
	put_paths(s, &t->properties, to);
	return SODNS_OK;
}

int sodns_setup_read_all(sodns_setup_t *s, void *to)
{
	const sodns_options_t *t = s->plugin->r.options;
	int rc = SODNS_OK;
	while (!rc && !(s->reads && t && t->repeats == SODNS_FIRST) && sodns_setup_next(s))
		rc = sodns_setup_read(s, to);
	return rc;
}
