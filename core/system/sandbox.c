/*
 * Landlock (landlock(7)). The kernel has more of it from version to version: what is asked for is what
 * it has.
 */
#include "system/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "system/seccomp.h"

/* linux/landlock.h of later kernels than those it may be built on. */
#define FS_EXECUTE (1u << 0)
#define FS_WRITE_FILE (1u << 1)
#define FS_READ_FILE (1u << 2)
#define FS_READ_DIR (1u << 3)
#define FS_MAKE_REG (1u << 8)
#define FS_ABI_1 ((1u << 13) - 1)
#define FS_REFER (1u << 13)
#define FS_TRUNCATE (1u << 14)
#define FS_IOCTL_DEV (1u << 15)
#define NET_BIND_TCP (1u << 0)
#define SCOPE_SIGNAL (1u << 1)
#define RULE_PATH 1
#define RULE_PORT 2
#define VERSION_FLAG 1u

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed, port;
};

static bool has(const sandbox_t *s, const char *path, bool writes)
{
	for (size_t i = 0; i < s->count; i++) {
		const sandbox_rule_t *r = &s->rules[i];
		size_t n = strlen(r->path);
		if (!strncmp(r->path, path, n) && (!path[n] || path[n] == '/') &&
		    (r->writes || !writes))
			return true;
	}
	return false;
}

static void add(sandbox_t *s, const char *path, bool writes)
{
	if (!strcmp(path, "/") || has(s, path, writes))
		return;
	sandbox_rule_t *more = realloc(s->rules, (s->count + 1) * sizeof(*more));
	if (!more)
		abort();
	s->rules = more;
	more[s->count].writes = writes;
	if (!(more[s->count++].path = strdup(path)))
		abort();
}

/* The folder, or what lies in the root folder itself. */
static void add_folder_of(sandbox_t *s, const char *path, bool writes)
{
	char copy[PATH_MAX], real[PATH_MAX];
	snprintf(copy, sizeof(copy), "%s", path);
	if (!realpath(dirname(copy), real))
		return;
	add(s, strcmp(real, "/") ? real : path, writes);
}

/* A link on the way may lead elsewhere later, most likely to a neighbour of its own. */
static void add_links(sandbox_t *s, const char *path, bool writes)
{
	char up[PATH_MAX], folder[PATH_MAX], real[PATH_MAX];
	struct stat st;
	snprintf(up, sizeof(up), "%s", path);
	while (strcmp(up, "/") && strcmp(up, ".")) {
		snprintf(folder, sizeof(folder), "%s", up);
		if (!lstat(up, &st) && S_ISLNK(st.st_mode) && realpath(dirname(folder), real))
			add(s, real, writes);
		snprintf(folder, sizeof(folder), "%s", up);
		snprintf(up, sizeof(up), "%s", dirname(folder));
	}
}

void sandbox_add(sandbox_t *s, const char *path, bool writes)
{
	char real[PATH_MAX], up[PATH_MAX], folder[PATH_MAX];
	struct stat st;
	add_links(s, path, writes);
	if (realpath(path, real) && !stat(real, &st)) {
		if (S_ISDIR(st.st_mode)) {
			add(s, real, writes);
			return;
		}
		add_folder_of(s, path, writes);
		add_folder_of(s, real, writes);
		return;
	}
	/* Not there yet: it will be made below what is. */
	snprintf(up, sizeof(up), "%s", path);
	while (!realpath(up, real) && strcmp(up, "/") && strcmp(up, ".")) {
		snprintf(folder, sizeof(folder), "%s", up);
		snprintf(up, sizeof(up), "%s", dirname(folder));
	}
	if (!stat(real, &st) && S_ISDIR(st.st_mode))
		add(s, real, writes);
}

static void add_file(sandbox_t *s, const char *path)
{
	char real[PATH_MAX];
	if (realpath(path, real))
		add(s, real, false);
}

static int add_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	if (*info->dlpi_name == '/')
		sandbox_add(arg, info->dlpi_name, false);
	return 0;
}

