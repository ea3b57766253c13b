/*
 * Opening plugins. The file is copied to a private folder under a name that is never used twice and
 * opened from there: copying a new version over a plugin in use does no harm, and the same
 * path can be opened again when its file has changed. Nothing is ever closed. Each refusal is one
 * line: file, what it has, what is wanted, remedy.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/log.h>

#include "host/host.h"
#include "system/folder.h"

static plugin_t *opened;
/* Of this process; a process that is given a stage needs none. */
static char folder[512];
static int folder_fd = -1;

void plugins_cleanup(void)
{
	if (!*folder)
		return;
	folder_remove(AT_FDCWD, folder);
	close(folder_fd);
	*folder = 0;
	folder_sweep();
}

/* Every refusal: where the plugin is named, and which it is. */
static void refuse(const plugin_entry_t *e, char *err, size_t err_size, const char *format, ...)
	SODNS_PRINTF(4, 5);
static void refuse(const plugin_entry_t *e, char *err, size_t err_size, const char *format, ...)
{
	char why[1200];
	va_list ap;
	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	snprintf(err, err_size, "%s:%d - plugin/%s: %s", e->cfg, e->line, e->name, why);
}

static int copy_file(int from, const char *to)
{
	char buf[65536];
	ssize_t n;
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
	if (fd < 0)
		return -1;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n) {
			n = -1;
			break;
		}
	close(fd);
	return n < 0 ? -1 : 0;
}

/* Puts what the plugin's file is called in the place of its copy's name. */
static void name_original(const plugin_entry_t *e, const char *copy, const char *why,
			  char out[1000])
{
	size_t n = strlen(copy), at = 0;
	if (!strncmp(why, copy, n) && !strncmp(why + n, ": ", 2))
		why += n + 2;
	*out = 0;
	while (*why && at < 999) {
		bool here = !strncmp(why, copy, n);
		at += (size_t)snprintf(out + at, 1000 - at, "%.*s", here ? 500 : 1,
				       here ? e->path : why);
		why += here ? n : 1;
	}
}

static const sodns_plugin_t *open_copy(const plugin_entry_t *e, const char *copy, char *err,
				       size_t err_size)
{
	char why[1000];
	if (plugin_file_check(copy, why, sizeof(why))) {
		refuse(e, err, err_size, "copy of %s: %s", e->path, why);
		return NULL;
	}
	step_begin(e, NULL, 0, "opening");
	void *h = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
	step_end();
	if (!h) {
		name_original(e, copy, dlerror(), why);
		refuse(e, err, err_size, "open %s: %s", e->path, why);
		return NULL;
	}
	const sodns_plugin_t *r = dlsym(h, "sodns_plugin");
	if (!r)
		refuse(e, err, err_size,
		       "%s has no symbol 'sodns_plugin': not a sodns plugin; does it end in "
		       "SODNS_PLUGIN(...)?",
		       e->path);
	return r;
}

static int check(const plugin_entry_t *e, const sodns_plugin_t *r, char *err, size_t err_size)
{
	if (r->magic != SODNS_MAGIC) {
		refuse(e, err, err_size,
		       "%s: 'sodns_plugin' is not a registration; build it with "
		       "SODNS_PLUGIN(...)",
		       e->path);
		return -1;
	}
	if (r->abi_major != SODNS_ABI_MAJOR || r->abi_minor > SODNS_ABI_MINOR) {
		refuse(e, err, err_size,
		       "%s is built for ABI %u.%u (SDK %s), this sodns has ABI %u.%u: %s", e->path,
		       r->abi_major, r->abi_minor, r->sdk_version, SODNS_ABI_MAJOR, SODNS_ABI_MINOR,
		       r->abi_major == SODNS_ABI_MAJOR
			       ? "install a newer sodns, or build the plugin with the older SDK"
			       : "build the plugin again with this sodns's SDK");
		return -1;
	}
	if (r->size < offsetof(sodns_plugin_t, serve_dns) || !r->name || !r->setup) {
		refuse(e, err, err_size, "%s: the registration has no name or no setup", e->path);
		return -1;
	}
	if (strcmp(r->name, e->name)) {
		refuse(e, err, err_size, "%s registers itself as '%s': name it so in plugin.cfg",
		       e->path, r->name);
		return -1;
	}
	return 0;
}

