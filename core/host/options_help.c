/*
 * `sodns -help NAME`: a directive's syntax and what its words may be, out of its table.
 */
#include "host/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define INDENT "    "

static bool is_optional(const sodns_option_t *o)
{
	return (o->flags & (SODNS_OPT_OPTIONAL | SODNS_OPT_IF_FITS | SODNS_OPT_SERVER_ZONES)) ||
	       o->bare || o->kind == SODNS_OPT_IGNORED;
}

static bool is_shown(const sodns_option_t *o)
{
	return o->kind != SODNS_OPT_REFUSED;
}

/* What stands for the value of a property, where its row says nothing else. */
static const char *kind_form(const sodns_option_t *o)
{
	static const char *const forms[] = {
		[SODNS_OPT_FLAG] = "",           [SODNS_OPT_OFF] = "",
		[SODNS_OPT_BOOL] = "on|off",     [SODNS_OPT_NUMBER] = "N",
		[SODNS_OPT_SECONDS] = "SECONDS", [SODNS_OPT_DURATION] = "DURATION",
		[SODNS_OPT_SIZE] = "SIZE",       [SODNS_OPT_PERCENT] = "PERCENTAGE%",
		[SODNS_OPT_TYPE] = "TYPE",       [SODNS_OPT_CLASS] = "CLASS",
		[SODNS_OPT_RCODE] = "RCODE",     [SODNS_OPT_TEXT] = "TEXT",
		[SODNS_OPT_PATH] = "FILE",       [SODNS_OPT_LISTEN] = "ADDRESS",
		[SODNS_OPT_NAME] = "NAME",       [SODNS_OPT_ZONE] = "ZONE",
		[SODNS_OPT_ZONES] = "ZONES",     [SODNS_OPT_FALLTHROUGH] = "[ZONES...]",
		[SODNS_OPT_ADDRESS] = "IP",      [SODNS_OPT_ENDPOINT] = "IP[:PORT]",
		[SODNS_OPT_PREFIX] = "CIDR",
	};
	const char *form = (size_t)o->kind < sizeof(forms) / sizeof(forms[0]) ? forms[o->kind]
									      : NULL;
	return form ? form : "";
}

static void put_words(const sodns_option_t *o, FILE *out)
{
	const char *separator = "";
	for (size_t i = 0; i < o->words.count; i++) {
		if (!o->words.at[i])
			continue;
		fprintf(out, "%s%s", separator, o->words.at[i]);
		separator = "|";
	}
}

/* A value: `name` is what an argument is called, NULL for a property's own. */
static void put_value(const sodns_option_t *o, const char *name, FILE *out)
{
	bool many = o->kind != SODNS_OPT_FALLTHROUGH &&
		    (o->count || o->kind == SODNS_OPT_IGNORED ||
		     (o->flags & (SODNS_OPT_MANY | SODNS_OPT_JOINED)));
	if (o->form)
		fputs(o->form, out);
	else if (o->kind == SODNS_OPT_WORD)
		put_words(o, out);
	else
		fprintf(out, "%s%s", name ? name : kind_form(o),
			name && o->kind == SODNS_OPT_PERCENT ? "%" : "");
	if (many && !o->form)
		fputs("...", out);
}

static void put_args(const sodns_option_rows_t *rows, FILE *out);

static void put_keyword(const sodns_option_t *o, FILE *out)
{
	fprintf(out, " [%s", o->name);
	if (o->kind == SODNS_OPT_GROUP)
		put_args(&o->args, out);
	else if (o->form || o->kind == SODNS_OPT_WORD || *kind_form(o)) {
		fputc(' ', out);
		put_value(o, NULL, out);
	}
	fputc(']', out);
}

/* Whether an argument that must be there comes after row i. */
static bool is_followed(const sodns_option_rows_t *rows, size_t i)
{
	while (++i < rows->count)
		if (!is_optional(option_at(rows, i)) &&
		    !(option_at(rows, i)->flags & SODNS_OPT_KEYWORD))
			return true;
	return false;
}

/* " A B [C [D]] [word E]" */
static void put_args(const sodns_option_rows_t *rows, FILE *out)
{
	unsigned open = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		if (o->flags & SODNS_OPT_KEYWORD)
			continue;
		fputs(is_optional(o) ? " [" : " ", out);
		put_value(o, o->name, out);
		if (is_optional(o) && ((o->flags & SODNS_OPT_IF_FITS) || is_followed(rows, i)))
			fputc(']', out);
		else
			open += is_optional(o);
	}
	while (open--)
		fputc(']', out);
	for (size_t i = 0; i < rows->count; i++)
		if (option_at(rows, i)->flags & SODNS_OPT_KEYWORD)
			put_keyword(option_at(rows, i), out);
}

static void put_block(const sodns_option_rows_t *rows, unsigned depth, FILE *out);

static void put_property(const sodns_option_t *o, unsigned depth, FILE *out)
{
	fprintf(out, "%*s%s", (int)(depth * strlen(INDENT)), "", o->name);
	if (o->form)
		fprintf(out, "%s%s", *o->form ? " " : "", o->form);
	else if (o->kind == SODNS_OPT_IGNORED)
		;
	else if (o->kind == SODNS_OPT_GROUP)
		put_args(&o->args, out);
	else if (o->kind == SODNS_OPT_WORD || *kind_form(o)) {
		fputs(is_optional(o) ? " [" : " ", out);
		put_value(o, NULL, out);
		fputs(is_optional(o) ? "]" : "", out);
	}
	if (o->block.count) {
		fputs(" {\n", out);
		put_block(&o->block, depth + 1, out);
		fprintf(out, "%*s}", (int)(depth * strlen(INDENT)), "");
	}
	fputc('\n', out);
}

