/*
 * file: zones from master files. What the folder's files share.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include <pthread.h>
#include <sys/stat.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/share.h>
#include <sodns/wait.h>
#include <sodns/zone.h>

/* A zone and the file it came from. Handed on to the next generation while the file stays the same.
 */
struct source {
	pthread_mutex_t lock; /* two generations may reload at once */
	sodns_shared_t zone;  /* sodns_zone_t; NULL: not read yet */
	struct stat read_at;  /* the file as it was read */
	bool plain;           /* it includes no other file */
	uint8_t origin[SODNS_NAME_MAX];
	char *path;
};

/* One zone of an instance. */
struct served {
	const uint8_t *origin;
	const char *path;
	struct source *source;
	uint64_t interval; /* nanoseconds; 0: never read again */
	bool by_mtime;
	uint64_t due;
};

struct file {
	struct served *zones;
	const uint8_t **origins; /* of zones, by the same index */
	size_t count, room;
	sodns_fallthrough_t fallthrough;
	bool may_be_missing; /* some zone is read again */
	sodns_service_t *service;
};

#define SOURCE_LAYOUT 1

sodns_reply_t *file_serve(const sodns_handler_t *h, sodns_query_t *q);
/* The zone that the name asked lies in, or NULL. */
const struct served *file_match(const struct file *f, const sodns_query_t *q);
/* SODNS_ABILITY_PREFETCH */
void file_touch(void *self, const sodns_query_t *q, unsigned stage);

/* A source with nothing in it. */
struct source *source_new(const uint8_t *origin, const char *path);
void source_free(void *source);
/* Reads the file and publishes the zone. 0, SODNS_ENOENT when the file can't be opened, or
 * SODNS_EINVAL; err says why. */
int source_read(struct source *s, char *err, size_t err_size);
/* Whether the file looks as it did when it was read, so that reading it again would change nothing.
 */
bool source_is_current(const struct source *s);

/* The service that reads zones again: from start to teardown. */
void reload_run(void *file);

#endif
