/*
 * errors: a line for each query that ended in an error; those that match a pattern are counted over
 * a period and make one line together.
 */
#include <stdatomic.h>
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/regex.h>
#include <sodns/wait.h>

#define PATTERN_MAX 10000

struct pattern {
	sodns_regex_t *regex;
	const char *text;
	int64_t period; /* nanoseconds */
	enum sodns_log_level level;
	bool show_first;
	_Atomic(uint32_t) count;
	_Atomic(uint64_t) due; /* when the line is written; 0: nothing to write */
};

struct errors {
	struct pattern *patterns;
	size_t count;
	_Atomic(sodns_service_t *) service; /* NULL for the first queries after a reload */
};

static void summarize(struct pattern *p)
{
	uint32_t n = atomic_exchange(&p->count, 0);
	char period[40];
	if (!n || (n == 1 && p->show_first))
		return;
	sodns_duration_to_text(p->period, period);
	sodns_log(p->level, "errors", "%u errors like '%s' occurred in last %s", n, p->text,
		  period);
}

/* Writes the lines whose time has come; returns how many milliseconds to sleep. */
static uint32_t summarize_due(struct errors *e)
{
	uint64_t now = sodns_now(), next = now + UINT64_C(3600000000000);
	for (size_t i = 0; i < e->count; i++) {
		uint64_t due = atomic_load(&e->patterns[i].due);
		if (due && due <= now) {
			atomic_store(&e->patterns[i].due, 0);
			summarize(&e->patterns[i]);
		} else if (due && due < next) {
			next = due;
		}
	}
	return (uint32_t)((next - now) / 1000000 + 1);
}

static void run(void *arg)
{
	struct errors *e = arg;
	while (sodns_service_sleep(summarize_due(e)))
		;
	for (size_t i = 0; i < e->count; i++)
		summarize(&e->patterns[i]);
}

/* Counts an error. False: it is the first of its period and is to be shown. */
static bool consolidate(const struct errors *e, struct pattern *p)
{
	if (atomic_fetch_add(&p->count, 1))
		return true;
	atomic_store(&p->due, sodns_now() + (uint64_t)p->period);
	sodns_service_wake(e->service);
	return !p->show_first;
}

static void report(struct errors *e, const sodns_query_t *q, const sodns_reply_t *r)
{
	const char *text = sodns_reply_error(r);
	enum sodns_log_level level = SODNS_LOG_ERROR;
	char name[SODNS_NAME_TEXT_MAX], buf[16];
	for (size_t i = 0; i < e->count; i++) {
		struct pattern *p = &e->patterns[i];
		if (!sodns_regex_match(p->regex, text, strlen(text), NULL, 0))
			continue;
		if (consolidate(e, p))
			return;
		level = p->level;
		break;
	}
	sodns_name_to_text(sodns_query_name(q), name);
	sodns_log(level, "errors", "%d %s %s: %s", sodns_reply_rcode(r), name,
		  sodns_type_text(sodns_query_type(q), buf), text);
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	sodns_reply_t *r = sodns_next(h, q);
	if (sodns_reply_error(r))
		report(h->self, q, r);
	return r;
}

static int read_options(sodns_setup_t *s, struct pattern *p, const char *const *words, size_t count)
{
	static const struct {
		const char *name;
		enum sodns_log_level level;
	} levels[] = {{"warning", SODNS_LOG_WARNING},
		      {"error", SODNS_LOG_ERROR},
		      {"info", SODNS_LOG_INFO},
		      {"debug", SODNS_LOG_DEBUG}};
	bool level_set = false;
	p->level = SODNS_LOG_ERROR;
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		while (k < 4 && strcmp(levels[k].name, words[i]))
			k++;
		if (k == 4 && strcmp(words[i], "show_first"))
			return sodns_error(s, "unknown option in consolidate: %s", words[i]);
		if (k == 4) {
			p->show_first = true;
			continue;
		}
		if (level_set)
			return sodns_error(s, "multiple log levels specified in consolidate");
		if (p->show_first)
			return sodns_error(s,
					   "log level must come before show_first in consolidate");
		p->level = levels[k].level;
		level_set = true;
	}
	return 0;
}

static int read_consolidate(sodns_setup_t *s, struct errors *e)
{
	size_t n;
	char err[512];
	const char *const *words = sodns_setup_args(s, &n);
	struct pattern p = {0}, *more;
	if (n < 2 || n > 4)
		return sodns_error_args(s);
	if (sodns_duration_from_text(words[0], &p.period))
		return sodns_error(s, "time: invalid duration \"%s\"", words[0]);
	if (strlen(words[1]) > PATTERN_MAX)
		return sodns_error(s, "regex pattern too long: %zu > %d", strlen(words[1]),
				   PATTERN_MAX);
	if (read_options(s, &p, words + 2, n - 2))
		return -1;
	p.text = words[1];
	p.regex = sodns_regex_new(words[1], err, sizeof(err));
	if (!p.regex)
		return sodns_error(s, "%s", err);
	more = sodns_setup_alloc(s, (e->count + 1) * sizeof(*more));
	if (e->count)
		memcpy(more, e->patterns, e->count * sizeof(*more));
	more[e->count++] = p;
	e->patterns = more;
	return 0;
}

static int read_block(sodns_setup_t *s, struct errors *e)
{
	while (sodns_setup_block(s)) {
		const char *property = sodns_setup_value(s);
		/* CoreDNS prints a stack for a panic; a crash of sodns names plugin and question in
		 * any case. */
		if (!strcmp(property, "stacktrace"))
			continue;
		if (strcmp(property, "consolidate"))
			return sodns_error(s, "Unknown field %s", property);
		if (read_consolidate(s, e))
			return -1;
	}
	return 0;
}

static void teardown(void *self)
{
	struct errors *e = self;
	sodns_service_stop(e->service);
	for (size_t i = 0; i < e->count; i++)
		sodns_regex_free(e->patterns[i].regex);
}

static int setup(sodns_setup_t *s)
{
	struct errors *e = sodns_setup_alloc(s, sizeof(*e));
	for (int i = 0; sodns_setup_next(s); i++) {
		size_t n;
		const char *const *args = sodns_setup_args(s, &n);
		if (i)
			return sodns_error(s, "this plugin can only be used once per Server Block");
		if (n > 1)
			return sodns_error_args(s);
		if (n && strcmp(args[0], "stdout"))
			return sodns_error(s, "invalid log file: %s (it can only be stdout)",
					   args[0]);
		if (read_block(s, e)) {
			teardown(e);
			return -1;
		}
	}
	return sodns_add_handler(s, e);
}

static void start(void *self)
{
	struct errors *e = self;
	if (e->count)
		e->service = sodns_service_start("errors", run, e);
}

SODNS_PLUGIN(.name = "errors", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = serve,
	     .start = start, .teardown = teardown);
