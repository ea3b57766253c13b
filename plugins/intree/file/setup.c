/*
 * The directive: file DBFILE [ZONES...] { reload, reload_by_mtime, fallthrough }.
 */
#include <stdio.h>
#include <string.h>

#include "file.h"

/* What a zone is handed on as, to the next generation. */
#define SOURCE_LAYOUT 2

static int add_zone(sodns_setup_t *s, struct file *f, const uint8_t *origin, const char *path)
{
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 8;
		struct served *zones = sodns_setup_alloc(s, f->room * sizeof(*zones));
		const uint8_t **origins = sodns_setup_alloc(s, f->room * sizeof(*origins));
		if (f->count) {
			memcpy(zones, f->zones, f->count * sizeof(*zones));
			memcpy(origins, f->origins, f->count * sizeof(*origins));
		}
		f->zones = zones;
		f->origins = origins;
	}
	f->origins[f->count] = origin;
	f->zones[f->count++] = (struct served){.origin = origin, .path = path};
	return 0;
}

/* A directive. What its block says holds for those after it too. */
struct settings {
	const char *path;
	const uint8_t *const *zones;
	size_t zone_count;
	uint64_t interval;
	bool by_mtime;
	sodns_fallthrough_t fallthrough;
};

static const sodns_option_t args[] = {
	{"DBFILE", SODNS_OPT_PATH, SODNS_FIELD(struct settings, path), .help = "the zone's file"},
	{"ZONES", SODNS_OPT_ZONES, SODNS_LIST(struct settings, zones, zone_count),
	 .flags = SODNS_OPT_SERVER_ZONES, .help = "that are read from it"},
};
static const sodns_option_t properties[] = {
	{"reload", SODNS_OPT_DURATION, SODNS_FIELD(struct settings, interval), .fallback = "1m",
	 .flags = SODNS_OPT_IGNORES_MORE, .help = "how often the file is looked at, 0: never",
	 .says = {.missing = "reload duration value is expected",
		  .low = "reload duration must not be negative: \"{}\""}},
	{"reload_by_mtime", SODNS_OPT_FLAG, SODNS_FIELD(struct settings, by_mtime),
	 .flags = SODNS_OPT_LEAVES_MORE, .help = "by its time instead of the serial"},
	{"fallthrough", SODNS_OPT_FALLTHROUGH, SODNS_FIELD(struct settings, fallthrough),
	 .help = "passes names that do not exist on"},
	{"upstream", SODNS_OPT_IGNORED, .flags = SODNS_OPT_IGNORES_MORE,
	 .help = "aliases are always followed"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.help = "zones from master files"};

static int setup(sodns_setup_t *s)
{
	struct file *f = sodns_setup_alloc(s, sizeof(*f));
	struct settings to = {0};
	while (sodns_setup_next(s)) {
		size_t first = f->count;
		if (sodns_setup_read(s, &to))
			return SODNS_EINVAL;
		for (size_t i = 0; i < to.zone_count; i++)
			add_zone(s, f, to.zones[i], to.path);
		for (size_t i = first; i < f->count; i++) {
			f->zones[i].interval = to.interval;
			f->zones[i].by_mtime = to.by_mtime;
		}
	}
	f->fallthrough = to.fallthrough;
	f->may_be_missing = to.interval;
	return sodns_add_handler(s, f);
}

/* The zone as the generation before has it, or from its file. */
static int prepare_zone(struct file *f, struct served *z, sodns_prepare_t *p)
{
	char key[SODNS_NAME_TEXT_MAX + 4096], err[2048];
	size_t n = sodns_name_to_text(z->origin, key);
	snprintf(key + n, sizeof(key) - n, " %s", z->path);
	z->notifier = sodns_prepare_notifier(p);
	z->source = sodns_inherit(p, key, SOURCE_LAYOUT);
	if (z->source && sodns_zonefile_is_current(z->source))
		return 0;
	z->source = sodns_zonefile_new(z->origin, z->path);
	if (!z->source)
		return sodns_prepare_error(p, "out of memory");
	sodns_bequeath(p, key, SOURCE_LAYOUT, z->source, sodns_zonefile_free);
	int rc = sodns_zonefile_read(z->source, err, sizeof(err));
	if (!rc)
		return 0;
	if (rc != SODNS_ENOENT || !f->may_be_missing)
		return sodns_prepare_error(p, "%s", err);
	char text[40];
	sodns_duration_to_text((int64_t)z->interval, text);
	sodns_log(SODNS_LOG_WARNING, "file", "Failed to open \"%s\": trying again in %s", err,
		  text);
	return 0;
}

static void note_other(void *arg, const sodns_instance_t *i)
{
	struct file *f = arg;
	f->others |= i->self != f;
}

static int prepare(void *self, sodns_prepare_t *p)
{
	struct file *f = self;
	sodns_prepare_each(p, SODNS_THIS_BLOCK, SODNS_ABILITY_TRANSFER, note_other, f);
	for (size_t i = 0; i < f->count; i++)
		if (prepare_zone(f, &f->zones[i], p))
			return -1;
	return 0;
}

static void start(void *self)
{
	reload_start(self);
}

/* The next configuration reads its zones again, and others may be told of changes no more. */
static void stop(void *self)
{
	reload_stop(self);
}

static int transfer(void *self, sodns_query_t *q, const uint8_t *zone, const uint32_t *since,
		    int (*emit)(void *arg, const sodns_rrset_t *set), void *arg)
{
	const struct file *f = self;
	for (size_t i = f->count; i-- > 0;) {
		if (!sodns_name_equal(f->origins[i], zone))
			continue;
		const sodns_zone_t *z = sodns_zonefile_zone(f->zones[i].source);
		return z ? sodns_zone_transfer(q, z, since, emit, arg) : SODNS_EINVAL;
	}
	return SODNS_ENOENT;
}

static void zones(void *self, void (*fn)(void *arg, const uint8_t *zone), void *arg)
{
	const struct file *f = self;
	for (size_t i = 0; i < f->count; i++)
		if (sodns_zonefile_zone(f->zones[i].source))
			fn(arg, f->origins[i]);
}

static const void *ability(void *self, const char *id)
{
	static const sodns_prefetch_ability_t prefetch = {.size = sizeof(prefetch),
							  .touch = file_touch};
	static const sodns_transfer_ability_t transfers = {
		.size = sizeof(transfers), .transfer = transfer, .zones = zones, .counted = true};
	(void)self;
	if (!strcmp(id, SODNS_ABILITY_TRANSFER))
		return &transfers;
	return strcmp(id, SODNS_ABILITY_PREFETCH) ? NULL : &prefetch;
}

SODNS_PLUGIN(.name = "file", .version = SODNS_SDK_VERSION, .setup = setup, .options = &options,
	     .serve_dns = file_serve, .prepare = prepare, .start = start, .stop = stop,
	     .ability = ability);
