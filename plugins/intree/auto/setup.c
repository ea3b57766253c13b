/*
 * The directive: auto [ZONES...] { directory DIR [REGEXP ORIGIN_TEMPLATE], reload DURATION }; and the
 * service that looks at the directory again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodns/file.h>

#include "auto.h"

/* What names are made of without words for it. */
#define PATTERN "db\\.(.*)"
#define TEMPLATE "{1}"
#define SLEEP_MAX (3600 * SODNS_SECOND)
#define AGAIN_NS 1000000000ull

static int check_directory(sodns_setup_t *s, const sodns_option_t *o, const char *word, void *to)
{
	struct automatic *a = to;
	struct stat st;
	char place[1024];
	(void)o;
	(void)word;
	if (stat(a->directory, &st) && errno != ENOENT)
		return sodns_error(s, "Unable to access root path '%s': %s%s", a->directory,
				   strerror(errno),
				   sodns_file_place(a->directory, place, sizeof(place)));
	if (stat(a->directory, &st))
		sodns_log(SODNS_LOG_WARNING, "auto", "Directory does not exist: %s%s", a->directory,
			  sodns_file_place(a->directory, place, sizeof(place)));
	return a->pattern ? naming_read(s, &a->naming, a->pattern, a->template) : SODNS_OK;
}

static const sodns_option_t directory[] = {
	{"DIR", SODNS_OPT_PATH, SODNS_FIELD(struct automatic, directory), .fallback = ".",
	 .help = "where the zones' files are"},
	{"REGEXP", SODNS_OPT_TEXT, SODNS_FIELD(struct automatic, pattern),
	 .flags = SODNS_OPT_OPTIONAL, .otherwise = PATTERN, .help = "which files"},
	{"ORIGIN_TEMPLATE", SODNS_OPT_TEXT, SODNS_FIELD(struct automatic, template),
	 .flags = SODNS_OPT_OPTIONAL, .otherwise = TEMPLATE, .help = "their zones' names"},
};
static const sodns_option_t args[] = {
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct automatic, origins, origin_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "that are answered for"},
};
static const sodns_option_t properties[] = {
	{"directory", SODNS_OPT_GROUP, .args = SODNS_ROWS(directory), .check = check_directory,
	 .form = "DIR [REGEXP ORIGIN_TEMPLATE]", .help = "the folder that is looked at"},
	{"reload", SODNS_OPT_DURATION, SODNS_FIELD(struct automatic, interval), .fallback = "1m",
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "how often it is, 0: once",
	 .says = {.missing = "reload duration value is expected",
		  .low = "invalid duration \"{}\": it must not be negative"}},
	{"upstream", SODNS_OPT_IGNORED, .flags = SODNS_OPT_IGNORES_MORE,
	 .help = "aliases are always followed"},
};
/* The last of several directives holds. */
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.help = "zones from whatever files lie in a folder"};

static int setup(sodns_setup_t *s)
{
	struct automatic *a = sodns_setup_alloc(s, sizeof(*a));
	if (!sodns_setup_read_all(s, a) &&
	    (a->pattern || !naming_read(s, &a->naming, PATTERN, TEMPLATE)))
		return sodns_add_handler(s, a);
	sodns_regex_free(a->naming.regex);
	return SODNS_EINVAL;
}

static void free_table(void *table)
{
	struct table *t = table;
	for (size_t i = 0; i < t->room; i++)
		sodns_zonefile_free(t->slots[i]);
	free(t);
}

static void free_collection(void *collection)
{
	struct collection *c = collection;
	sodns_retire(sodns_publish(&c->table, NULL), free_table);
	pthread_mutex_destroy(&c->scanning);
	pthread_mutex_destroy(&c->publishing);
	free(c);
}

/* The zones as the generation before has them, or none yet. */
static struct collection *find_collection(struct automatic *a, sodns_prepare_t *p, const char *key)
{
	struct collection *c = sodns_inherit(p, key, COLLECTION_LAYOUT);
	a->inherited = c != NULL;
	if (c || !(c = calloc(1, sizeof(*c))))
		return c;
	pthread_mutex_init(&c->scanning, NULL);
	pthread_mutex_init(&c->publishing, NULL);
	sodns_bequeath(p, key, COLLECTION_LAYOUT, c, free_collection);
	return c;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct automatic *a = self;
	char *key = NULL;
	a->notifier = sodns_prepare_notifier(p);
	if (asprintf(&key, "%s\n%s\n%s", a->directory, a->naming.pattern, a->naming.template) > 0)
		a->zones = find_collection(a, p, key);
	free(key);
	if (!a->zones)
		return sodns_prepare_error(p, "out of memory");
	if (!a->inherited)
		scan(a);
	return SODNS_OK;
}

static void look(void *work)
{
	struct automatic *a = *(struct automatic **)work;
	scan(a);
}

static void run(void *arg)
{
	struct automatic *a = arg;
	uint64_t due = sodns_now() + (a->inherited ? 0 : a->interval);
	for (;;) {
		uint64_t now = sodns_now(), left = due > now ? due - now : 0;
		if (!sodns_service_sleep(left < SLEEP_MAX ? left : SLEEP_MAX))
			return;
		if (sodns_now() < due)
			continue;
		int rc = sodns_blocking(look, &a, sizeof(struct automatic *), NULL);
		if (!rc && !a->interval)
			return;
		due = sodns_now() + (a->interval ? a->interval : AGAIN_NS);
	}
}

static void start(void *self)
{
	struct automatic *a = self;
	if (a->interval || a->inherited)
		a->service = sodns_service_start("auto", run, a);
}

static void stop(void *self)
{
	struct automatic *a = self;
	atomic_store(&a->stopping, true);
	sodns_service_stop(a->service);
}

static void teardown(void *self)
{
	struct automatic *a = self;
	sodns_regex_free(a->naming.regex);
}

static int transfer(void *self, sodns_query_t *q, const uint8_t *zone, const uint32_t *since,
		    int (*emit)(void *arg, const sodns_rrset_t *set), void *arg)
{
	const struct automatic *a = self;
	const struct table *t = sodns_reach(&a->zones->table);
	const sodns_zonefile_t *f = t ? table_find(t, zone) : NULL;
	const sodns_zone_t *z = f ? sodns_zonefile_zone(f) : NULL;
	return z ? sodns_zone_transfer(q, z, since, emit, arg) : SODNS_ENOENT;
}

static void zones(void *self, void (*fn)(void *arg, const uint8_t *zone), void *arg)
{
	struct automatic *a = self;
	pthread_mutex_lock(&a->zones->publishing);
	const struct table *t = sodns_reach(&a->zones->table);
	for (size_t i = 0; t && i < t->room; i++)
		if (t->slots[i])
			fn(arg, sodns_zonefile_origin(t->slots[i]));
	pthread_mutex_unlock(&a->zones->publishing);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_prefetch_ability_t prefetch = {.size = sizeof(prefetch),
							  .touch = auto_touch};
	static const sodns_transfer_ability_t transfers = {
		.size = sizeof(transfers), .transfer = transfer, .zones = zones, .counted = true};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_TRANSFER))
		return &transfers;
	return strcmp(id, SODNS_ABILITY_PREFETCH) ? NULL : &prefetch;
}

SODNS_PLUGIN(.name = "auto", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = auto_serve, .prepare = prepare, .start = start, .stop = stop,
	     .teardown = teardown, .ability = ability);
