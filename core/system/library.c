/*
 * Opening the libraries that lie beside libsodns (sodns/library.h).
 */
#include "system/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/library.h>

#include "system/seam.h"

/* A library that has been opened. */
typedef struct opened {
	struct opened *next;
	const sodns_library_head_t *table;
	char name[];
} opened_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static opened_t *all; /* under the lock */

/* Beside libsodns, by its path: the dynamic linker's own search is that of the caller of dlopen,
 * which under a sanitizer is the sanitizer. */
void library_folder(char *out, size_t size)
{
	static const char here;
	Dl_info self;
	const char *slash = NULL;
	if (dladdr(&here, &self) && self.dli_fname)
		slash = strrchr(self.dli_fname, '/');
	snprintf(out, size, "%.*s", slash ? (int)(slash + 1 - self.dli_fname) : 0,
		 slash ? self.dli_fname : "");
}

static const sodns_library_head_t *find(const char *name)
{
	const opened_t *o = all;
	const sodns_library_head_t *other = seam.library ? seam.library(name) : NULL;
	if (other)
		return other;
	while (o && strcmp(o->name, name))
		o = o->next;
	return o ? o->table : NULL;
}

static void keep(const char *name, const sodns_library_head_t *table)
{
	size_t n = strlen(name) + 1;
	opened_t *o = malloc(sizeof(*o) + n);
	if (!o)
		abort();
	memcpy(o->name, name, n);
	o->table = table;
	o->next = all;
	all = o;
}

/* Whether it is what the face was made for. */
static bool fits(const sodns_library_t *l, const char *file, const sodns_library_head_t *table,
		 char *err, size_t err_size)
{
	if (!table)
		snprintf(err, err_size, "%s: %s exports no sodns_%s_library", l->what, file,
			 l->name);
	else if (strcmp(table->id, l->id))
		snprintf(err, err_size, "%s: %s is \"%s\", not \"%s\"", l->what, file, table->id,
			 l->id);
	else if (table->version != l->version)
		snprintf(err, err_size, "%s: %s has version %u of its functions, not %u", l->what,
			 file, table->version, l->version);
	else if (table->size < l->table_size)
		snprintf(err, err_size, "%s: %s is older than what uses it", l->what, file);
	else
		return true;
	return false;
}

static const sodns_library_head_t *load(const sodns_library_t *l, char *err, size_t err_size)
{
	char path[4096], symbol[128];
	library_folder(path, sizeof(path));
	size_t n = strlen(path);
	snprintf(path + n, sizeof(path) - n, "libsodns-%s.so.%d", l->name, SODNS_ABI_MAJOR);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		/* dlerror() says the file first and then why */
		snprintf(err, err_size, "cannot open %s: %s", l->what, dlerror());
		return NULL;
	}
	snprintf(symbol, sizeof(symbol), "sodns_%s_library", l->name);
	const sodns_library_head_t *table = dlsym(library, symbol);
	if (fits(l, path, table, err, err_size))
		return table;
	dlclose(library);
	return NULL;
}

const void *sodns_library_open(const sodns_library_t *l, char *err, size_t err_size)
{
	pthread_mutex_lock(&lock);
	const sodns_library_head_t *table = find(l->name);
	if (table) {
		/* Another face, of another plugin, may know it otherwise. */
		if (!fits(l, l->name, table, err, err_size))
			table = NULL;
	} else if ((table = load(l, err, err_size))) {
		keep(l->name, table);
	}
	pthread_mutex_unlock(&lock);
	return table;
}
