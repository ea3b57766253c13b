/*
 * plugin.cfg: one plugin a line, "name:path"; the lines' order is the chain's (plugin_cfg_folder.c adds
 * those of packages). A bare file name is looked for in the plugin folder. "#name:path", without a blank, is a plugin that is not in this
 * release: its directive is known, and refused by that word. A line that can't be used takes nothing
 * from those that can: it is an error where its directive is used, and else a warning.
 */
#include "host/plugin_cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/file.h>
#include <sodns/log.h>

#include "host/nearest.h"

host_options_t host;

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_name_byte(s[i]))
			return false;
	return n > 0;
}

static char *full_path(const char *path)
{
	char *out = strchr(path, '/') ? realpath(path, NULL) : NULL;
	if (out)
		return out;
	if (strchr(path, '/'))
		return strdup(path);
	if (asprintf(&out, "%s/%s", host.plugin_dir, path) < 0)
		return NULL;
	return out;
}

static void *grow(void *array, size_t count, size_t size)
{
	void *more = realloc(array, (count + 1) * size);
	if (!more)
		abort();
	return more;
}

static char *print(const char *format, va_list ap)
{
	char *text = NULL;
	if (vasprintf(&text, format, ap) < 0)
		abort();
	return text;
}

void plugin_cfg_begin_file(plugin_cfg_t *c, const char *name)
{
	c->files = grow(c->files, c->file_count, sizeof(*c->files));
	c->files[c->file_count++] = strdup(name);
}

static const char *last_file(const plugin_cfg_t *c)
{
	return c->files[c->file_count - 1];
}

plugin_entry_t *plugin_cfg_add(plugin_cfg_t *c, const char *name, size_t n, const char *path,
			       int line)
{
	c->entries = grow(c->entries, c->count, sizeof(*c->entries));
	c->entries[c->count] = (plugin_entry_t){.name = strndup(name, n),
						.path = full_path(path),
						.cfg = last_file(c),
						.line = line};
	return &c->entries[c->count++];
}

void plugin_cfg_move(plugin_cfg_t *c, plugin_entry_t *e, const char *path, int line)
{
	free(e->path);
	e->path = full_path(path);
	e->cfg = last_file(c);
	e->line = line;
}

char *plugin_cfg_trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	size_t n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = 0;
	return s;
}

size_t plugin_cfg_name(const char *s)
{
	const char *colon = strchr(s, ':');
	size_t n = colon ? (size_t)(colon - s) : 0;
	return is_name(s, n) && colon[1] ? n : 0;
}

plugin_entry_t *plugin_cfg_find_n(const plugin_cfg_t *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->count; i++)
		if (strlen(c->entries[i].name) == n && !memcmp(c->entries[i].name, name, n))
			return &c->entries[i];
	return NULL;
}

void plugin_cfg_break(plugin_entry_t *e, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	free(e->broken);
	e->broken = print(format, ap);
	va_end(ap);
}

void plugin_cfg_problem(plugin_cfg_t *c, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	c->problems = grow(c->problems, c->problem_count, sizeof(*c->problems));
	c->problems[c->problem_count++] = print(format, ap);
	va_end(ap);
}

/* The name that a line without a proper one most likely means: its first word. */
void plugin_cfg_add_broken(plugin_cfg_t *c, const char *text, int line, const char *expected)
{
	size_t n = 0;
	while (is_name_byte(text[n]))
		n++;
	plugin_entry_t *e = n && plugin_cfg_find_n(c, text, n)
				    ? NULL
				    : plugin_cfg_add(c, text, n, "", line);
	if (e)
		plugin_cfg_break(e, "expected %s, got '%s'", expected, text);
	else
		plugin_cfg_problem(c, "%s:%d - expected %s, got '%s'", last_file(c), line, expected,
				   text);
}

