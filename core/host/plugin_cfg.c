/*
 * plugin.cfg: one plugin a line, "name:path"; the lines' order is the chain's. A bare file name is
 * looked for in the plugin folder. "#name:path", without a blank, is a plugin that is not in this
 * release: its directive is known, and refused by that word.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/file.h>

#include "host/host.h"

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

static int add_entry(plugin_cfg_t *c, const char *name, size_t n, const char *path, bool later,
		     int line)
{
	plugin_entry_t *more = realloc(c->entries, (c->count + 1) * sizeof(*more));
	if (!more)
		return SODNS_ENOMEM;
	c->entries = more;
	more[c->count] = (plugin_entry_t){
		.name = strndup(name, n), .path = full_path(path), .later = later, .line = line};
	c->count++;
	return SODNS_OK;
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

static int read_line(plugin_cfg_t *c, char *line, int number, char *err, size_t err_size)
{
	char *s = trim(line), *colon = strchr(s, ':');
	bool later = s[0] == '#' && colon && is_name(s + 1, (size_t)(colon - s) - 1);
	if (!*s || (*s == '#' && !later))
		return SODNS_OK;
	if (later)
		s++;
	if (!colon || !is_name(s, (size_t)(colon - s)) || !colon[1]) {
		snprintf(err, err_size, "%s:%d - expected NAME:PATH, got '%s'", c->file, number, s);
		return SODNS_EINVAL;
	}
	size_t n = (size_t)(colon - s);
	for (size_t i = 0; i < c->count; i++)
		if (strlen(c->entries[i].name) == n && !memcmp(c->entries[i].name, s, n)) {
			snprintf(err, err_size,
				 "%s:%d - plugin '%s' is named twice, first on line %d", c->file,
				 number, c->entries[i].name, c->entries[i].line);
			return SODNS_EINVAL;
		}
	return add_entry(c, s, n, trim(colon + 1), later, number);
}

plugin_cfg_t *plugin_cfg_read(char *err, size_t err_size)
{
	char *line = NULL;
	size_t room = 0;
	int number = 0, rc = SODNS_OK;
	FILE *f = fopen(host.plugin_cfg, "re");
	if (!f) {
		int n = snprintf(err, err_size, "plugin.cfg: ");
		sodns_file_error(err + n, err_size - (size_t)n, "open", host.plugin_cfg, errno);
		return NULL;
	}
	plugin_cfg_t *c = calloc(1, sizeof(*c));
	c->file = strdup(host.plugin_cfg);
	while (!rc && getline(&line, &room, f) >= 0)
		rc = read_line(c, line, ++number, err, err_size);
	free(line);
	fclose(f);
	if (!rc)
		return c;
	plugin_cfg_free(c);
	return NULL;
}

void plugin_cfg_free(plugin_cfg_t *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		free(c->entries[i].name);
		free(c->entries[i].path);
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

/* Letters to insert, remove or replace to get from a to b. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64], n = (unsigned)strlen(b);
	if (n > 62 || strlen(a) > 62)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned replace = diagonal + (*a != b[j - 1]);
			diagonal = row[j];
			unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			row[j] = least < replace ? least : replace;
		}
	}
	return row[n];
}

const char *plugin_cfg_nearest(const plugin_cfg_t *c, const char *name)
{
	const char *best = NULL;
	unsigned least = strlen(name) > 4 ? 3 : 2;
	for (size_t i = 0; i < c->count; i++) {
		unsigned d = distance(name, c->entries[i].name);
		if (!c->entries[i].later && d < least) {
			least = d;
			best = c->entries[i].name;
		}
	}
	return best;
}

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define MACHINE_TEXT "x86-64"
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#define MACHINE_TEXT "arm64"
#endif

static int check_file(const plugin_entry_t *e, char *err, size_t err_size)
{
	Elf64_Ehdr h;
	int fd = open(e->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(err, err_size, "plugin/%s: open %s: %s", e->name, e->path,
			 strerror(errno));
		return SODNS_ENOENT;
	}
	ssize_t n = read(fd, &h, sizeof(h));
	close(fd);
	if (n != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_type != ET_DYN) {
		snprintf(err, err_size, "plugin/%s: %s is not a shared object", e->name, e->path);
		return SODNS_EINVAL;
	}
#ifdef MACHINE
	if (h.e_machine != MACHINE) {
		snprintf(err, err_size,
			 "plugin/%s: %s is built for another machine, this is " MACHINE_TEXT,
			 e->name, e->path);
		return SODNS_EINVAL;
	}
#endif
	return SODNS_OK;
}

int plugin_cfg_check_files(const plugin_cfg_t *c, char *err, size_t err_size)
{
	char why[1024];
	for (size_t i = 0; i < c->count; i++) {
		int rc = c->entries[i].later ? SODNS_OK
					     : check_file(&c->entries[i], why, sizeof(why));
		if (rc)
			snprintf(err, err_size, "%s:%d - %s", c->file, c->entries[i].line, why);
		if (rc)
			return rc;
	}
	return SODNS_OK;
}
