/*
 * Reading a directive by its table: which word belongs to which row, and what may stand how often.
 */
#include "host/options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The words behind a directive or a property, and the struct that they go into. */
struct line {
	sodns_setup_t *s;
	const char *const *words;
	size_t count, at;
	void *to;
	const char *extra; /* what is said of a word too many, or NULL */
};

static void *field_of(const sodns_option_t *o, void *to)
{
	return (char *)to + o->offset;
}

static size_t *count_of(const sodns_option_t *o, void *to)
{
	return o->count ? (size_t *)(void *)((char *)to + o->count - 1) : NULL;
}

static bool is_list(const sodns_option_t *o)
{
	return o->count || o->kind == SODNS_OPT_FALLTHROUGH || o->kind == SODNS_OPT_IGNORED ||
	       (o->flags & SODNS_OPT_MANY);
}

static bool is_bare(const sodns_option_t *o)
{
	return o->kind == SODNS_OPT_FLAG || o->kind == SODNS_OPT_OFF;
}

static bool is_optional(const sodns_option_t *o)
{
	const unsigned flags = SODNS_OPT_OPTIONAL | SODNS_OPT_IF_FITS | SODNS_OPT_KEYWORD |
			       SODNS_OPT_SERVER_ZONES;
	return (o->flags & flags) || o->bare || o->kind == SODNS_OPT_FALLTHROUGH ||
	       o->kind == SODNS_OPT_IGNORED;
}

static int fields_fault(sodns_setup_t *s, const sodns_option_t *o)
{
	return sodns_error(s, "the table of plugin/%s is wrong: the field of %s has %zu bytes",
			   sodns_setup_name(s), o->name, o->size);
}

void *sodns_setup_list_add(sodns_setup_t *s, void *items, size_t *count, size_t size)
{
	void **first = items;
	size_t n = *count;
	if (!(n & (n - 1))) {
		void *more = sodns_setup_alloc(s, (n ? n * 2 : 1) * size);
		if (n)
			memcpy(more, *first, n * size);
		*first = more;
	}
	++*count;
	return memset((char *)*first + n * size, 0, size);
}

static void *list_add(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	return sodns_setup_list_add(s, field_of(o, to), count_of(o, to), o->size);
}

static void list_clear(const sodns_option_t *o, void *to)
{
	size_t *n = count_of(o, to);
	if (!n)
		return;
	*n = 0;
	*(void **)field_of(o, to) = NULL;
}

static int read_zone_words(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	value_t v = {0};
	size_t n;
	const uint8_t *const *zones = setup_zone_text(s, word, &n, v.why, sizeof(v.why));
	if (!zones)
		return option_fault(s, o, FAULT_BAD, word, &v);
	if (o->kind == SODNS_OPT_ZONE)
		n = 1;
	for (size_t i = 0; i < n; i++) {
		v.pointer = zones[i];
		if (!option_store(o, &v, o->count ? list_add(s, o, to) : field_of(o, to)))
			return fields_fault(s, o);
	}
	return SODNS_OK;
}

/* One word of the row's. */
static int read_value(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	value_t v = {0};
	if (o->kind == SODNS_OPT_PARSE)
		return o->parse(s, o, word, to);
	if (o->kind == SODNS_OPT_ZONE || o->kind == SODNS_OPT_ZONES)
		return read_zone_words(s, o, word, to);
	enum fault fault = option_read(s, o, word, &v);
	if (fault)
		return option_fault(s, o, fault, word, &v);
	if (!option_store(o, &v, o->count ? list_add(s, o, to) : field_of(o, to)))
		return fields_fault(s, o);
	return SODNS_OK;
}

static const char *joined(sodns_setup_t *s, const char *const *words, size_t count)
{
	size_t len = 1;
	for (size_t i = 0; i < count; i++)
		len += strlen(words[i]) + 1;
	char *text = sodns_setup_alloc(s, len), *at = text;
	for (size_t i = 0; i < count; i++)
		at += sprintf(at, "%s%s", i ? " " : "", words[i]);
	return text;
}

static int read_fallthrough(struct line *l, const sodns_option_t *o, const char *const *words,
			    size_t count)
{
	return setup_fallthrough(l->s, words, count, field_of(o, l->to));
}

