/*
 * The SDK's TLS functions (sodns/tls.h): contexts with their options, and which of their files'
 * readings is current; the rest is in the library that lies beside libsodns.
 */
#include <sodns/tls.h>

#include <sodns/file.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"

#define PEM_MAX (1 << 20)

static const sodns_library_t library = {.size = sizeof(library),
					.name = "tls",
					.what = "TLS",
					.id = TLS_ID,
					.version = TLS_VERSION,
					.table_size = sizeof(tls_table_t)};
static _Atomic(const tls_table_t *) table; /* there before anything is loaded */

struct sodns_tls {
	_Atomic(unsigned) users;
	sodns_tls_options_t options;
	pthread_mutex_t lock; /* files and marks */
	tls_files_t *files;
	sodns_file_mark_t marks[3];
};

static const tls_table_t *use(void)
{
	return atomic_load_explicit(&table, memory_order_relaxed);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

sodns_tls_t *sodns_tls_new(const sodns_tls_options_t *options)
{
	sodns_tls_t *t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->users = 1;
	/* A plugin's struct may be an older, smaller one. */
	memcpy(&t->options, options,
	       options->size < sizeof(t->options) ? options->size : sizeof(t->options));
	t->options.cert = copy(options->cert);
	t->options.key = copy(options->key);
	t->options.ca = copy(options->ca);
	t->options.keylog = copy(options->keylog);
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

sodns_tls_t *sodns_tls_keep(sodns_tls_t *t)
{
	atomic_fetch_add(&t->users, 1);
	return t;
}

void sodns_tls_release(sodns_tls_t *t)
{
	if (!t || atomic_fetch_sub(&t->users, 1) > 1)
		return;
	if (t->files)
		use()->unload(t->files);
	pthread_mutex_destroy(&t->lock);
	free((char *)(uintptr_t)t->options.cert);
	free((char *)(uintptr_t)t->options.key);
	free((char *)(uintptr_t)t->options.ca);
	free((char *)(uintptr_t)t->options.keylog);
	free(t);
}

static sodns_file_mark_t mark_of(const char *path)
{
	sodns_file_mark_t mark = {0};
	if (path)
		sodns_file_mark(path, &mark);
	return mark;
}

/* All of a descriptor's bytes, which it closes. */
static int read_all(int fd, tls_blob_t *out)
{
	struct stat s;
	if (!fstat(fd, &s) && s.st_size <= PEM_MAX &&
	    (out->bytes = malloc((size_t)s.st_size + 1))) {
		ssize_t n;
		while (out->len < (size_t)s.st_size &&
		       (n = read(fd, out->bytes + out->len, (size_t)s.st_size - out->len)) > 0)
			out->len += (size_t)n;
		close(fd);
		return 0;
	}
	close(fd);
	return -EFBIG;
}

static int read_blob(const char *path, const char *format, tls_blob_t *out, char *err,
		     size_t err_size)
{
	*out = (tls_blob_t){.name = path};
	if (!path)
		return 0;
	int fd = sodns_file_open_pem(path), rc = fd < 0 ? fd : read_all(fd, out);
	if (!rc)
		return 0;
	int n = snprintf(err, err_size, "%s: ", format);
	if (n > 0 && (size_t)n < err_size)
		sodns_file_error(err + n, err_size - (size_t)n, "open", path, -rc);
	return -1;
}

static tls_files_t *load(const sodns_tls_t *t, const tls_table_t *p, char *err, size_t err_size)
{
	static const char pair[] = "could not load TLS cert";
	tls_blob_t blobs[TLS_BLOBS] = {{0}};
	tls_files_t *files = NULL;
	if (!read_blob(t->options.cert, pair, &blobs[TLS_CERT], err, err_size) &&
	    !read_blob(t->options.key, pair, &blobs[TLS_KEY], err, err_size) &&
	    !read_blob(t->options.ca, "could not read root certs", &blobs[TLS_CA], err, err_size))
		files = p->load(&t->options, blobs, err, err_size);
	for (size_t i = 0; i < TLS_BLOBS; i++)
		free(blobs[i].bytes);
	return files;
}

int sodns_tls_load(sodns_tls_t *t, char *err, size_t err_size)
{
	const sodns_file_mark_t now[3] = {mark_of(t->options.cert), mark_of(t->options.key),
					  mark_of(t->options.ca)};
	const tls_table_t *p = sodns_library_open(&library, err, err_size);
	if (!p)
		return SODNS_EIO;
	atomic_store(&table, p);
	pthread_mutex_lock(&t->lock);
	bool known = t->files;
	for (size_t i = 0; i < 3; i++)
		known &= sodns_file_same(&now[i], &t->marks[i]);
	pthread_mutex_unlock(&t->lock);
	if (known)
		return 0;
	tls_files_t *files = load(t, p, err, err_size), *old;
	if (!files)
		return SODNS_EIO;
	pthread_mutex_lock(&t->lock);
	old = t->files;
	t->files = files;
	memcpy(t->marks, now, sizeof(now));
	pthread_mutex_unlock(&t->lock);
	if (old)
		p->unload(old);
	return 1;
}

int64_t sodns_tls_expires(sodns_tls_t *t)
{
	pthread_mutex_lock(&t->lock);
	int64_t when = t->files ? use()->expire(t->files) : 0;
	pthread_mutex_unlock(&t->lock);
	return when;
}

sodns_tls_session_t *sodns_tls_session_to(sodns_tls_t *t, const sodns_address_t *peer,
					  const char *server_name, const char *alpn,
					  sodns_tls_send_f send, void *arg)
{
	sodns_tls_session_t *s = NULL;
	pthread_mutex_lock(&t->lock);
	if (t->files)
		s = use()->session(t->files, peer, server_name, alpn, send, arg);
	pthread_mutex_unlock(&t->lock);
	return s;
}

sodns_tls_session_t *sodns_tls_session(sodns_tls_t *t, const char *server_name, const char *alpn,
				       sodns_tls_send_f send, void *arg)
{
	return sodns_tls_session_to(t, NULL, server_name, alpn, send, arg);
}

void sodns_tls_input(sodns_tls_session_t *s, const uint8_t *bytes, size_t len)
{
	use()->input(s, bytes, len);
}

ptrdiff_t sodns_tls_read(sodns_tls_session_t *s, uint8_t *out, size_t size)
{
	return use()->read(s, out, size);
}

bool sodns_tls_ready(const sodns_tls_session_t *s)
{
	return use()->ready(s);
}

int sodns_tls_write(sodns_tls_session_t *s, const uint8_t *bytes, size_t len)
{
	return use()->write(s, bytes, len);
}

const char *sodns_tls_alpn(const sodns_tls_session_t *s)
{
	return use()->alpn(s);
}

const char *sodns_tls_why(const sodns_tls_session_t *s)
{
	return use()->why(s);
}

void sodns_tls_end(sodns_tls_session_t *s)
{
	if (s)
		use()->end(s);
}
