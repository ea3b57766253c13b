/*
 * Logging: each thread has a ring, one thread writes them all out. A producer copies its line and
 * publishes a position; it makes no system call but one to wake a writer that sleeps. The ring of a
 * thread that ended goes to the next one that has something to say.
 */
#include "runtime/limits.h"
#include "runtime/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <poll.h>
#include <unistd.h>

#define RING_SIZE (1u << 18)
#define LINE_MAX_LEN 8192
/* Lines wait this long for company before they are written. */
#define GATHER_MS 5

struct ring {
	struct ring *next;
	_Alignas(64) _Atomic(uint64_t) head; /* written by the producer */
	_Alignas(64) _Atomic(uint64_t) tail; /* by the writer */
	_Atomic(bool) taken;                 /* by a thread that lives */
	char bytes[RING_SIZE];
};

static _Atomic(struct ring *) rings;
static __thread struct ring *own;
static pthread_t thread;
static _Atomic(bool) running, debug_on, sleeping;
static int wake_fd = -1;
static pthread_mutex_t drain_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const prefixes[] = {"[DEBUG] ", "[INFO] ", "[WARNING] ", "[ERROR] ", "[FATAL] "};

static void write_all(const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(STDOUT_FILENO, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return; /* nobody reads: the lines are lost, the server goes on */
		p += w;
		n -= (size_t)w;
	}
}

static bool drain(struct ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	if (head == tail)
		return false;
	while (tail < head) {
		size_t at = tail % RING_SIZE, n = head - tail;
		if (n > RING_SIZE - at)
			n = RING_SIZE - at;
		write_all(r->bytes + at, n);
		tail += n;
	}
	atomic_store_explicit(&r->tail, tail, memory_order_release);
	return true;
}

void log_flush(void)
{
	pthread_mutex_lock(&drain_lock);
	for (struct ring *r = atomic_load(&rings); r; r = r->next)
		drain(r);
	pthread_mutex_unlock(&drain_lock);
}

static bool anything(void)
{
	for (struct ring *r = atomic_load(&rings); r; r = r->next)
		if (atomic_load(&r->head) != atomic_load(&r->tail))
			return true;
	return false;
}

static void *writer_main(void *arg)
{
	(void)arg;
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
	if (wake_fd < 0 || pthread_create(&thread, NULL, writer_main, NULL)) {
		atomic_store(&running, false);
		return;
	}
	pthread_setname_np(thread, "sodns-log");
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

void log_set_debug(bool on)
{
	atomic_store(&debug_on, on);
}

bool sodns_log_enabled(enum sodns_log_level level)
{
	return level != SODNS_LOG_DEBUG || atomic_load_explicit(&debug_on, memory_order_relaxed);
}

static pthread_key_t ending;
static pthread_once_t ending_made = PTHREAD_ONCE_INIT;

/* The thread ends: what it wrote stays in the ring until it is drained. */
static void give_ring(void *ring)
{
	struct ring *r = ring;
	own = NULL;
	atomic_store(&r->taken, false);
}

static void make_ending(void)
{
	if (pthread_key_create(&ending, give_ring))
		abort();
}

static struct ring *ring_free(void)
{
	for (struct ring *r = atomic_load(&rings); r; r = r->next) {
		bool taken = false;
		if (atomic_compare_exchange_strong(&r->taken, &taken, true))
			return r;
	}
	return NULL;
}

static struct ring *ring_new(void)
{
	struct ring *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	atomic_init(&r->taken, true);
	r->next = atomic_load(&rings);
	while (!atomic_compare_exchange_weak(&rings, &r->next, r))
		;
	return r;
}

static struct ring *ring_take(void)
{
	pthread_once(&ending_made, make_ending);
	struct ring *r = ring_free();
	if (!r)
		r = ring_new();
	pthread_setspecific(ending, r);
	return r;
}

static void put(struct ring *r, uint64_t *head, const char *p, size_t n)
{
	size_t at = *head % RING_SIZE, first = n < RING_SIZE - at ? n : RING_SIZE - at;
	memcpy(r->bytes + at, p, first);
	memcpy(r->bytes, p + first, n - first);
	*head += n;
}

void sodns_log_text(enum sodns_log_level level, const char *text, size_t len)
{
	const char *prefix = prefixes[level];
	size_t prefix_len = strlen(prefix);
	struct ring *r = own ? own : (own = ring_take());
	if (!r || !sodns_log_enabled(level))
		return;
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (head - tail + prefix_len + len + 1 > RING_SIZE) {
		limit_reached(LIMIT_LOG, 1);
		return;
	}
	put(r, &head, prefix, prefix_len);
	put(r, &head, text, len);
	put(r, &head, "\n", 1);
	/* Ordered before the look at `sleeping`: either the writer sees the line or we see it
	 * asleep. */
	atomic_store(&r->head, head);
	if (atomic_load_explicit(&sleeping, memory_order_seq_cst))
		wake();
	if (!atomic_load_explicit(&running, memory_order_relaxed))
		log_flush();
}

void sodns_log(enum sodns_log_level level, const char *who, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	if (!sodns_log_enabled(level))
		return;
	int n = who ? snprintf(line, sizeof(line), "plugin/%s: ", who) : 0;
	va_list ap;
	va_start(ap, format);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
	va_end(ap);
	size_t len = (size_t)n + (size_t)(m < 0 ? 0 : m);
	if (len >= sizeof(line))
		len = sizeof(line) - 1;
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	sodns_log_text(level, line, len);
}