/* What tells a plugin's file from the one that takes its place. */
static char *identity_of(const struct stat *st)
{
	char *out = NULL;
	if (asprintf(&out, "%lld.%lld.%lld.%ld", (long long)st->st_ino, (long long)st->st_size,
		     (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec) < 0)
		abort();
	return out;
}

static bool same(const plugin_entry_t *a, const plugin_entry_t *b)
{
	return a && a->copy && !strcmp(a->path, b->path) && !strcmp(a->identity, b->identity);
}

static int copy_to(plugin_entry_t *e, int from, const char *to, const plugin_cfg_t *before,
		   char *err, size_t err_size)
{
	const plugin_entry_t *old = before ? plugin_cfg_find(before, e->name) : NULL;
	char why[1000];
	if (same(old, e) && !link(old->copy, to))
		return 0;
	if (copy_file(from, to)) {
		refuse(e, err, err_size, "copy %s to %s: %s", e->path, to, strerror(errno));
		return SODNS_EIO;
	}
	/* It may have been cut off while it was read. */
	if (!plugin_file_check(to, why, sizeof(why)))
		return 0;
	refuse(e, err, err_size, "%s while it was copied", why);
	unlink(to);
	return SODNS_EINVAL;
}

char *plugin_identity(const char *path)
{
	struct stat st;
	if (stat(path, &st))
		memset(&st, 0, sizeof(st));
	return identity_of(&st);
}

void plugins_identify(plugin_cfg_t *c)
{
	for (size_t i = 0; i < c->count; i++) {
		plugin_entry_t *e = &c->entries[i];
		if (e->used && !e->later && !e->identity)
			e->identity = plugin_identity(e->path);
	}
}

int plugin_copy(plugin_entry_t *e, const char *to, const plugin_cfg_t *before, char *err,
		size_t err_size)
{
	static unsigned serial;
	struct stat st;
	int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		refuse(e, err, err_size, "open %s: %s", e->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return SODNS_ENOENT;
	}
	e->identity = identity_of(&st);
	if (asprintf(&e->copy, "%s/%s.%u.so", to, e->name, ++serial) < 0)
		abort();
	int rc = copy_to(e, fd, e->copy, before, err, err_size);
	close(fd);
	return rc;
}

static const plugin_t *find_opened(const plugin_entry_t *e)
{
	for (plugin_t *p = opened; p; p = p->next)
		if (!strcmp(p->name, e->name) && !strcmp(p->path, e->path) &&
		    !strcmp(p->identity, e->identity))
			return p;
	return NULL;
}

static const plugin_t *open_new(const plugin_entry_t *e, char *err, size_t err_size)
{
	const sodns_plugin_t *r = open_copy(e, e->copy, err, err_size);
	if (!r || check(e, r, err, err_size))
		return NULL;
	plugin_t *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	memcpy(&p->r, r, r->size < sizeof(p->r) ? r->size : sizeof(p->r));
	p->name = strdup(e->name);
	p->path = strdup(e->path);
	p->identity = strdup(e->identity);
	p->next = opened;
	return opened = p;
}

/* A plugin that has no copy yet gets one in a folder of this process. What is open, or was refused, is
 * not copied again. */
static const plugin_t *open_unstaged(const plugin_entry_t *e, char *err, size_t err_size)
{
	struct stat st;
	plugin_entry_t mine = *e;
	if (stat(e->path, &st)) {
		refuse(e, err, err_size, "open %s: %s", e->path, strerror(errno));
		return NULL;
	}
	mine.copy = NULL;
	mine.identity = identity_of(&st);
	const plugin_t *p = find_opened(&mine);
	free(mine.identity);
	if (p)
		return p;
	mine.identity = NULL;
	if (!*folder && (folder_fd = folder_make(folder, sizeof(folder), geteuid())) < 0)
		refuse(e, err, err_size, "no private folder for plugins: %s", strerror(-folder_fd));
	else if (!plugin_copy(&mine, folder, NULL, err, err_size) &&
		 !(p = open_new(&mine, err, err_size)))
		unlink(mine.copy);
	free(mine.copy);
	free(mine.identity);
	return p;
}

const plugin_t *plugin_open(const plugin_entry_t *e, char *err, size_t err_size)
{
	if (!e->copy)
		return open_unstaged(e, err, err_size);
	const plugin_t *p = find_opened(e);
	return p ? p : open_new(e, err, err_size);
}
