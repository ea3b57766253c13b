/*
 * The words of a line, and the rows that they belong to.
 */
#include "host/options.h"

#include <string.h>
#include <strings.h>

void *option_field(const sodns_option_t *o, void *to)
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

bool option_is_bare(const sodns_option_t *o)
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
	char *first;
	size_t n = (*count)++;
	memcpy(&first, items, sizeof(first));
	if (!(n & (n - 1))) {
		void *more = sodns_setup_alloc(s, (n ? n * 2 : 1) * size);
		if (n)
			memcpy(more, first, n * size);
		first = more;
		memcpy(items, &first, sizeof(first));
	}
	return memset(first + n * size, 0, size);
}

void *option_list_add(sodns_setup_t *s, const sodns_option_t *o, void *to)
{
	return sodns_setup_list_add(s, option_field(o, to), count_of(o, to), o->size);
}

void option_list_clear(const sodns_option_t *o, void *to)
{
	static const void *const nothing;
	if (!o->count)
		return;
	*count_of(o, to) = 0;
	memcpy(option_field(o, to), &nothing, sizeof(nothing));
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
		if (!option_store(o, &v,
				  o->count ? option_list_add(s, o, to) : option_field(o, to)))
			return fields_fault(s, o);
	}
	return SODNS_OK;
}

/* One word of the row's. */
int option_read_value(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	value_t v = {0};
	if (o->kind == SODNS_OPT_PARSE)
		return o->parse(s, o, word, to);
	if (o->kind == SODNS_OPT_ZONE || o->kind == SODNS_OPT_ZONES)
		return read_zone_words(s, o, word, to);
	enum fault fault = option_read(s, o, word, &v);
	if (fault)
		return option_fault(s, o, fault, word, &v);
	if (!option_store(o, &v, o->count ? option_list_add(s, o, to) : option_field(o, to)))
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
	return setup_fallthrough(l->s, words, count, option_field(o, l->to));
}

static int server_zones(struct line *l, const sodns_option_t *o)
{
	const uint8_t *const *zones = sodns_setup_zones(l->s, count_of(o, l->to));
	memcpy(option_field(o, l->to), &zones, sizeof(zones));
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
		return option_read_value(l->s, o, o->bare, l->to);
	if (count && (o->flags & SODNS_OPT_JOINED))
		return option_read_value(l->s, o, joined(l->s, words, count), l->to);
	for (size_t i = 0; !rc && i < count; i++)
		rc = option_read_value(l->s, o, words[i], l->to);
	return rc;
}

static bool fits(const struct line *l, const sodns_option_t *o)
{
	value_t v = {0};
	return !(o->flags & SODNS_OPT_IF_FITS) ||
	       option_read(l->s, o, l->words[l->at], &v) != FAULT_BAD;
}

const sodns_option_t *option_find(const sodns_option_rows_t *rows, const char *word, unsigned flags)
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
	while (n < left && !option_find(rows, l->words[l->at + n], SODNS_OPT_KEYWORD))
		n++;
	return n;
}

/* How many words a keyword has: one, or as many as stand before the next keyword. */
static size_t words_of_keyword(const struct line *l, const sodns_option_rows_t *rows,
			       const sodns_option_t *o)
{
	size_t n = 0;
	while (!option_is_bare(o) && l->at + n < l->count &&
	       (is_list(o) || o->kind == SODNS_OPT_GROUP || !n) &&
	       !option_find(rows, l->words[l->at + n], SODNS_OPT_KEYWORD))
		n++;
	return n;
}

