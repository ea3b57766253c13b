/*
 * errors: a line for each query that ended in an error; those that match a pattern are counted over
 * a period and make one line together.
 */
#include <stdatomic.h>
#include <string.h>

#include <sodns/plugin.h>
#include <sodns/regex.h>
#include <sodns/wait.h>

struct pattern {
	sodns_regex_t *regex;
	const char *text;
	int64_t period; /* nanoseconds */
	enum sodns_log_level level;
	bool show_first, level_set;
	_Atomic(uint32_t) count;
	_Atomic(uint64_t) due; /* when the line is written; 0: nothing to write */
};

struct errors {
	struct pattern *patterns;
	size_t count;
	uint8_t output;                     /* stdout, whatever it is */
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
static uint64_t summarize_due(struct errors *e)
{
	uint64_t now = sodns_now(), next = now + 3600 * SODNS_SECOND;
	for (size_t i = 0; i < e->count; i++) {
		uint64_t due = atomic_load(&e->patterns[i].due);
		if (due && due <= now) {
			atomic_store(&e->patterns[i].due, 0);
			summarize(&e->patterns[i]);
		} else if (due && due < next) {
			next = due;
		}
	}
	return next - now;
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

/* One word of those that may stand behind the pattern. */
static int read_option(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct pattern *p = to;
	size_t k = 0;
	if (!strcmp(word, "show_first")) {
		p->show_first = true;
		return SODNS_OK;
	}
	while (k < o->words.count && (!o->words.at[k] || strcmp(o->words.at[k], word)))
		k++;
	if (k == o->words.count)
		return sodns_error(s, "unknown option in consolidate: %s", word);
	if (p->level_set)
		return sodns_error(s, "multiple log levels specified in consolidate");
	if (p->show_first)
		return sodns_error(s, "log level must come before show_first in consolidate");
	p->level = (enum sodns_log_level)k;
	p->level_set = true;
	return SODNS_OK;
}

static int compile(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct pattern *p = to;
	char err[512];
	(void)o;
	(void)word;
	if (!p->level_set)
		p->level = SODNS_LOG_ERROR;
	p->regex = sodns_regex_new(p->text, err, sizeof(err));
	return p->regex ? SODNS_OK : sodns_error(s, "%s", err);
}

static const char *const outputs[] = {"stdout"};
static const char *const levels[] = {[SODNS_LOG_WARNING] = "warning",
				     [SODNS_LOG_ERROR] = "error",
				     [SODNS_LOG_INFO] = "info",
				     [SODNS_LOG_DEBUG] = "debug"};
static const sodns_option_t consolidation[] = {
	{"DURATION", SODNS_OPT_DURATION, SODNS_FIELD(struct pattern, period), .min = INT64_MIN,
	 .help = "errors of so long make one line"},
	{"REGEXP", SODNS_OPT_TEXT, SODNS_FIELD(struct pattern, text), .max = 10000,
	 .help = "which errors", .says.high = "regex pattern too long: {value} > {max}"},
	{"LEVEL", SODNS_OPT_PARSE, .parse = read_option, .words = SODNS_WORDS(levels),
	 .flags = SODNS_OPT_OPTIONAL | SODNS_OPT_MANY, .form = "LEVEL] [show_first",
	 .otherwise = "error", .help = "warning, error, info or debug"},
};
static const sodns_option_t args[] = {
	{"stdout", SODNS_OPT_WORD, SODNS_FIELD(struct errors, output),
	 .words = SODNS_WORDS(outputs), .flags = SODNS_OPT_OPTIONAL,
	 .help = "where the lines go, whether it stands there or not",
	 .says.bad = "invalid log file: {} (it can only be stdout)"},
};
static const sodns_option_t properties[] = {
	{"consolidate", SODNS_OPT_GROUP, SODNS_LIST(struct errors, patterns, count),
	 .args = SODNS_ROWS(consolidation), .check = compile,
	 .help = "counts errors that are alike"},
	/* CoreDNS prints a stack for a panic; a crash of sodns names plugin and question in any
	 * case. */
	{"stacktrace", SODNS_OPT_IGNORED, .flags = SODNS_OPT_LEAVES_MORE,
	 .help = "a crash is told in any case"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_ONCE,
					.says.unknown = "Unknown field {}",
					.help = "a line for each query that ended in an error"};

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
	if (sodns_setup_read_all(s, e)) {
		teardown(e);
		return SODNS_EINVAL;
	}
	return sodns_add_handler(s, e);
}

static void start(void *self)
{
	struct errors *e = self;
	if (e->count)
		e->service = sodns_service_start("errors", run, e);
}

SODNS_PLUGIN(.name = "errors", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = serve, .start = start, .teardown = teardown);
