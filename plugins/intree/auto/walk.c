/*
 * All files below a directory. Links to files are followed, those to directories are not, but for the
 * directory itself. What begins with two dots is the kubelet's: in the tree of a ConfigMap files are
 * links into such a directory, which another one replaces at once; they are found by their links alone.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/file.h>

#include "auto.h"

#define DEPTH_MAX 64

struct walk {
	void (*fn)(void *arg, const char *path, const char *name);
	void *arg;
};

static bool walk_directory(const struct walk *w, const char *directory, unsigned depth);

static void visit(const struct walk *w, const char *directory, const char *name, unsigned depth)
{
	char path[PATH_MAX];
	struct stat st;
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return;
	if (!lstat(path, &st) && S_ISDIR(st.st_mode)) {
		if (depth < DEPTH_MAX)
			walk_directory(w, path, depth + 1);
	} else if (!stat(path, &st) && S_ISREG(st.st_mode)) {
		w->fn(w->arg, path, name);
	}
}

static bool walk_directory(const struct walk *w, const char *directory, unsigned depth)
{
	struct dirent **entries;
	int n = scandir(directory, &entries, NULL, alphasort);
	if (n < 0) {
		int why = errno;
		char text[2048];
		sodns_file_error(text, sizeof(text), "error reading", directory, why);
		sodns_log(SODNS_LOG_WARNING, "auto", "%s", text);
		return why == ENOENT;
	}
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		if (strcmp(name, ".") && strncmp(name, "..", 2))
			visit(w, directory, name, depth);
		free(entries[i]);
	}
	free(entries);
	return true;
}

bool walk_files(const char *directory, void (*fn)(void *arg, const char *path, const char *name),
		void *arg)
{
	const struct walk w = {fn, arg};
	char resolved[PATH_MAX];
	return walk_directory(&w, realpath(directory, resolved) ? resolved : directory, 0);
}
