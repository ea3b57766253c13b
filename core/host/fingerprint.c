/*
 * What decides a configuration: the Corefile, what it imports, plugin.cfg and the plugins' files.
 * One SHA-512 over them tells whether a reload would change anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/server.h>

#include "host/host.h"
#include "host/sha512.h"

/* The files of the generation that serves, for sodns_host_fingerprint(). */
static char **files;
static size_t file_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int add_text(sha512_t *h, const char *path, char *err, size_t err_size)
{
	char buf[16384];
	size_t n;
	FILE *f = fopen(path, "re");
	if (!f) {
		snprintf(err, err_size, "open %s: %s", path, strerror(errno));
		return SODNS_EIO;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sha512_add(h, buf, n);
	fclose(f);
	return SODNS_OK;
}

/* Plugins by what a copy over them changes; their bytes are too many to read every few seconds. */
static void add_plugin(sha512_t *h, const char *path)
{
	struct stat st;
	char text[128];
	if (stat(path, &st))
		memset(&st, 0, sizeof(st));
	int n = snprintf(text, sizeof(text), "%lld.%lld.%lld.%ld", (long long)st.st_ino,
			 (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	sha512_add(h, text, (size_t)n);
}

static int hash_files(char *const *paths, size_t count, char hex[129], char *err, size_t err_size)
{
	sha512_t h;
	sha512_begin(&h);
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(paths[i]);
		if (n > 3 && !strcmp(paths[i] + n - 3, ".so"))
			add_plugin(&h, paths[i]);
		else if (add_text(&h, paths[i], err, err_size))
			return SODNS_EIO;
	}
	sha512_hex(&h, hex);
	return SODNS_OK;
}

static bool uses(const generation_t *g, const char *directive)
{
	for (const block_t *b = g->blocks; b; b = b->next)
		for (size_t i = 0; i < b->source->directive_count; i++)
			if (!strcmp(b->source->directives[i].name, directive))
				return true;
	return false;
}

static char **files_of(const generation_t *g, size_t *count)
{
	char **out = calloc(g->corefile->file_count + g->plugins->count + 2, sizeof(*out));
	size_t n = 0;
	for (size_t i = 0; out && i < g->corefile->file_count; i++)
		if (!access(g->corefile->files[i], R_OK))
			out[n++] = strdup(g->corefile->files[i]);
	if (out && *g->plugins->file)
		out[n++] = strdup(g->plugins->file);
	for (size_t i = 0; out && i < g->plugins->count; i++)
		if (!g->plugins->entries[i].later && uses(g, g->plugins->entries[i].name))
			out[n++] = strdup(g->plugins->entries[i].path);
	*count = n;
	return out;
}

static void free_files(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

int fingerprint(const generation_t *g, char hex[129], char *err, size_t err_size)
{
	size_t count;
	char **list = files_of(g, &count);
	*hex = 0;
	if (!list)
		return SODNS_ENOMEM;
	int rc = hash_files(list, count, hex, err, err_size);
	pthread_mutex_lock(&lock);
	free_files(files, file_count);
	files = list;
	file_count = count;
	pthread_mutex_unlock(&lock);
	return rc;
}

bool sodns_host_fingerprint(char hex[129], char *err, size_t err_size)
{
	pthread_mutex_lock(&lock);
	int rc = hash_files(files, file_count, hex, err, err_size);
	pthread_mutex_unlock(&lock);
	return !rc;
}
