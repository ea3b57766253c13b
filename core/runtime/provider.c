/*
 * Opening the libraries that lie beside libsodns.
 */
#include "runtime/provider.h"

#include <dlfcn.h>
#include <string.h>

/* Beside libsodns, by its path: the dynamic linker's own search is that of whoever calls dlopen,
 * which under a sanitizer is the sanitizer. */
void provider_folder(char *out, size_t size)
{
	static const char here;
	Dl_info self;
	const char *slash = NULL;
	if (dladdr(&here, &self) && self.dli_fname)
		slash = strrchr(self.dli_fname, '/');
	snprintf(out, size, "%.*s", slash ? (int)(slash + 1 - self.dli_fname) : 0,
		 slash ? self.dli_fname : "");
}

static const uint32_t *load(const provider_t *p, char *err, size_t err_size)
{
	char path[4096];
	provider_folder(path, sizeof(path));
	size_t n = strlen(path);
	snprintf(path + n, sizeof(path) - n, "%s", p->file);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		/* dlerror() says the file first and then why */
		snprintf(err, err_size, "cannot open %s: %s", p->what, dlerror());
		return NULL;
	}
	const uint32_t *table = dlsym(library, p->symbol);
	if (table && *table == p->size)
		return table;
	snprintf(err, err_size, "%s is of another version than libsodns", p->file);
	dlclose(library);
	return NULL;
}

const void *provider_open(provider_t *p, char *err, size_t err_size)
{
	pthread_mutex_lock(&p->lock);
	if (!p->table)
		p->table = load(p, err, err_size);
	pthread_mutex_unlock(&p->lock);
	return p->table;
}
