/*
 * Zones that changed on disk: each is looked at now and then, and read again on the pool.
 */
#include "file.h"

/* The part of the work that blocks. */
static void look_at(void *work)
{
	const struct served *z = *(struct served *const *)work;
	if (sodns_zonefile_follow(z->source, z->by_mtime, "file"))
		sodns_notify(z->notifier, z->origin);
}

static void look(void *zone)
{
	struct served *z = zone;
	sodns_blocking(look_at, &z, sizeof(z), NULL);
}

void reload_start(struct file *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct served *z = &f->zones[i];
		if (z->interval)
			z->round = sodns_round_start("file", z->interval, look, z);
	}
}

void reload_stop(struct file *f)
{
	for (size_t i = 0; i < f->count; i++)
		sodns_round_stop(f->zones[i].round);
}
