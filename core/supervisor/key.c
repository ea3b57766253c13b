/*
 * Opening a key for somebody who may not. The name alone says little: who can write in a folder on
 * the way to it can put a link to any other file there. So every folder and link on the way must be
 * out of the child's reach, and what is opened must be a PEM file.
 */
#include "supervisor/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MOST 16u

/* What only others than the child can have changed. In a sticky folder names belong to their owners. */
static bool beyond(const struct stat *s, uid_t child)
{
	return s->st_uid != child && (S_ISLNK(s->st_mode) || !(s->st_mode & (S_IWGRP | S_IWOTH)) ||
				      (S_ISDIR(s->st_mode) && (s->st_mode & S_ISVTX)));
}

/* Puts what a link says in its place: path[start..end) is its last name. */
static bool follow(char path[PATH_MAX], size_t start, size_t end)
{
	char link[PATH_MAX], target[PATH_MAX], out[PATH_MAX];
	snprintf(link, sizeof(link), "%.*s", (int)end, path);
	ssize_t n = readlink(link, target, sizeof(target));
	if (n <= 0)
		return false;
	int before = *target == '/' ? 0 : (int)start;
	int len = snprintf(out, sizeof(out), "%.*s%.*s%s", before, path, (int)n, target,
			   path + end);
	if (len >= PATH_MAX)
		return false;
	memcpy(path, out, (size_t)len + 1);
	return true;
}

/* Walks an absolute path from the root, and leaves the one without links in its place. */
static bool lies_safely(char path[PATH_MAX], uid_t child)
{
	struct stat s;
	unsigned links = 0;
	size_t start = 1;
	if (stat("/", &s) || !beyond(&s, child))
		return false;
	while (path[start]) {
		size_t end = start + strcspn(path + start, "/");
		char after = path[end];
		path[end] = 0;
		bool safe = !lstat(path, &s) && beyond(&s, child);
		path[end] = after;
		if (!safe ||
		    (S_ISLNK(s.st_mode) && (links++ >= LINKS_MOST || !follow(path, start, end))))
			return false;
		start = S_ISLNK(s.st_mode) ? 1 : end + strspn(path + end, "/");
	}
	return true;
}

static bool make_absolute(const char *path, char out[PATH_MAX])
{
	char here[PATH_MAX] = "";
	if (*path != '/' && !getcwd(here, sizeof(here)))
		return false;
	return snprintf(out, PATH_MAX, "%s%s%s", here, *path == '/' ? "" : "/", path) < PATH_MAX;
}

static bool is_pem(int fd)
{
	static const char begin[] = "-----BEGIN ";
	char head[sizeof(begin) - 1];
	struct stat s;
	return !fstat(fd, &s) && S_ISREG(s.st_mode) &&
	       pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       !memcmp(head, begin, sizeof(head));
}

int key_open(const char *path, uid_t child)
{
	char whole[PATH_MAX];
	if (!make_absolute(path, whole))
		return -ENAMETOOLONG;
	/* Root without capabilities still owns the system's files: nothing is beyond it. */
	if (child && !lies_safely(whole, child))
		return -EACCES;
	int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (is_pem(fd))
		return fd;
	close(fd);
	return -EACCES;
}
