/*
 * Zones that changed on disk: a service looks at them now and then and reads on the pool those with
 * another serial (or, by mtime, a newer file).
 */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The part of the work that blocks. */
static bool has_changed(const struct served *z, const char *origin)
{
	char err[1024];
	struct source *s = z->source;
	const sodns_zone_t *zone = sodns_reach(&s->zone);
	uint32_t now = 0, then;
	struct stat st;
	if (z->by_mtime && stat(s->path, &st)) {
		sodns_log(SODNS_LOG_ERROR, "file", "Failed to stat zone \"%s\" in \"%s\": %s",
			  origin, s->path, strerror(errno));
		return false;
	}
	if (z->by_mtime)
		return !zone || st.st_mtim.tv_sec > s->read_at.st_mtim.tv_sec ||
		       (st.st_mtim.tv_sec == s->read_at.st_mtim.tv_sec &&
			st.st_mtim.tv_nsec > s->read_at.st_mtim.tv_nsec);
	if (zone && source_is_current(s))
		return false;
	if (access(s->path, R_OK)) {
		sodns_log(SODNS_LOG_ERROR, "file",
			  "Failed to open zone \"%s\" in \"%s\": open %s: %s", origin, s->path,
			  s->path, errno == ENOENT ? "no such file or directory" : strerror(errno));
		return false;
	}
	int rc = sodns_zone_file_serial(s->path, s->origin, &now, err, sizeof(err));
	return rc || !zone || !sodns_zone_serial(zone, &then) || now != then;
}

static void look_at(void *work)
{
	const struct served *z = *(struct served *const *)work;
	struct source *s = z->source;
	char err[2048], origin[SODNS_NAME_TEXT_MAX];
	uint32_t serial = 0;
	sodns_name_to_text(s->origin, origin);
	pthread_mutex_lock(&s->lock);
	if (has_changed(z, origin)) {
		if (source_read(s, err, sizeof(err)))
			sodns_log(SODNS_LOG_ERROR, "file", "Parsing zone \"%s\": %s", origin, err);
		else if (sodns_zone_serial(sodns_reach(&s->zone), &serial))
			sodns_log(SODNS_LOG_INFO, "file",
				  "Successfully reloaded zone \"%s\" in \"%s\" with %u SOA serial",
				  origin, s->path, serial);
	}
	pthread_mutex_unlock(&s->lock);
}

static uint64_t next_due(const struct file *f)
{
	uint64_t due = UINT64_MAX;
	for (size_t i = 0; i < f->count; i++)
		if (f->zones[i].interval && f->zones[i].due < due)
			due = f->zones[i].due;
	return due;
}

void reload_run(void *file)
{
	struct file *f = file;
	for (size_t i = 0; i < f->count; i++)
		f->zones[i].due = sodns_now() + f->zones[i].interval;
	for (uint64_t due; (due = next_due(f)) != UINT64_MAX;) {
		uint64_t now = sodns_now(), ms = due > now ? (due - now) / 1000000 + 1 : 1;
		if (sodns_sleep((uint32_t)(ms < 3600000 ? ms : 3600000)) == SODNS_CANCELLED)
			return;
		now = sodns_now();
		for (size_t i = 0; i < f->count; i++) {
			struct served *z = &f->zones[i];
			if (!z->interval || z->due > now)
				continue;
			z->due = now + z->interval;
			if (sodns_blocking(look_at, &z, sizeof(z), NULL) == SODNS_CANCELLED)
				return;
		}
	}
}
