/*
 * auto: zones from whatever files lie in a directory. What the folder's files share.
 */
#ifndef AUTO_AUTO_H
#define AUTO_AUTO_H

#include <pthread.h>
#include <stdatomic.h>

#include <sodns/ability.h>
#include <sodns/plugin.h>
#include <sodns/regex.h>
#include <sodns/share.h>
#include <sodns/wait.h>
#include <sodns/zonefile.h>

/* A piece of an origin: text, or what a group of the pattern matched. */
struct piece {
	struct piece *next;
	const char *text;
	size_t len;
	int group; /* negative: text */
};

/* How the origin of a zone is made from the name of its file. */
struct naming {
	const char *pattern, *template;
	sodns_regex_t *regex;
	struct piece *pieces;
};

/* The zones that there are, by name; never changed once published. */
struct table {
	size_t room, count;       /* room: a power of two */
	uint64_t label_counts[2]; /* bit n: some zone has n labels */
	sodns_zonefile_t *slots[];
};

/* The zones of a directory. Handed on to the next generation whole. */
struct collection {
	pthread_mutex_t scanning;
	pthread_mutex_t publishing; /* short: what is no query keeps the table by it */
	sodns_shared_t table;
};
#define COLLECTION_LAYOUT 1

struct automatic {
	const uint8_t *const *origins;
	size_t origin_count;
	const char *directory, *pattern, *template; /* as they are written */
	struct naming naming;
	uint64_t interval; /* nanoseconds; 0: never look again */
	struct collection *zones;
	bool inherited; /* from the generation before: to be looked at once */
	const sodns_notifier_t *notifier;
	sodns_service_t *service;
	_Atomic(bool) stopping;
};

sodns_reply_t *auto_serve(const sodns_handler_t *h, sodns_query_t *q) SODNS_MAY_WAIT;
void auto_touch(void *self, const sodns_query_t *q, unsigned stage);

/* naming.c: reads pattern and template, whose memory is the configuration's. */
int naming_read(sodns_setup_t *s, struct naming *n, const char *pattern, const char *template);
/* The origin of a file's name; false: the name does not match, or what it makes is no name. */
bool naming_origin(const struct naming *n, const char *file, uint8_t origin[SODNS_NAME_MAX]);

/* walk.c: calls fn for each file below the directory, in the order of their names. False: the
 * directory can't be read, and that is no reason to forget what was in it. */
bool walk_files(const char *directory, void (*fn)(void *arg, const char *path, const char *name),
		void *arg);

/* scan.c: looks at all files, and at the zones read before. Blocks. */
void scan(struct automatic *a);

/* table.c: no memory ends the process. */
struct table *table_new(size_t count);
void table_add(struct table *t, sodns_zonefile_t *f);
/* The zone of this name, or NULL. */
sodns_zonefile_t *table_find(const struct table *t, const uint8_t *origin);
/* The longest zone that the name asked lies in, or NULL. DS records live with the parent: a zone above
 * comes before the one of that name. */
const sodns_zonefile_t *table_match(const struct table *t, const sodns_query_t *q);

#endif
