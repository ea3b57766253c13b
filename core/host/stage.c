/*
 * A configuration that has been read, in a folder: the words of the Corefile, the lines of plugin.cfg,
 * and private copies of the plugins in use. A trial reads the disk into one, and the process that
 * serves takes what was tried, not what lies there a moment later; and what has served can be served
 * again by a fresh process, whatever has become of the files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/host.h"

#define FILE_NAME "configuration"
#define BEGIN "sodns configuration 2"
#define LINES_MOST 1000000u

static FILE *open_file(const char *stage, const char *mode)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/" FILE_NAME, stage);
	return fopen(path, mode);
}

static size_t file_of(const plugin_cfg_t *c, const plugin_entry_t *e)
{
	size_t i = 0;
	while (i + 1 < c->file_count && c->files[i] != e->cfg)
		i++;
	return i;
}

static void put_entry(FILE *f, const plugin_cfg_t *c, const plugin_entry_t *e)
{
	corefile_put_text(f, e->name);
	corefile_put_text(f, e->path);
	corefile_put_text(f, e->broken ? e->broken : "");
	corefile_put_text(f, e->copy ? e->copy : "");
	corefile_put_text(f, e->identity ? e->identity : "");
	corefile_put_number(f, file_of(c, e));
	corefile_put_number(f, (size_t)e->line);
	corefile_put_number(f, e->later);
	corefile_put_number(f, e->used);
}

static char *not_empty(char *text)
{
	if (text && *text)
		return text;
	free(text);
	return NULL;
}

static bool get_entry(FILE *f, plugin_cfg_t *c)
{
	size_t file, line, later, used;
	plugin_entry_t *e = &c->entries[c->count++];
	*e = (plugin_entry_t){.name = NULL};
	e->name = corefile_get_text(f);
	e->path = corefile_get_text(f);
	e->broken = not_empty(corefile_get_text(f));
	e->copy = not_empty(corefile_get_text(f));
	e->identity = not_empty(corefile_get_text(f));
	if (!e->name || !e->path || !e->copy != !e->identity ||
	    !corefile_get_number(f, c->file_count - 1, &file) ||
	    !corefile_get_number(f, INT32_MAX, &line) || !corefile_get_number(f, 1, &later) ||
	    !corefile_get_number(f, 1, &used))
		return false;
	e->cfg = c->files[file];
	e->line = (int)line;
	e->later = later;
	e->used = used;
	return true;
}

static void put_plugins(FILE *f, const plugin_cfg_t *c)
{
	corefile_put_number(f, c->file_count);
	for (size_t i = 0; i < c->file_count; i++)
		corefile_put_text(f, c->files[i]);
	corefile_put_number(f, c->count);
	for (size_t i = 0; i < c->count; i++)
		put_entry(f, c, &c->entries[i]);
}

static bool get_files(FILE *f, plugin_cfg_t *c)
{
	size_t count;
	if (!corefile_get_number(f, LINES_MOST, &count) || !count ||
	    !(c->files = calloc(count, sizeof(*c->files))))
		return false;
	while (c->file_count < count && (c->files[c->file_count] = corefile_get_text(f)))
		c->file_count++;
	return c->file_count == count;
}

static plugin_cfg_t *get_plugins(FILE *f)
{
	size_t count;
	plugin_cfg_t *c = calloc(1, sizeof(*c));
	if (c && get_files(f, c) && corefile_get_number(f, LINES_MOST, &count) &&
	    (c->entries = calloc(count + 1, sizeof(*c->entries)))) {
		while (c->count < count && get_entry(f, c))
			;
		if (c->count == count && (!count || c->entries[count - 1].path))
			return c;
	}
	plugin_cfg_free(c);
	return NULL;
}

static plugin_cfg_t *plugins_in(const char *stage)
{
	FILE *f = stage ? open_file(stage, "re") : NULL;
	char *begin = f ? corefile_get_text(f) : NULL;
	plugin_cfg_t *c = begin && !strcmp(begin, BEGIN) ? get_plugins(f) : NULL;
	free(begin);
	if (f)
		fclose(f);
	return c;
}

static int copy_plugins(plugin_cfg_t *c, char *err, size_t err_size)
{
	int rc = SODNS_OK;
	plugin_cfg_t *before = plugins_in(host.before);
	for (size_t i = 0; i < c->count && !rc; i++)
		if (c->entries[i].used && !c->entries[i].later)
			rc = plugin_copy(&c->entries[i], host.stage, before, err, err_size);
	plugin_cfg_free(before);
	return rc;
}

int stage_put(generation_t *g, char *err, size_t err_size)
{
	if (mkdir(host.stage, 0700)) {
		snprintf(err, err_size, "no private folder for plugins: mkdir %s: %s", host.stage,
			 strerror(errno));
		return SODNS_EIO;
	}
	int rc = copy_plugins(g->plugins, err, err_size);
	FILE *f = rc ? NULL : open_file(host.stage, "wxe");
	if (rc)
		return rc;
	if (f) {
		corefile_put_text(f, BEGIN);
		put_plugins(f, g->plugins);
		corefile_put_text(f, g->corefile_name);
		corefile_save(g->corefile, f);
	}
	bool whole = f && !ferror(f);
	if (f && fclose(f))
		whole = false;
	if (whole)
		return SODNS_OK;
	snprintf(err, err_size, "keeping the configuration in %s: %s", host.stage, strerror(errno));
	return SODNS_EIO;
}

int stage_take(generation_t *g, char *err, size_t err_size)
{
	FILE *f = open_file(host.staged, "re");
	char *begin = f ? corefile_get_text(f) : NULL;
	if (begin && !strcmp(begin, BEGIN) && (g->plugins = get_plugins(f)) &&
	    (g->corefile_name = corefile_get_text(f)))
		g->corefile = corefile_load(f);
	free(begin);
	if (f)
		fclose(f);
	if (g->corefile)
		return SODNS_OK;
	snprintf(err, err_size, "the configuration kept in %s cannot be read", host.staged);
	return SODNS_EIO;
}