/* Which of the two is meant is not to be guessed. */
void plugin_cfg_note_twice(plugin_cfg_t *c, plugin_entry_t *e, int line)
{
	if (e->cfg == last_file(c))
		plugin_cfg_break(e, "plugin '%s' is named twice, first on line %d", e->name,
				 e->line);
	else
		plugin_cfg_break(e, "plugin '%s' is named twice, first at %s:%d", e->name, e->cfg,
				 e->line);
	e->cfg = last_file(c);
	e->line = line;
}

static void read_line(plugin_cfg_t *c, char *line, int number)
{
	char *s = plugin_cfg_trim(line);
	bool later = *s == '#' && plugin_cfg_name(s + 1);
	if (!*s || (*s == '#' && !later))
		return;
	s += later;
	size_t n = plugin_cfg_name(s);
	plugin_entry_t *twice = n ? plugin_cfg_find_n(c, s, n) : NULL;
	if (!n)
		plugin_cfg_add_broken(c, s, number, "NAME:PATH");
	else if (twice)
		plugin_cfg_note_twice(c, twice, number);
	else
		plugin_cfg_add(c, s, n, plugin_cfg_trim(s + n + 1), number)->later = later;
}

void plugin_cfg_each_line(plugin_cfg_t *c, FILE *f,
			  void (*read)(plugin_cfg_t *c, char *line, int number))
{
	char *line = NULL;
	size_t room = 0;
	int number = 0;
	while (getline(&line, &room, f) >= 0)
		read(c, line, ++number);
	free(line);
}

plugin_cfg_t *plugin_cfg_read(char *err, size_t err_size)
{
	FILE *f = fopen(host.plugin_cfg, "re");
	if (!f) {
		int n = snprintf(err, err_size, "plugin.cfg: ");
		sodns_file_error(err + n, err_size - (size_t)n, "open", host.plugin_cfg, errno);
		return NULL;
	}
	plugin_cfg_t *c = calloc(1, sizeof(*c));
	plugin_cfg_begin_file(c, host.plugin_cfg);
	plugin_cfg_each_line(c, f, read_line);
	fclose(f);
	plugin_cfg_add_folder(c);
	return c;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void plugin_cfg_free(plugin_cfg_t *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->entries[i].name);
		free(c->entries[i].path);
		free(c->entries[i].broken);
		free(c->entries[i].beside);
		free(c->entries[i].copy);
		free(c->entries[i].identity);
	}
	free(c->entries);
	free_texts(c->files, c->file_count);
	free_texts(c->problems, c->problem_count);
	free(c);
}

const plugin_entry_t *plugin_cfg_find(const plugin_cfg_t *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->entries[i].name, name))
			return &c->entries[i];
	return NULL;
}

const char *plugin_cfg_nearest(const plugin_cfg_t *c, const char *name)
{
	nearest_t near;
	nearest_begin(&near, name);
	for (size_t i = 0; i < c->count; i++)
		if (!c->entries[i].later)
			nearest_try(&near, c->entries[i].name);
	return near.best;
}

/* Whether the entry can't be opened, as far as can be seen from outside; why says. */
static bool is_broken(const plugin_entry_t *e, char *why, size_t why_size)
{
	char file[1024];
	if (e->broken)
		snprintf(why, why_size, "%s", e->broken);
	else if (!e->later && plugin_file_check(e->path, file, sizeof(file)))
		snprintf(why, why_size, "plugin/%s: %s", e->name, file);
	else
		return false;
	return true;
}

int plugin_cfg_check_files(const plugin_cfg_t *c, char *err, size_t err_size)
{
	char why[1200];
	for (size_t i = 0; i < c->problem_count; i++)
		sodns_log(SODNS_LOG_WARNING, NULL, "%s", c->problems[i]);
	for (size_t i = 0; i < c->count; i++) {
		const plugin_entry_t *e = &c->entries[i];
		if (!is_broken(e, why, sizeof(why)))
			continue;
		if (e->used) {
			snprintf(err, err_size, "%s:%d - %s", e->cfg, e->line, why);
			return SODNS_EINVAL;
		}
		sodns_log(SODNS_LOG_WARNING, NULL, "%s:%d - %s", e->cfg, e->line, why);
	}
	return SODNS_OK;
}
