/*
 * file: zones from master files. What the folder's files share.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/share.h>
#include <sodns/wait.h>
#include <sodns/zonefile.h>

/* One zone of an instance. Its source is handed on to the next generation while the file stays the
 * same. */
struct served {
	const uint8_t *origin;
	const char *path;
	sodns_zonefile_t *source;
	const sodns_notifier_t *notifier;
	uint64_t interval; /* nanoseconds; 0: never read again */
	bool by_mtime;
	sodns_round_t *round;
};

struct file {
	struct served *zones;
	const uint8_t **origins; /* of zones, by the same index */
	size_t count, room;
	sodns_fallthrough_t fallthrough;
	bool may_be_missing; /* some zone is read again */
	bool others;         /* other plugins of the block have zones */
};

sodns_reply_t *file_serve(const sodns_handler_t *h, sodns_query_t *q);
/* The zone that the name asked lies in, or NULL. */
const struct served *file_match(const struct file *f, const sodns_query_t *q);
/* SODNS_ABILITY_PREFETCH */
void file_touch(void *self, const sodns_query_t *q, unsigned stage);

/* Reading zones again: from start to stop. */
void reload_start(struct file *f);
void reload_stop(struct file *f);

#endif
