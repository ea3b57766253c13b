/*
 * ready: an HTTP path that says whether all plugins can serve.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/ability.h>
#include <sodns/http.h>
#include <sodns/plugin.h>

#define NAMES_MAX 1024

struct watched {
	const char *plugin;
	void *self;
	const sodns_ready_ability_t *ability;
	bool was_ready; /* once is enough, unless all are monitored */
};

struct ready {
	const char *address;
	bool continuously;
	sodns_http_t *http;
	struct watched *watched; /* by name */
	size_t count;
	bool begun; /* the path is there */
	_Atomic(bool) serving, ending;
};

static const char *const monitors[] = {"until-ready", "continuously"};
static const sodns_option_t args[] = {
	{"ADDRESS", SODNS_OPT_LISTEN, SODNS_FIELD(struct ready, address),
	 .flags = SODNS_OPT_OPTIONAL, .fallback = ":8181", .help = "where to listen"},
};
static const sodns_option_t properties[] = {
	{"monitor", SODNS_OPT_WORD, SODNS_FIELD(struct ready, continuously),
	 .words = SODNS_WORDS(monitors), .fallback = "until-ready",
	 .help = "whether a plugin that was ready once is asked again",
	 .says.bad = "monitor type '{}' not supported ({words})"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_ONCE,
					.help = "an HTTP path that tells whether all can serve"};

static int setup(sodns_setup_t *s)
{
	struct ready *r = sodns_setup_alloc(s, sizeof(*r));
	return sodns_setup_read_all(s, r) ? SODNS_EINVAL : sodns_add_instance(s, r);
}

/* The names of those that are not ready, each once; true: there are none. */
static bool poll_all(struct ready *r, char names[NAMES_MAX])
{
	size_t n = 0;
	const char *last = "";
	names[0] = 0;
	for (size_t i = 0; i < r->count; i++) {
		struct watched *w = &r->watched[i];
		if (w->was_ready && !r->continuously)
			continue;
		w->was_ready = w->ability->ready(w->self);
		if (w->was_ready || !strcmp(last, w->plugin))
			continue;
		last = w->plugin;
		int k = snprintf(names + n, NAMES_MAX - n, "%s%s", n ? "," : "", w->plugin);
		n += k > 0 && (size_t)k < NAMES_MAX - n ? (size_t)k : 0;
	}
	return !n;
}

static void answer(void *arg, sodns_http_exchange_t *x)
{
	struct ready *r = arg;
	char names[NAMES_MAX];
	if (atomic_load(&r->ending)) {
		sodns_http_status(x, 503);
		sodns_http_write(x, "Shutting down", 13);
	} else if (poll_all(r, names) && !atomic_load(&r->serving)) {
		sodns_http_status(x, 503);
		sodns_http_write(x, "Starting", 8);
	} else if (!*names) {
		sodns_http_write(x, "OK", 2);
	} else {
		sodns_log(SODNS_LOG_INFO, "ready", "Plugins not ready: \"%s\"", names);
		sodns_http_status(x, 503);
		sodns_http_write(x, names, strlen(names));
	}
}

static void watch(void *arg, const sodns_instance_t *i)
{
	struct ready *r = arg;
	struct watched *more = realloc(r->watched, (r->count + 1) * sizeof(*more));
	if (!more)
		abort();
	r->watched = more;
	more[r->count++] = (struct watched){
		.plugin = i->plugin, .self = i->self, .ability = i->ability};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct watched *)a)->plugin, ((const struct watched *)b)->plugin);
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct ready *r = self;
	sodns_prepare_each(p, SODNS_ALL_BLOCKS, SODNS_ABILITY_READY, watch, r);
	if (r->count)
		qsort(r->watched, r->count, sizeof(*r->watched), by_name);
	r->http = sodns_http_open(p, r->address);
	return r->http ? SODNS_OK : SODNS_EIO;
}

/* A probe before anything serves is told so. */
static void begin(void *self)
{
	struct ready *r = self;
	r->begun = true;
	sodns_http_serve(r->http, "/ready", answer, r);
}

static void start(void *self)
{
	struct ready *r = self;
	atomic_store(&r->serving, true);
	if (!r->begun)
		begin(r);
}

static void stop(void *self)
{
	struct ready *r = self;
	sodns_http_remove(r->http, "/ready", r);
}

static void teardown(void *self)
{
	struct ready *r = self;
	sodns_http_close(r->http);
	free(r->watched);
}

/* Not ready any more, so that no new client comes. */
static uint64_t drain(void *self)
{
	struct ready *r = self;
	atomic_store(&r->ending, true);
	return 0;
}

static const void *ability(void *self, const char *id)
{
	static const sodns_drain_ability_t drains = {sizeof(drains), drain};
	static const sodns_early_ability_t early = {sizeof(early), begin};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_EARLY))
		return &early;
	return strcmp(id, SODNS_ABILITY_DRAIN) ? NULL : &drains;
}

SODNS_PLUGIN(.name = "ready", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .prepare = prepare, .start = start, .stop = stop, .teardown = teardown,
	     .ability = ability);
