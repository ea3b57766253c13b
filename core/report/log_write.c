/*
 * Writing what the rings hold, in pieces that end at a line's end. Before each write it is known that
 * standard output takes one: a reader that stops holds up this thread in a wait that ends
 * with the process, and no other. A pipe takes PIPE_BUF bytes at once or not at all, so that lines
 * of two processes do not mix.
 */
#include "report/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/limits.h"
#include "report/log_ring.h"

/* Lines wait this long for company before they are written. */
#define GATHER_MS 5
/* For how long a reader that takes nothing is waited for: by the thread when the process ends, by others
 * that write themselves. */
#define PATIENCE_END_MS 1000
#define PATIENCE_MS 50
#define LOOK_MS 10
#define PIECE_OF_FILE 65536u

_Atomic(struct ring *) log_rings;

static pthread_t thread;
static __thread bool is_writer;
static _Atomic(bool) running, sleeping, gave_up;
static int wake_fd = -1;
static pthread_mutex_t drain_lock = PTHREAD_MUTEX_INITIALIZER;

static int patience(void)
{
	if (!is_writer)
		return PATIENCE_MS;
	return atomic_load(&running) ? INT_MAX : PATIENCE_END_MS;
}

/* Waits until a write would not block. */
static bool writable(int fd)
{
	for (int waited = 0; !atomic_load(&gave_up) && waited < patience(); waited += LOOK_MS) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		if (poll(&p, 1, LOOK_MS) > 0)
			return true;
	}
	/* What is left when the process ends is not waited for line by line. */
	if (is_writer)
		atomic_store(&gave_up, true);
	return false;
}

bool log_write_out(int fd, const char *p, size_t n)
{
	while (n) {
		if (!writable(fd))
			return false;
		ssize_t w = write(fd, p, n);
		if (w < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (w <= 0)
			return false; /* there is no reader: the lines are lost, the server goes on */
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static size_t piece_size(void)
{
	struct stat s;
	/* What never waits for a reader. */
	bool file = !fstat(STDOUT_FILENO, &s) &&
		    (S_ISREG(s.st_mode) || (S_ISCHR(s.st_mode) && !isatty(STDOUT_FILENO)));
	return file ? PIECE_OF_FILE : PIPE_BUF;
}

/* Whole lines of a ring, as many as fit; a longer line in parts. */
static size_t take_piece(const struct ring *r, uint64_t tail, uint64_t head, char *out, size_t size)
{
	size_t n = head - tail < size ? (size_t)(head - tail) : size;
	size_t at = tail % RING_SIZE, first = n < RING_SIZE - at ? n : RING_SIZE - at;
	memcpy(out, r->bytes + at, first);
	memcpy(out + first, r->bytes, n - first);
	const char *last = memrchr(out, '\n', n);
	return last ? (size_t)(last + 1 - out) : n;
}

static uint64_t count_lines(const char *p, size_t n)
{
	uint64_t lines = 0;
	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

static void drain(struct ring *r, size_t size)
{
	static char piece[PIECE_OF_FILE]; /* under drain_lock */
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	while (tail < head) {
		size_t n = take_piece(r, tail, head, piece, size);
		if (!log_write_out(STDOUT_FILENO, piece, n))
			limit_reached(LIMIT_LOG, count_lines(piece, n));
		tail += n;
		atomic_store_explicit(&r->tail, tail, memory_order_release);
	}
}

void log_flush(void)
{
	size_t size = piece_size();
	pthread_mutex_lock(&drain_lock);
	for (struct ring *r = atomic_load(&log_rings); r; r = r->next)
		drain(r, size);
	pthread_mutex_unlock(&drain_lock);
}

static bool anything(void)
{
	for (struct ring *r = atomic_load(&log_rings); r; r = r->next)
		if (atomic_load(&r->head) != atomic_load(&r->tail))
			return true;
	return false;
}

static void *writer_main(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "sodns-log");
	is_writer = true;
	while (atomic_load(&running)) {
		struct pollfd p = {.fd = wake_fd, .events = POLLIN};
		uint64_t n;
		atomic_store(&sleeping, true);
		if (!anything())
			poll(&p, 1, 1000);
		atomic_store(&sleeping, false);
		(void)!read(wake_fd, &n, sizeof(n));
		if (!anything())
			continue;
		poll(NULL, 0, GATHER_MS);
		log_flush();
	}
	return NULL;
}

void log_start(void)
{
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	atomic_store(&running, true);
	if (wake_fd < 0 || pthread_create(&thread, NULL, writer_main, NULL))
		atomic_store(&running, false);
}

static void wake(void)
{
	uint64_t one = 1;
	if (atomic_load(&sleeping) && atomic_exchange(&sleeping, false))
		(void)!write(wake_fd, &one, sizeof(one));
}

void log_stop(void)
{
	if (atomic_exchange(&running, false)) {
		atomic_store(&sleeping, true);
		wake();
		pthread_join(thread, NULL);
	}
	log_flush();
}

void log_written(void)
{
	if (atomic_load_explicit(&sleeping, memory_order_seq_cst))
		wake();
	if (!atomic_load_explicit(&running, memory_order_relaxed))
		log_flush();
}
