/*
 * What a configuration makes the process open: whatever words of the Corefile are the names of files,
 * what plugins said they would open (sodns_setup_path()), what those files name in turn, and what a
 * reload looks at.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/hash.h>

#include "host/setup.h"

/* Of a file, so much is looked through for names of others. */
#define SCAN_LINES 100000u

/* Words that name a file: of zone files, and of kubeconfigs, in any of YAML's styles. */
static const char *const naming[] = {"$INCLUDE", "certificate-authority", "client-certificate",
				     "client-key", "tokenFile"};

/* A zone's names are relative to the process's folder or the file's, a kubeconfig's to the file's. */
static void add_named(sandbox_t *s, const char *name, const char *folder)
{
	char whole[2 * PATH_MAX];
	if (*name == '/') {
		sandbox_add(s, name, false);
		return;
	}
	snprintf(whole, sizeof(whole), "%s/%s", *folder ? folder : ".", name);
	sandbox_add(s, whole, false);
	if (!access(name, F_OK))
		sandbox_add(s, name, false);
}

/* What follows the word, if it is one. */
static void add_behind(sandbox_t *s, char *behind, const char *folder)
{
	char *name = behind + strspn(behind, " \t:\"'"),
	     *end = name + strcspn(name, " \t\r\n\"',;}#");
	char after = *end;
	*end = 0;
	if (name > behind && *name)
		add_named(s, name, folder);
	*end = after;
}

static void look_through(sandbox_t *s, char *line, const char *folder)
{
	for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]); i++)
		for (char *at = line; (at = strcasestr(at, naming[i]));) {
			at += strlen(naming[i]);
			add_behind(s, at, folder);
		}
}

static void add_what_it_names(sandbox_t *s, const char *path)
{
	char folder[PATH_MAX], *line = NULL;
	size_t room = 0;
	unsigned lines = 0;
	FILE *f = fopen(path, "re");
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	folder[slash ? (size_t)(slash - folder) : 0] = 0;
	while (f && lines++ < SCAN_LINES && getline(&line, &room, f) >= 0)
		look_through(s, line, folder);
	free(line);
	if (f)
		fclose(f);
}

/* Hashes of the paths that were added: server blocks name the same file twice or more, by what plugins say
 * and by their words. */
struct opened {
	size_t room, count; /* room: a power of two */
	uint64_t *hash;     /* 0: none */
	char folder[PATH_MAX];
};

static void put_hash(struct opened *o, uint64_t hash)
{
	size_t at = hash & (o->room - 1);
	while (o->hash[at])
		at = (at + 1) & (o->room - 1);
	o->hash[at] = hash;
}

static void grow(generation_t *g, struct opened *o)
{
	const uint64_t *old = o->hash;
	size_t room = o->room;
	o->room = room ? room * 2 : 64;
	o->hash = memory_alloc(g, o->room * sizeof(*o->hash));
	for (size_t i = 0; i < room; i++)
		if (old[i])
			put_hash(o, old[i]);
}

/* Whether the path is new. */
static bool note(generation_t *g, const char *path)
{
	if (!g->opened)
		g->opened = memory_alloc(g, sizeof(*g->opened));
	struct opened *o = g->opened;
	uint64_t hash = sodns_hash(path, strlen(path)) | 1;
	for (size_t at = hash & (o->room - 1); o->room && o->hash[at];
	     at = (at + 1) & (o->room - 1))
		if (o->hash[at] == hash)
			return false;
	if (2 * ++o->count > o->room)
		grow(g, o);
	put_hash(o, hash);
	return true;
}

/* A plain file beside the one before: the folder is there already, and what leads to it. */
static bool is_neighbour(struct opened *o, const char *path, const struct stat *st)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	if (!S_ISREG(st->st_mode) || n >= sizeof(o->folder))
		return false;
	if (n && !strncmp(o->folder, path, n) && !o->folder[n])
		return true;
	memcpy(o->folder, path, n);
	o->folder[n] = 0;
	return false;
}

void opens_add(generation_t *g, const char *path)
{
	struct stat st = {0}, link = {0};
	if (!note(g, path))
		return;
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		add_what_it_names(&g->opens, path);
	if (lstat(path, &link) || !is_neighbour(g->opened, path, &link))
		sandbox_add(&g->opens, path, false);
}

/* "." is a zone more often than a folder, and "/" would be everything. */
static bool may_be_file(const char *word)
{
	return *word && strcmp(word, ".") && strcmp(word, "..") && strcmp(word, "/") &&
	       strlen(word) < PATH_MAX && (strchr(word, '/') || !access(word, F_OK));
}

static void add_words(generation_t *g, const corefile_directive_t *d)
{
	for (size_t i = 1; i < d->count; i++) {
		const char *word = d->tokens[i].text, *before = d->tokens[i - 1].text;
		if (!strcmp(before, "keylog"))
			sandbox_add(&g->opens, word, true);
		else if (!access(word, F_OK) && may_be_file(word))
			opens_add(g, word);
	}
}

/* The files that name plugins, and the folder where more of them may come to lie. */
static void add_plugin_cfg(generation_t *g)
{
	char folder[PATH_MAX];
	snprintf(folder, sizeof(folder), "%s.d", host.plugin_cfg);
	sandbox_add(&g->opens, host.plugin_cfg, false);
	sandbox_add(&g->opens, folder, false);
	for (size_t i = 0; i < g->plugins->file_count; i++)
		sandbox_add(&g->opens, g->plugins->files[i], false);
}

void opens_find(generation_t *g)
{
	char here[PATH_MAX];
	for (size_t i = 0; i < g->corefile->block_count; i++)
		for (size_t k = 0; k < g->corefile->blocks[i].directive_count; k++)
			add_words(g, &g->corefile->blocks[i].directives[k]);
	for (size_t i = 0; i < g->corefile->file_count; i++)
		sandbox_add(&g->opens, g->corefile->files[i], false);
	add_plugin_cfg(g);
	sandbox_add(&g->opens, host.plugin_dir, false);
	for (size_t i = 0; i < g->plugins->count; i++)
		if (!g->plugins->entries[i].later && *g->plugins->entries[i].path)
			sandbox_add(&g->opens, g->plugins->entries[i].path, false);
	/* Stages lie side by side. */
	const char *stage = host.stage ? host.stage : host.staged;
	if (stage) {
		char side[PATH_MAX];
		snprintf(side, sizeof(side), "%s/..", stage);
		sandbox_add(&g->opens, side, false);
	}
	/* Of relative names. */
	if (getcwd(here, sizeof(here)))
		sandbox_add(&g->opens, here, false);
}
