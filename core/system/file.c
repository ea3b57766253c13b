/*
 * Telling states of a file apart, and opening those that not everybody may read (sodns/file.h).
 */
#include "system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodns/file.h>

/* Longer than any file system's clock ticks. */
#define FRESH_NS 2000000000

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int take(int failed, const struct stat *st, sodns_file_mark_t *out)
{
	struct timespec now;
	*out = (sodns_file_mark_t){0};
	if (failed)
		return errno == ENOENT || errno == ENOTDIR ? SODNS_ENOENT : SODNS_EIO;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (sodns_file_mark_t){.device = st->st_dev,
				   .inode = st->st_ino,
				   .size = st->st_size,
				   .modified = ns_of(st->st_mtim),
				   .changed = ns_of(st->st_ctim)};
	out->fresh = ns_of(now) - out->changed < FRESH_NS;
	return SODNS_OK;
}

int sodns_file_mark(const char *path, sodns_file_mark_t *out)
{
	struct stat st;
	return take(stat(path, &st), &st, out);
}

int sodns_file_mark_of(int fd, sodns_file_mark_t *out)
{
	struct stat st;
	return take(fstat(fd, &st), &st, out);
}

bool sodns_file_same(const sodns_file_mark_t *a, const sodns_file_mark_t *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified == b->modified && a->changed == b->changed;
}

static int open_plainly(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int (*file_open_pem)(const char *path) = open_plainly;

int sodns_file_open_pem(const char *path)
{
	return file_open_pem(path);
}

const char *sodns_file_place(const char *path, char *out, size_t size)
{
	char here[PATH_MAX];
	if (*path == '/' || !getcwd(here, sizeof(here)))
		snprintf(out, size, "%s", "");
	else
		snprintf(out, size, " (in %s)", here);
	return out;
}

void sodns_file_error(char *out, size_t size, const char *verb, const char *path, int error)
{
	char place[PATH_MAX + 8], why[128];
	snprintf(why, sizeof(why), "%s", strerror(error));
	if (*why >= 'A' && *why <= 'Z' && why[1] >= 'a' && why[1] <= 'z')
		*why |= 0x20;
	snprintf(out, size, "%s %s: %s%s", verb, path, why,
		 sodns_file_place(path, place, sizeof(place)));
}
