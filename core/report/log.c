/*
 * Logging: each thread has a ring, one thread writes them all out (log_write.c). A producer copies
 * its line and publishes a position; it makes no system call but one to wake a writer that sleeps.
 * The ring of a thread that ended goes to the next one that has something to say.
 */
#include "report/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/limits.h"
#include "report/log_ring.h"
#include "report/log_text.h"

#define LINE_MAX_LEN 8192

static __thread struct ring *own;
static _Atomic(bool) debug_on;
static bool json;

void log_set_debug(bool on)
{
	atomic_store(&debug_on, on);
}

void log_set_json(bool on)
{
	json = on;
}

bool sodns_log_json(void)
{
	return json;
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
	for (struct ring *r = atomic_load(&log_rings); r; r = r->next) {
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
	r->next = atomic_load(&log_rings);
	while (!atomic_compare_exchange_weak(&log_rings, &r->next, r))
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

/* The ring that has room for a line, with where it begins; or NULL. */
static struct ring *begin_line(size_t len, uint64_t *head)
{
	struct ring *r = own ? own : (own = ring_take());
	if (!r)
		return NULL;
	*head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	if (*head - tail + len <= RING_SIZE)
		return r;
	limit_reached(LIMIT_LOG, 1);
	return NULL;
}

static void end_line(struct ring *r, uint64_t head)
{
	/* Ordered before the look at the writer's sleep: either it sees the line or we see it
	 * asleep. */
	atomic_store(&r->head, head);
	log_written();
}

/* A line of three parts that are JSON: all of it, or nothing. */
static void put_line(const char *a, size_t a_len, const char *b, size_t b_len, const char *c,
		     size_t c_len)
{
	uint64_t head;
	struct ring *r = begin_line(a_len + b_len + c_len, &head);
	if (!r)
		return;
	put(r, &head, a, a_len);
	put(r, &head, b, b_len);
	put(r, &head, c, c_len);
	end_line(r, head);
}

/* A plain line: what stands in front, and a text from anywhere. */
static void put_plain(const char *front, const char *text, size_t len)
{
	uint64_t head;
	size_t front_len = strlen(front), plain = log_text_plain(text, len), used, n;
	size_t whole = plain == len ? len : log_text_length(text, len);
	char escaped[LOG_TEXT_MAX];
	struct ring *r = begin_line(front_len + whole + 1, &head);
	if (!r)
		return;
	put(r, &head, front, front_len);
	for (;; plain = log_text_plain(text, len)) {
		put(r, &head, text, plain);
		text += plain;
		len -= plain;
		if (!len)
			break;
		used = log_text_escape(text, len, escaped, &n);
		put(r, &head, escaped, n);
		text += used;
		len -= used;
	}
	put(r, &head, "\n", 1);
	end_line(r, head);
}

static void put_message(enum sodns_log_level level, const char *who, const char *text, size_t len)
{
	char line[LOG_JSON_MAX];
	put_line(line, log_json_message(level, who, text, len, line), "", 0, "", 0);
}

void sodns_log_text(enum sodns_log_level level, const char *text, size_t len)
{
	static const char *const prefixes[] = {"[DEBUG] ", "[INFO] ", "[WARNING] ", "[ERROR] ",
					       "[FATAL] "};
	if (!sodns_log_enabled(level))
		return;
	if (json)
		put_message(level, NULL, text, len);
	else
		put_plain(prefixes[level], text, len);
}

void sodns_log_members(enum sodns_log_level level, const char *who, const char *members, size_t len)
{
	char head[LOG_JSON_HEAD_MAX + 1];
	if (!sodns_log_enabled(level) || len > SODNS_LOG_MEMBERS_MAX)
		return;
	size_t n = log_json_head(level, who, head);
	if (len)
		head[n++] = ',';
	put_line(head, n, members, len, "}\n", 2);
}

/* Formats a message. Returns its length. */
static size_t format_line(char line[LINE_MAX_LEN], size_t at, const char *format, va_list ap)
{
	int n = vsnprintf(line + at, LINE_MAX_LEN - at, format, ap);
	size_t len = at + (size_t)(n < 0 ? 0 : n);
	return len < LINE_MAX_LEN ? len : LINE_MAX_LEN - 1;
}

void sodns_log(enum sodns_log_level level, const char *who, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	if (!sodns_log_enabled(level))
		return;
	int n = who && !json ? snprintf(line, sizeof(line), "plugin/%s: ", who) : 0;
	va_list ap;
	va_start(ap, format);
	size_t len = format_line(line, (size_t)n, format, ap);
	va_end(ap);
	if (json)
		put_message(level, who, line, len);
	else
		sodns_log_text(level, line, len);
}

void log_plain(const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;
	va_start(ap, format);
	size_t len = format_line(line, 0, format, ap);
	va_end(ap);
	if (json)
		put_message(SODNS_LOG_INFO, NULL, line, len);
	else
		put_plain("", line, len);
}

/* As much of a text as fits, as a plain line. */
static void write_plain(int fd, const char *text, size_t len)
{
	char line[LINE_MAX_LEN + LOG_TEXT_MAX];
	size_t at = 0, n;
	while (len && at + LOG_TEXT_MAX < LINE_MAX_LEN) {
		size_t plain = log_text_plain(text, len), room = LINE_MAX_LEN - at - 1;
		plain = plain < room ? plain : room;
		memcpy(line + at, text, plain);
		at += plain;
		if (!plain) {
			plain = log_text_escape(text, len, line + at, &n);
			at += n;
		}
		text += plain;
		len -= plain;
	}
	line[at++] = '\n';
	log_write_out(fd, line, at);
}

static void say_on_stderr(enum sodns_log_level level, const char *format, va_list ap)
{
	char line[LINE_MAX_LEN], object[LOG_JSON_MAX];
	int n = vsnprintf(line, LINE_MAX_LEN, format, ap);
	size_t len = n < 0 ? 0 : n < LINE_MAX_LEN ? (size_t)n : LINE_MAX_LEN - 1;
	if (json) {
		log_write_out(STDERR_FILENO, object,
			      log_json_message(level, NULL, line, len, object));
		return;
	}
	write_plain(STDERR_FILENO, line, len);
}

void log_last_words(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say_on_stderr(SODNS_LOG_FATAL, format, ap);
	va_end(ap);
}

void log_first_words(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	say_on_stderr(SODNS_LOG_WARNING, format, ap);
	va_end(ap);
}