static void put_block(const sodns_option_rows_t *rows, unsigned depth, FILE *out)
{
	for (size_t i = 0; i < rows->count; i++)
		if (is_shown(option_at(rows, i)))
			put_property(option_at(rows, i), depth, out);
}

static void put_syntax(const char *name, const sodns_options_t *t, FILE *out)
{
	fputs(name, out);
	put_args(&t->args, out);
	if (t->properties.count || t->other) {
		fputs(" {\n", out);
		if (t->other_form)
			fprintf(out, INDENT "%s\n", t->other_form);
		put_block(&t->properties, 1, out);
		fputc('}', out);
	}
	fputc('\n', out);
}

/* A row as it is printed: its name, and behind that what is to be said. */
struct told {
	FILE *out;
	size_t column;
	bool begun;
};

/* Begins one more thing. */
static FILE *next(struct told *t)
{
	if (t->begun)
		fputs("; ", t->out);
	else
		fprintf(t->out, "%*s", t->column < 24 ? (int)(26 - t->column) : 2, "");
	t->begun = true;
	return t->out;
}

static void put_limits(const sodns_option_t *o, struct told *t)
{
	char text[256] = "";
	bool counts = o->kind == SODNS_OPT_NUMBER || o->kind == SODNS_OPT_SECONDS ||
		      o->kind == SODNS_OPT_DURATION || o->kind == SODNS_OPT_SIZE ||
		      o->kind == SODNS_OPT_PERCENT;
	if (o->kind == SODNS_OPT_WORD && !(o->flags & SODNS_OPT_KEYWORD))
		option_words(o, " or ", text);
	else if (counts)
		option_bounds(o, text);
	else if (o->kind == SODNS_OPT_TEXT && o->max)
		snprintf(text, sizeof(text), "at most %lld bytes", (long long)o->max);
	if (*text)
		fputs(text, next(t));
}

static void put_default(const sodns_option_t *o, struct told *t)
{
	if (o->fallback)
		fprintf(next(t), "default %s", o->fallback);
	else if (o->otherwise)
		fprintf(next(t), "default: %s", o->otherwise);
	else if (o->flags & SODNS_OPT_SERVER_ZONES)
		fputs("default: the server block's", next(t));
	/* Arguments are called by capitals. */
	if (o->bare)
		fprintf(next(t), "%s %s",
			isupper((unsigned char)*o->name) ? "default" : "alone:", o->bare);
}

/* `before`: what the row is a part of. An argument that is one of several words is called by these. */
static void put_row(const char *before, const sodns_option_t *o, FILE *out)
{
	char *name = NULL;
	size_t len;
	FILE *f = open_memstream(&name, &len);
	if (!f)
		return;
	fprintf(f, "%s%s", before, *before ? " " : "");
	if (*before && o->kind == SODNS_OPT_WORD)
		put_words(o, f);
	else
		fputs(o->name, f);
	fclose(f);
	fprintf(out, "  %s", name);
	free(name);
	struct told t = {.out = out, .column = len + 2};
	if (o->kind == SODNS_OPT_IGNORED || o->kind == SODNS_OPT_REFUSED)
		fputs(o->kind == SODNS_OPT_IGNORED ? "taken, without effect" : "not taken",
		      next(&t));
	if (o->help || o->says.note)
		fputs(o->help ? o->help : o->says.note, next(&t));
	put_limits(o, &t);
	put_default(o, &t);
	if (o->flags & SODNS_OPT_REQUIRED)
		fputs("required", next(&t));
	if (o->flags & SODNS_OPT_ONCE)
		fputs("once", next(&t));
	fputc('\n', out);
}

static void put_rows(const char *before, const sodns_option_rows_t *rows, FILE *out)
{
	for (size_t i = 0; i < rows->count; i++) {
		const sodns_option_t *o = option_at(rows, i);
		char name[64];
		snprintf(name, sizeof(name), "%s%s%.60s", before, *before ? " " : "", o->name);
		put_row(before, o, out);
		put_rows(name, &o->args, out);
		put_rows(name, &o->block, out);
	}
}

void options_print(const sodns_plugin_t *p, FILE *out)
{
	static const sodns_options_t none;
	const sodns_options_t *t = p->options ? p->options : &none;
	if (!p->options) {
		fprintf(out, "%s\n\nIts words are in its manual alone.\n", p->name);
		return;
	}
	if (t->help)
		fprintf(out, "%s: %s\n\n", p->name, t->help);
	put_syntax(p->name, t, out);
	if (t->args.count || t->properties.count)
		fputc('\n', out);
	put_rows("", &t->args, out);
	put_rows("", &t->properties, out);
	if (t->repeats == SODNS_ONCE)
		fputs("\nOnce in a server block.\n", out);
	else if (t->repeats == SODNS_FIRST)
		fputs("\nOf several in a server block the first one holds.\n", out);
}
