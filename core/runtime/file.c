/*
 * Telling states of a file apart (sodns/file.h).
 */
#include <sodns/file.h>

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

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