static int server_zones(struct line *l, const sodns_option_t *o)
{
	const uint8_t *const *zones = sodns_setup_zones(l->s, count_of(o, l->to));
	memcpy(field_of(o, l->to), &zones, sizeof(zones));
	return SODNS_OK;
}

/* `count` words for the row, which may be none for one that is optional. */
static int read_words(struct line *l, const sodns_option_t *o, size_t count)
{
	const char *const *words = l->words + l->at;
	int rc = SODNS_OK;
	l->at += count;
	if (count && o->given)
		*((bool *)l->to + o->given - 1) = true;
	if (o->kind == SODNS_OPT_IGNORED)
		return SODNS_OK;
	if (o->kind == SODNS_OPT_FALLTHROUGH)
		return read_fallthrough(l, o, words, count);
	if (!count && (o->flags & SODNS_OPT_SERVER_ZONES))
		return server_zones(l, o);
	if (!count && o->bare)
		return read_value(l->s, o, o->bare, l->to);
	if (count && (o->flags & SODNS_OPT_JOINED))
		return read_value(l->s, o, joined(l->s, words, count), l->to);
	for (size_t i = 0; !rc && i < count; i++)
		rc = read_value(l->s, o, words[i], l->to);
	return rc;
}

static bool fits(const struct line *l, const sodns_option_t *o)
{
	value_t v = {0};
	return !(o->flags & SODNS_OPT_IF_FITS) ||
	       option_read(l->s, o, l->words[l->at], &v) != FAULT_BAD;
}

static const sodns_option_t *find(const sodns_option_rows_t *rows, const char *word, unsigned flags)
{
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		int (*compare)(const char *,
			       const char *) = o->flags & SODNS_OPT_ANY_CASE ? strcasecmp : strcmp;
		if ((o->flags & flags) == flags && !compare(o->name, word))
			return o;
	}
	return NULL;
}

/* How many of the words belong to the row, the first of those that are left. */
static size_t words_for(const struct line *l, const sodns_option_rows_t *rows, size_t row)
{
	const sodns_option_t *o = option_at(rows, row);
	size_t left = l->count - l->at, later = 0, n = 0;
	for (size_t i = row + 1; i < rows->count; i++)
		later += !is_optional(option_at(rows, i));
	left = left > later ? left - later : 0;
	if (!left && !is_optional(o) && l->at < l->count)
		left = 1;
	if (!left || !fits(l, o))
		return 0;
	if (!is_list(o) && !(o->flags & SODNS_OPT_JOINED))
		return 1;
	while (n < left && !find(rows, l->words[l->at + n], SODNS_OPT_KEYWORD))
		n++;
	return n;
}

/* How many words a keyword has: one, or as many as stand before the next keyword. */
static size_t words_of_keyword(const struct line *l, const sodns_option_rows_t *rows,
			       const sodns_option_t *o)
{
	size_t n = 0;
	while (!is_bare(o) && l->at + n < l->count &&
	       (is_list(o) || o->kind == SODNS_OPT_GROUP || !n) &&
	       !find(rows, l->words[l->at + n], SODNS_OPT_KEYWORD))
		n++;
	return n;
}

static int read_args(struct line *l, const sodns_option_rows_t *rows);

static int read_keyword(struct line *l, const sodns_option_rows_t *rows, const sodns_option_t *o)
{
	size_t n = words_of_keyword(l, rows, o);
	struct line own = {.s = l->s,
			   .words = l->words + l->at,
			   .count = n,
			   .to = field_of(o, l->to),
			   .extra = o->says.extra};
	if (o->given)
		*((bool *)l->to + o->given - 1) = true;
	if (is_bare(o))
		*(bool *)field_of(o, l->to) = o->kind == SODNS_OPT_FLAG;
	else if (o->kind != SODNS_OPT_GROUP)
		return n || (o->flags & SODNS_OPT_OPTIONAL)
			       ? read_words(l, o, n)
			       : option_say(l->s, o, o->says.missing, o->name);
	l->at += n;
	return o->kind == SODNS_OPT_GROUP ? read_args(&own, &o->args) : SODNS_OK;
}

/* "domain example.org", "no_rec": what stands behind the other words, in any order. */
static int read_keywords(struct line *l, const sodns_option_rows_t *rows)
{
	static const sodns_option_t none = {.name = ""};
	int rc = SODNS_OK;
	while (!rc && l->at < l->count) {
		const char *word = l->words[l->at];
		const sodns_option_t *o = find(rows, word, SODNS_OPT_KEYWORD);
		if (!o)
			return option_say(l->s, &none, l->extra, word);
		l->at++;
		rc = read_keyword(l, rows, o);
	}
	return rc;
}

