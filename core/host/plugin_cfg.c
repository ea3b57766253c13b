/*
 * plugin.cfg: one plugin a line, "name:path"; the lines' order is the chain's. A bare file name is
 * looked for in the plugin folder. "#name:path", without a blank, is a plugin that is not in this
 * release: its directive is known, and refused by that word. A line that can't be used takes nothing
 * from those that can: it is an error where its directive is used, and else a warning.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/log.h>

#include <sodns/file.h>

#include "host/host.h"
#include "host/nearest.h"

host_options_t host;

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '-')
			return false;
	return n > 0;
}

static char *full_path(const char *path)
{
	char *out = NULL;
	if (strchr(path, '/'))
		return (out = realpath(path, NULL)) ? out : strdup(path);
	if (asprintf(&out, "%s/%s", host.plugin_dir, path) < 0)
		return NULL;
	return out;
}

static plugin_entry_t *add_entry(plugin_cfg_t *c, const char *name, size_t n, const char *path,
				 int line)
{
	plugin_entry_t *more = realloc(c->entries, (c->count + 1) * sizeof(*more));
	if (!more)
		abort();
	c->entries = more;
	more[c->count] = (plugin_entry_t){
		.name = strndup(name, n), .path = full_path(path), .cfg = c->file, .line = line};
	return &more[c->count++];
}

static char *trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	size_t n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = 0;
	return s;
}

static plugin_entry_t *find(const plugin_cfg_t *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->count; i++)
		if (strlen(c->entries[i].name) == n && !memcmp(c->entries[i].name, name, n))
			return &c->entries[i];
	return NULL;
}

/* The name that a line without a proper one most likely means: its first word. */
static void add_broken(plugin_cfg_t *c, const char *text, int line)
{
	size_t n = 0;
	while (text[n] && (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '-'))
		n++;
	plugin_entry_t *e = n && find(c, text, n) ? NULL : add_entry(c, text, n, "", line);
	if (!e)
		sodns_log(SODNS_LOG_WARNING, NULL, "%s:%d - expected NAME:PATH, got '%s'", c->file,
			  line, text);
	else if (asprintf(&e->broken, "expected NAME:PATH, got '%s'", text) < 0)
		abort();
}

/* Which of the two is meant is not to be guessed. */
static void note_twice(plugin_entry_t *e, int line)
{
	char *why = NULL;
	if (asprintf(&why, "plugin '%s' is named twice, first on line %d", e->name, e->line) < 0)
		abort();
	free(e->broken);
	e->broken = why;
	e->line = line;
}

static void read_line(plugin_cfg_t *c, char *line, int number)
{
	char *s = trim(line), *colon = strchr(s, ':');
	bool later = s[0] == '#' && colon && is_name(s + 1, (size_t)(colon - s) - 1);
	if (!*s || (*s == '#' && !later))
		return;
	if (later)
		s++;
	size_t n = colon ? (size_t)(colon - s) : 0;
	if (!colon || !is_name(s, n) || !*trim(colon + 1)) {
		add_broken(c, s, number);
		return;
	}
	plugin_entry_t *twice = find(c, s, n);
	if (twice)
		note_twice(twice, number);
	else
		add_entry(c, s, n, trim(colon + 1), number)->later = later;
}

plugin_cfg_t *plugin_cfg_read(char *err, size_t err_size)
{
	char *line = NULL;
	size_t room = 0;
	int number = 0;
	FILE *f = fopen(host.plugin_cfg, "re");
	if (!f) {
		int n = snprintf(err, err_size, "plugin.cfg: ");
		sodns_file_error(err + n, err_size - (size_t)n, "open", host.plugin_cfg, errno);
		return NULL;
	}
	plugin_cfg_t *c = calloc(1, sizeof(*c));
	c->file = strdup(host.plugin_cfg);
	while (getline(&line, &room, f) >= 0)
		read_line(c, line, ++number);
	free(line);
	fclose(f);
	return c;
}

void plugin_cfg_free(plugin_cfg_t *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->entries[i].name);
		free(c->entries[i].path);
		free(c->entries[i].broken);
		free(c->entries[i].copy);
		free(c->entries[i].identity);
	}
	free(c->entries);
	free(c->file);
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
	for (size_t i = 0; i < c->count; i++) {
		const plugin_entry_t *e = &c->entries[i];
		if (!is_broken(e, why, sizeof(why)))
			continue;
		if (e->used) {
			snprintf(err, err_size, "%s:%d - %s", c->file, e->line, why);
			return SODNS_EINVAL;
		}
		sodns_log(SODNS_LOG_WARNING, NULL, "%s:%d - %s", c->file, e->line, why);
	}
	return SODNS_OK;
}
