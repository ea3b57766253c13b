/*
 * Opening plugins. The file is copied to a private folder under a name that is never used twice and
 * opened from there: whoever copies a new version over a plugin in use harms nobody, and the same
 * path can be opened again when its file has changed. Nothing is ever closed. Each refusal is one
 * line: file, what it has, what is wanted, remedy.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/host.h"

static plugin_t *opened;
static char folder[512];
static const char *folder_base;

/* systemd's RUNTIME_DIRECTORY lies in /run, which many systems mount noexec: nothing opens there. */
static bool can_run(const char *base)
{
	struct statvfs v;
	return base && *base && !statvfs(base, &v) && !(v.f_flag & ST_NOEXEC);
}

static void remove_folder(int base, const char *name)
{
	int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !d)
		close(fd);
	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(fd, e->d_name, 0);
	if (d)
		closedir(d);
	unlinkat(base, name, AT_REMOVEDIR);
}

void plugins_sweep(void)
{
	DIR *d = folder_base ? opendir(folder_base) : NULL;
	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat s;
		int pid, end = 0;
		if (sscanf(e->d_name, "sodns-%d-%*6[A-Za-z0-9]%n", &pid, &end) == 1 && end &&
		    !e->d_name[end] && pid > 0 && kill(pid, 0) && errno == ESRCH &&
		    !fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) && S_ISDIR(s.st_mode) &&
		    s.st_uid == geteuid())
			remove_folder(dirfd(d), e->d_name);
	}
	if (d)
		closedir(d);
}

static int make_folder(void)
{
	const char *const bases[] = {getenv("RUNTIME_DIRECTORY"), getenv("TMPDIR"), "/tmp",
				     "/var/tmp", "/dev/shm"};
	errno = EACCES;
	for (size_t i = 0; !*folder && i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (!can_run(bases[i]))
			continue;
		snprintf(folder, sizeof(folder), "%.400s/sodns-%d-XXXXXX", bases[i], (int)getpid());
		folder_base = bases[i];
		if (!mkdtemp(folder))
			*folder = 0;
	}
	return *folder ? 0 : -1;
}

/* Copies stay while the process lives, so that debuggers and profilers find their symbols. */
static char **copies;
static size_t copy_count;

static void remember_copy(const char *path)
{
	char **more = realloc(copies, (copy_count + 1) * sizeof(*more));
	if (!more)
		return;
	copies = more;
	copies[copy_count++] = strdup(path);
}

void plugins_cleanup(void)
{
	for (size_t i = 0; i < copy_count; i++)
		unlink(copies[i]);
	if (*folder)
		rmdir(folder);
	plugins_sweep();
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

static plugin_t *find_opened(const plugin_entry_t *e, const char *identity)
{
	for (plugin_t *p = opened; p; p = p->next)
		if (!strcmp(p->name, e->name) && !strcmp(p->path, e->path) &&
		    !strcmp(p->identity, identity))
			return p;
	return NULL;
}

static const sodns_plugin_t *open_copy(const plugin_entry_t *e, int from, char *err,
				       size_t err_size)
{
	static unsigned serial;
	char copy[1024];
	if (make_folder()) {
		snprintf(err, err_size, "plugin/%s: no private folder for plugins: %s", e->name,
			 strerror(errno));
		return NULL;
	}
	snprintf(copy, sizeof(copy), "%s/%s.%u.so", folder, e->name, ++serial);
	if (copy_file(from, copy)) {
		snprintf(err, err_size, "plugin/%s: copy %s to %s: %s", e->name, e->path, copy,
			 strerror(errno));
		return NULL;
	}
	void *h = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
	const char *why = h ? NULL : dlerror();
	if (!h)
		unlink(copy);
	else
		remember_copy(copy);
	if (!h) {
		const char *colon = strstr(why, ": ");
		snprintf(err, err_size, "plugin/%s: open %s: %s", e->name, e->path,
			 colon ? colon + 2 : why);
		return NULL;
	}
	const sodns_plugin_t *r = dlsym(h, "sodns_plugin");
	if (!r)
		snprintf(err, err_size,
			 "plugin/%s: %s has no symbol 'sodns_plugin': not a sodns plugin; "
			 "does it end in SODNS_PLUGIN(...)?",
			 e->name, e->path);
	return r;
}

static int check(const plugin_entry_t *e, const sodns_plugin_t *r, char *err, size_t err_size)
{
	if (r->magic != SODNS_MAGIC) {
		snprintf(err, err_size,
			 "plugin/%s: %s: 'sodns_plugin' is not a registration; build it with "
			 "SODNS_PLUGIN(...)",
			 e->name, e->path);
		return -1;
	}
	if (r->abi_major != SODNS_ABI_MAJOR || r->abi_minor > SODNS_ABI_MINOR) {
		snprintf(err, err_size,
			 "plugin/%s: %s is built for ABI %u.%u (SDK %s), this sodns has ABI %u.%u: "
			 "%s",
			 e->name, e->path, r->abi_major, r->abi_minor, r->sdk_version,
			 SODNS_ABI_MAJOR, SODNS_ABI_MINOR,
			 r->abi_major == SODNS_ABI_MAJOR
				 ? "install a newer sodns, or build the plugin with the older SDK"
				 : "build the plugin again with this sodns's SDK");
		return -1;
	}
	if (r->size < offsetof(sodns_plugin_t, serve_dns) || !r->name || !r->setup) {
		snprintf(err, err_size, "plugin/%s: %s: the registration has no name or no setup",
			 e->name, e->path);
		return -1;
	}
	if (strcmp(r->name, e->name)) {
		snprintf(err, err_size,
			 "plugin/%s: %s registers itself as '%s': name it so in plugin.cfg",
			 e->name, e->path, r->name);
		return -1;
	}
	return 0;
}

const plugin_t *plugin_open(const plugin_entry_t *e, char *err, size_t err_size)
{
	struct stat st;
	char identity[128];
	int fd = open(e->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		snprintf(err, err_size, "plugin/%s: open %s: %s", e->name, e->path,
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	snprintf(identity, sizeof(identity), "%lld.%lld.%lld.%ld", (long long)st.st_ino,
		 (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	plugin_t *p = find_opened(e, identity);
	const sodns_plugin_t *r = p ? NULL : open_copy(e, fd, err, err_size);
	close(fd);
	if (p || !r || check(e, r, err, err_size))
		return p;
	if (!(p = calloc(1, sizeof(*p))))
		return NULL;
	memcpy(&p->r, r, r->size < sizeof(p->r) ? r->size : sizeof(p->r));
	p->name = strdup(e->name);
	p->path = strdup(e->path);
	p->identity = strdup(identity);
	p->next = opened;
	return opened = p;
}
