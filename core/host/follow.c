/*
 * Following a file that is no zone (sodns/file.h): a round looks at its name, has it read and parsed
 * off the service thread where it has changed, and publishes what was made of it.
 */
#include <sodns/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/hash.h>
#include <sodns/log.h>
#include <sodns/setup.h>
#include <sodns/wait.h>

#define MAX_DEFAULT (64u << 20)
#define ERROR_MAX 2048u

struct sodns_follow {
	sodns_follow_options_t o;
	sodns_shared_t object;
	sodns_file_mark_t read; /* of the file as it was read */
	uint64_t text_hash;     /* of what was in it */
	size_t text_len;
	bool known; /* something was read, good or not */
	sodns_round_t *round;
	char *told; /* the error that was logged last, or NULL */
};

sodns_follow_t *sodns_follow_new(const sodns_follow_options_t *options)
{
	sodns_follow_t *f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	/* A plugin's struct may be an older, smaller one. */
	memcpy(&f->o, options, options->size < sizeof(f->o) ? options->size : sizeof(f->o));
	f->o.path = strdup(f->o.path);
	if (!f->o.path)
		abort();
	if (!f->o.max)
		f->o.max = MAX_DEFAULT;
	return f;
}

void *sodns_follow_reach(const sodns_follow_t *f)
{
	return sodns_reach(&f->object);
}

const sodns_file_mark_t *sodns_follow_mark(const sodns_follow_t *f)
{
	return &f->read;
}

static int fail(const sodns_follow_t *f, int error, char *err, size_t err_size)
{
	sodns_file_error(err, err_size, "open", f->o.path, error);
	return error == ENOENT || error == ENOTDIR ? SODNS_ENOENT : SODNS_EIO;
}

/* A descriptor of what can be read to an end: a pipe would be waited for. */
static int open_file(const sodns_follow_t *f, char *err, size_t err_size)
{
	struct stat st;
	int fd = open(f->o.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail(f, errno, err, err_size);
	if (!fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)))
		return fd;
	close(fd);
	return fail(f, S_ISDIR(st.st_mode) ? EISDIR : EINVAL, err, err_size);
}

/* All bytes, and a zero behind them. */
static char *read_text(const sodns_follow_t *f, int fd, size_t hint, size_t *len, char *err,
		       size_t err_size)
{
	size_t room = hint < f->o.max ? hint + 2 : f->o.max + 2;
	char *text = NULL;
	for (*len = 0;;) {
		char *more = realloc(text, room);
		ssize_t n = more ? read(fd, more + *len, room - *len - 1) : -1;
		text = more ? more : text;
		if (n < 0 && more && errno == EINTR)
			continue;
		*len += n > 0 ? (size_t)n : 0;
		if (n < 0)
			sodns_file_error(err, err_size, "read", f->o.path, more ? errno : ENOMEM);
		else if (*len > f->o.max)
			snprintf(err, err_size, "read %s: longer than %zu bytes", f->o.path,
				 f->o.max);
		else if (!n)
			return text;
		else {
			if (*len + 2 > room)
				room *= 2;
			text[*len] = 0;
			continue;
		}
		free(text);
		return NULL;
	}
}

/* Parses and publishes a text that is another one than before. */
static int take(sodns_follow_t *f, const char *bytes, size_t len, char *err, size_t err_size)
{
	uint64_t hash = sodns_hash(bytes, len);
	if (f->known && f->text_hash == hash && f->text_len == len)
		return 0;
	sodns_text_t *t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	*t = (sodns_text_t){
		.path = f->o.path, .plugin = f->o.plugin, .error = err, .error_size = err_size};
	snprintf(err, err_size, "%s can't be used", f->o.path);
	sodns_text_begin(t, bytes, len);
	void *object = f->o.parse(f->o.arg, t);
	free(t);
	f->known = true;
	f->text_hash = hash;
	f->text_len = len;
	if (!object)
		return SODNS_EINVAL;
	sodns_retire(sodns_publish(&f->object, object), f->o.release);
	if (f->o.published)
		f->o.published(f->o.arg, object);
	return 1;
}

int sodns_follow_load(sodns_follow_t *f, char *err, size_t err_size)
{
	sodns_file_mark_t now;
	size_t len;
	int fd = open_file(f, err, err_size);
	if (fd < 0)
		return fd;
	int rc = sodns_file_mark_of(fd, &now);
	if (!rc && f->known && sodns_file_same(&now, &f->read) && !f->read.fresh) {
		close(fd);
		return 0;
	}
	char *text = read_text(f, fd, (size_t)(now.size > 0 ? now.size : 0), &len, err, err_size);
	close(fd);
	if (!text)
		return SODNS_EIO;
	f->read = now;
	text[len] = 0;
	rc = take(f, text, len, err, err_size);
	free(text);
	return rc;
}

int sodns_follow_prepare(sodns_follow_t *f, sodns_prepare_t *p)
{
	char err[ERROR_MAX];
	int rc = sodns_follow_load(f, err, sizeof(err));
	if (rc >= 0)
		return SODNS_OK;
	if (rc != SODNS_ENOENT || !f->o.optional)
		return sodns_prepare_error(p, "%s", err);
	sodns_prepare_warning(p, "%s", err);
	return SODNS_OK;
}

/* An error is told when it is another one; and that there is none any more. */
static void look(void *arg)
{
	sodns_follow_t *f = *(sodns_follow_t **)arg;
	char err[ERROR_MAX];
	int rc = sodns_follow_load(f, err, sizeof(err));
	/* Prepare has told that it is not there yet. */
	if (rc == SODNS_ENOENT && f->o.optional && !f->known)
		return;
	if (rc < 0) {
		if (!f->told || strcmp(err, f->told) != 0)
			sodns_log(SODNS_LOG_ERROR, f->o.plugin, "%s%s", err,
				  sodns_follow_reach(f) ? "; what was read before stays in use"
							: "");
		free(f->told);
		f->told = strdup(err);
		return;
	}
	if (rc > 0 && f->told) {
		sodns_log(SODNS_LOG_INFO, f->o.plugin, "%s is read again", f->o.path);
		free(f->told);
		f->told = NULL;
	}
}

static void watch(void *arg)
{
	sodns_follow_t *f = arg;
	sodns_blocking(look, &f, sizeof(f), NULL);
}

void sodns_follow_start(sodns_follow_t *f)
{
	if (f->o.interval && !f->round)
		f->round = sodns_round_start(f->o.plugin, f->o.interval, watch, f);
}

void sodns_follow_free(void *follow)
{
	sodns_follow_t *f = follow;
	if (!f)
		return;
	sodns_round_stop(f->round);
	free(f->told);
	sodns_retire(sodns_publish(&f->object, NULL), f->o.release);
	free((char *)(uintptr_t)f->o.path);
	free(f);
}