static int read_args(struct line *l, const sodns_option_rows_t *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		if (o->given)
			*((bool *)l->to + o->given - 1) = false;
		if (o->flags & SODNS_OPT_KEYWORD)
			continue;
		size_t n = words_for(l, rows, i);
		if (!n && !is_optional(o))
			return option_say(l->s, o, o->says.missing, "");
		list_clear(o, l->to);
		int rc = read_words(l, o, n);
		if (!rc && o->check && (n || (o->flags & SODNS_OPT_SERVER_ZONES)))
			rc = o->check(l->s, o, n ? l->words[l->at - 1] : "", l->to);
		if (rc)
			return rc;
	}
	return read_keywords(l, rows);
}

/* The next words of the line, `most` at most; they live as long as the configuration. */
static void take_words(struct line *l, size_t most)
{
	const char *word, **words = NULL;
	while (l->count < most && (word = sodns_setup_arg(l->s)))
		*(const char **)sodns_setup_list_add(l->s, &words, &l->count,
						     sizeof(*words)) = word;
	l->words = words;
}

static size_t most_words(const sodns_option_t *o)
{
	if (!(o->flags & (SODNS_OPT_LEAVES_MORE | SODNS_OPT_IGNORES_MORE)))
		return SIZE_MAX;
	return is_bare(o) ? 0 : o->kind == SODNS_OPT_GROUP ? o->args.count : 1;
}

/* The property's own value: as if it were its only argument. */
static int read_own(struct line *l, const sodns_option_t *o)
{
	size_t n = l->count && (is_list(o) || (o->flags & SODNS_OPT_JOINED)) ? l->count : 1;
	if (is_bare(o)) {
		*(bool *)field_of(o, l->to) = o->kind == SODNS_OPT_FLAG;
		n = 0;
	} else if (l->count || is_optional(o)) {
		int rc = read_words(l, o, l->count ? n : 0);
		if (rc)
			return rc;
	} else {
		return option_say(l->s, o, o->says.missing, "");
	}
	return l->at < l->count ? option_say(l->s, o, o->says.extra, l->words[l->at]) : SODNS_OK;
}

static int read_block(sodns_setup_t *s, const sodns_option_rows_t *rows, void *to);

static int read_taken(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	struct line l = {.s = s, .to = to, .extra = o->says.extra};
	take_words(&l, most_words(o));
	int rc;
	if (o->kind == SODNS_OPT_GROUP) {
		l.to = o->count ? list_add(s, o, to) : field_of(o, to);
		rc = read_args(&l, &o->args);
	} else {
		rc = read_own(&l, o);
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
		list_clear(o, to);
	switch (o->kind) {
	case SODNS_OPT_CALL:
		return o->call(s, o, to);
	case SODNS_OPT_REFUSED:
		return option_say(s, o, o->says.note, o->name);
	case SODNS_OPT_IGNORED:
		sodns_setup_args(s, &n);
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
			const sodns_option_t *o = find(rows, sodns_setup_value(s), 0);
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
		void *within = o->kind == SODNS_OPT_GROUP ? field_of(o, to) : to;
		if (o->kind == SODNS_OPT_OFF)
			*(bool *)field_of(o, to) = true;
		if (o->fallback && o->kind != SODNS_OPT_PATH)
			rc = read_value(s, o, o->fallback, to);
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
		const char **field = field_of(o, to);
		if (o->kind == SODNS_OPT_GROUP && !o->count)
			put_paths(s, &o->args, field);
		else if (o->kind == SODNS_OPT_PATH && o->fallback && !*field)
			*field = sodns_setup_path(s, o->fallback);
	}
}

static int read_line_of_block(sodns_setup_t *s, const sodns_options_t *t, void *to)
{
	const sodns_option_rows_t *rows = &t->properties;
	const sodns_option_t *o = find(rows, sodns_setup_value(s), 0);
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
	take_words(&l, SIZE_MAX);
	return read_args(&l, &t->args);
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
	int rc = SODNS_OK;
	while (!rc && sodns_setup_next(s))
		rc = sodns_setup_read(s, to);
	return rc;
}