void sandbox_add_system(sandbox_t *s)
{
	static const char *const folders[] = {"/lib",
					      "/lib64",
					      "/usr/lib",
					      "/usr/lib64",
					      "/usr/local/lib",
					      "/usr/share/zoneinfo",
					      "/etc/ssl",
					      "/etc/pki",
					      "/etc/ca-certificates",
					      "/usr/share/ca-certificates",
					      "/usr/local/share/ca-certificates",
					      "/sys/fs/cgroup",
					      "/sys/devices/system/cpu",
					      "/proc/self",
					      "/proc/sys/net",
					      "/proc/sys/vm",
					      "/proc/sys/kernel",
					      "/dev/urandom",
					      "/dev/random",
					      "/etc/resolv.conf",
					      "/etc/hosts",
					      "/etc/nsswitch.conf",
					      "/etc/host.conf",
					      "/etc/gai.conf",
					      "/etc/services",
					      "/etc/protocols",
					      "/etc/localtime",
					      "/etc/ld.so.cache",
					      "/etc/gnutls",
					      "/proc/meminfo",
					      "/proc/stat",
					      "/proc/cpuinfo",
					      "/var/run/secrets/kubernetes.io"};
	static const char *const variables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
						"OPENSSL_CONF"};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		add_file(s, folders[i]);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (getenv(variables[i]))
			sandbox_add(s, getenv(variables[i]), false);
	add(s, "/dev/null", true);
	dl_iterate_phdr(add_library, s);
}

bool sandbox_covers(const sandbox_t *s, const sandbox_t *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!has(s, wanted->rules[i].path, wanted->rules[i].writes))
			return false;
	return true;
}

void sandbox_free(sandbox_t *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->rules[i].path);
	free(s->rules);
	*s = (sandbox_t){0};
}

static uint64_t files_of(int abi)
{
	return FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	       (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static int add_rule(int ruleset, const sandbox_rule_t *r, uint64_t handled)
{
	struct stat st;
	uint64_t allowed = FS_READ_FILE | FS_READ_DIR;
	struct path_rule rule = {.fd = open(r->path, O_PATH | O_CLOEXEC)};
	if (rule.fd < 0)
		return 0;
	if (r->writes)
		allowed |= FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG;
	if (!fstat(rule.fd, &st) && !S_ISDIR(st.st_mode))
		allowed &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
	rule.allowed = allowed & handled;
	long rc = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0);
	close(rule.fd);
	return (int)rc;
}

/* 0, or -1 and errno. */
static int restrict_files(const sandbox_t *s)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
	if (abi < 1)
		return -1;
	struct ruleset r = {.files = files_of((int)abi),
			    .net = abi >= 4 ? NET_BIND_TCP : 0,
			    .scoped = abi >= 6 ? SCOPE_SIGNAL : 0};
	size_t size = abi >= 6   ? sizeof(r)
		      : abi >= 4 ? offsetof(struct ruleset, scoped)
				 : offsetof(struct ruleset, net);
	/* A source address for upstreams, with a port that the kernel chooses. */
	const struct port_rule any = {NET_BIND_TCP, 0};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd < 0)
		return -1;
	long rc = r.net ? syscall(SYS_landlock_add_rule, fd, RULE_PORT, &any, 0) : 0;
	for (size_t i = 0; i < s->count && !rc; i++)
		rc = add_rule(fd, &s->rules[i], r.files);
	if (!rc)
		rc = syscall(SYS_landlock_restrict_self, fd, 0);
	int why = errno;
	close(fd);
	errno = why;
	return (int)rc;
}

bool sandbox_is_built(void)
{
#ifdef SODNS_SANITIZED
	return false;
#else
	return true;
#endif
}

bool sandbox_enter(const sandbox_t *s, char *missing, size_t size)
{
	size_t n = 0;
	*missing = 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	bool files = !restrict_files(s);
	if (!files)
		n = (size_t)snprintf(missing, size, "Landlock (%s)", strerror(errno));
	if (seccomp_enter() && n < size)
		snprintf(missing + n, size - n, "%sseccomp (%s)", n ? " and " : "",
			 strerror(errno));
	return files;
}
