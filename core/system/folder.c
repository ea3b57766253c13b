/*
 * The private folder.
 */
#include "system/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DEPTH_MOST 3

static char base[512]; /* where the last one was made */

/* systemd's RUNTIME_DIRECTORY lies in /run, which many systems mount noexec: nothing opens there. */
static bool can_run(const char *folder)
{
	struct statvfs v;
	return folder && *folder && !statvfs(folder, &v) && !(v.f_flag & ST_NOEXEC);
}

static void remove_below(int at, const char *name, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !d)
		close(fd);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) && depth < DEPTH_MOST)
			remove_below(fd, e->d_name, depth + 1);
	}
	if (d)
		closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

void folder_remove(int at, const char *name)
{
	remove_below(at, name, 0);
}

void folder_sweep(void)
{
	DIR *d = *base ? opendir(base) : NULL;
	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat s;
		int pid, end = 0;
		if (sscanf(e->d_name, "sodns-%d-%*6[A-Za-z0-9]%n", &pid, &end) == 1 && end &&
		    !e->d_name[end] && pid > 0 && kill(pid, 0) && errno == ESRCH &&
		    !fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) && S_ISDIR(s.st_mode) &&
		    s.st_uid == geteuid())
			folder_remove(dirfd(d), e->d_name);
	}
	if (d)
		closedir(d);
}

static int make_in(const char *where, char *path, size_t size, uid_t owner)
{
	if ((size_t)snprintf(path, size, "%s/sodns-%d-XXXXXX", where, (int)getpid()) >= size)
		return -ENAMETOOLONG;
	if (!mkdtemp(path))
		return -errno;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (owner == geteuid() || !fchown(fd, owner, (gid_t)-1)))
		return fd;
	int why = -errno;
	if (fd >= 0)
		close(fd);
	rmdir(path);
	return why;
}

int folder_make(char *path, size_t size, uid_t owner)
{
	const char *const places[] = {getenv("RUNTIME_DIRECTORY"), getenv("TMPDIR"), "/tmp",
				      "/var/tmp", "/dev/shm"};
	int rc = -EACCES;
	for (size_t i = 0; rc < 0 && i < sizeof(places) / sizeof(places[0]); i++)
		if (can_run(places[i])) {
			snprintf(base, sizeof(base), "%s", places[i]);
			rc = make_in(places[i], path, size, owner);
		}
	if (rc < 0)
		*path = *base = 0;
	return rc;
}
