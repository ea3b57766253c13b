/*
 * Zones that changed on disk: a service looks at them now and then, and reads them again on the pool.
 */
#include "file.h"

#define SLEEP_MAX (3600 * SODNS_SECOND)

/* The part of the work that blocks. */
static void look_at(void *work)
{
	const struct served *z = *(struct served *const *)work;
	if (sodns_zonefile_follow(z->source, z->by_mtime, "file"))
		sodns_notify(z->notifier, z->origin);
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
		uint64_t now = sodns_now(), left = due > now ? due - now : SODNS_MS;
		if (!sodns_service_sleep(left < SLEEP_MAX ? left : SLEEP_MAX))
			return;
		now = sodns_now();
		for (size_t i = 0; i < f->count; i++) {
			struct served *z = &f->zones[i];
			if (!z->interval || z->due > now)
				continue;
			z->due = now + z->interval;
			sodns_blocking(look_at, &z, sizeof(z), NULL);
		}
	}
}
