/*
 * The directive: file DBFILE [ZONES...] { reload, reload_by_mtime, fallthrough }.
 */
#include <stdio.h>
#include <string.h>

#include "file.h"

/* What a zone is handed on as, to the next generation. */
#define SOURCE_LAYOUT 2
#define DEFAULT_INTERVAL 60000000000ull

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

/* What a block's lines say; the interval holds for the directives after it too. */
struct settings {
	uint64_t interval;
	bool by_mtime;
	struct file *file;
};

static int read_reload(sodns_setup_t *s, struct settings *to)
{
	const char *text = sodns_setup_arg(s);
	int64_t ns;
	if (!text)
		return sodns_error(s, "reload duration value is expected");
	if (sodns_duration_from_text(text, &ns))
		return sodns_error(s, "time: invalid duration \"%s\"", text);
	if (ns < 0)
		return sodns_error(s, "reload duration must not be negative: \"%s\"", text);
	/* CoreDNS looks at no further argument. */
	size_t n;
	sodns_setup_args(s, &n);
	to->interval = (uint64_t)ns;
	return 0;
}

static int read_property(sodns_setup_t *s, struct settings *to)
{
	const char *property = sodns_setup_value(s);
	size_t n;
	if (!strcmp(property, "reload"))
		return read_reload(s, to);
	if (!strcmp(property, "fallthrough"))
		return sodns_setup_fallthrough(s, &to->file->fallthrough);
	if (!strcmp(property, "upstream")) {
		/* Of older Corefiles; aliases are always followed. */
		sodns_setup_args(s, &n);
		return 0;
	}
	if (strcmp(property, "reload_by_mtime"))
		return sodns_error_property(s);
	to->by_mtime = true;
	return 0;
}

static int read_directive(sodns_setup_t *s, struct settings *to)
{
	struct file *f = to->file;
	size_t first = f->count, n;
	const char *path = sodns_setup_arg(s);
	if (!path)
		return sodns_error_args(s);
	path = sodns_setup_path(s, path);
	const uint8_t *const *zones = sodns_setup_zone_args(s, &n);
	if (!zones)
		return -1;
	for (size_t i = 0; i < n; i++)
		add_zone(s, f, zones[i], path);
	while (sodns_setup_block(s))
		if (read_property(s, to))
			return -1;
	for (size_t i = first; i < f->count; i++) {
		f->zones[i].interval = to->interval;
		f->zones[i].by_mtime = to->by_mtime;
	}
	return 0;
}

static int setup(sodns_setup_t *s)
{
	struct file *f = sodns_setup_alloc(s, sizeof(*f));
	struct settings to = {.interval = DEFAULT_INTERVAL, .file = f};
	while (sodns_setup_next(s))
		if (read_directive(s, &to))
			return -1;
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

SODNS_PLUGIN(.name = "file", .version = SODNS_SDK_VERSION, .setup = setup, .serve_dns = file_serve,
	     .prepare = prepare, .start = start, .stop = stop, .ability = ability);