static int read_keyword(struct line *l, const sodns_option_rows_t *rows, const sodns_option_t *o)
{
	size_t n = words_of_keyword(l, rows, o);
	struct line own = {.s = l->s,
			   .words = l->words + l->at,
			   .count = n,
			   .to = option_field(o, l->to),
			   .extra = o->says.extra};
	if (o->given)
		*((bool *)l->to + o->given - 1) = true;
	if (option_is_bare(o))
		*(bool *)option_field(o, l->to) = o->kind == SODNS_OPT_FLAG;
	else if (o->kind != SODNS_OPT_GROUP)
		return n || (o->flags & SODNS_OPT_OPTIONAL)
			       ? read_words(l, o, n)
			       : option_say(l->s, o, o->says.missing, o->name);
	l->at += n;
	return o->kind == SODNS_OPT_GROUP ? line_read_args(&own, &o->args) : SODNS_OK;
}

/* "domain example.org", "no_rec": what stands behind the other words, in any order. */
static int read_keywords(struct line *l, const sodns_option_rows_t *rows)
{
	static const sodns_option_t none = {.name = ""};
	int rc = SODNS_OK;
	while (!rc && l->at < l->count) {
		const char *word = l->words[l->at];
		const sodns_option_t *o = option_find(rows, word, SODNS_OPT_KEYWORD);
		if (!o)
			return option_say(l->s, &none, l->extra, word);
		l->at++;
		rc = read_keyword(l, rows, o);
	}
	return rc;
}

/* Whether the words can be as many as they are: that is told before what is wrong with one of them. */
static int check_count(const struct line *l, const sodns_option_rows_t *rows)
{
	size_t needed = 0, most = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		bool many = is_list(o) || (o->flags & (SODNS_OPT_JOINED | SODNS_OPT_KEYWORD));
		most = many ? SIZE_MAX : most < SIZE_MAX ? most + 1 : most;
		if (!is_optional(o) && needed++ == l->count)
			return option_say(l->s, o, o->says.missing, "");
	}
	return l->count > most ? option_say(l->s, option_at(rows, 0), l->extra, l->words[most])
			       : SODNS_OK;
}

int line_read_args(struct line *l, const sodns_option_rows_t *rows)
{
	if (rows->count && check_count(l, rows))
		return SODNS_EINVAL;
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		if (o->given)
			*((bool *)l->to + o->given - 1) = false;
		if (o->flags & SODNS_OPT_KEYWORD)
			continue;
		size_t n = words_for(l, rows, i);
		if (!n && !is_optional(o))
			return option_say(l->s, o, o->says.missing, "");
		option_list_clear(o, l->to);
		int rc = read_words(l, o, n);
		if (!rc && o->check && (n || (o->flags & SODNS_OPT_SERVER_ZONES)))
			rc = o->check(l->s, o, n ? l->words[l->at - 1] : "", l->to);
		if (rc)
			return rc;
	}
	return read_keywords(l, rows);
}

/* The next words of the line, `most` at most; they live as long as the configuration. */
void line_take(struct line *l, size_t most)
{
	const char *word, **words = NULL;
	while (l->count < most && (word = sodns_setup_arg(l->s)))
		*(const char **)sodns_setup_list_add(l->s, &words, &l->count,
						     sizeof(*words)) = word;
	l->words = words;
}

size_t line_most(const sodns_option_t *o)
{
	if (!(o->flags & (SODNS_OPT_LEAVES_MORE | SODNS_OPT_IGNORES_MORE)))
		return SIZE_MAX;
	return option_is_bare(o) ? 0 : o->kind == SODNS_OPT_GROUP ? o->args.count : 1;
}

/* The property's own value: as if it were its only argument. */
int line_read_own(struct line *l, const sodns_option_t *o)
{
	bool many = is_list(o) || (o->flags & SODNS_OPT_JOINED);
	size_t most = option_is_bare(o) ? 0 : many ? SIZE_MAX : 1;
	if (l->count > most)
		return option_say(l->s, o, o->says.extra, l->words[most]);
	if (!most)
		*(bool *)option_field(o, l->to) = o->kind == SODNS_OPT_FLAG;
	else if (!l->count && !is_optional(o))
		return option_say(l->s, o, o->says.missing, "");
	return most ? read_words(l, o, l->count) : SODNS_OK;
}
