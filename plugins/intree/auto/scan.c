/*
 * Looking at the directory: files that are new become zones, zones whose file has gone are dropped, and
 * those that stay are read again if their serial is another. What is served changes once, at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"

struct found {
	uint8_t *origin;
	char *path;
	size_t order; /* in the walk */
};

struct finding {
	const struct automatic *a;
	struct found *all;
	size_t count, room;
};

static void add_found(void *arg, const char *path, const char *name)
{
	struct finding *f = arg;
	uint8_t origin[SODNS_NAME_MAX];
	if (!naming_origin(&f->a->naming, name, origin))
		return;
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 64;
		f->all = realloc(f->all, f->room * sizeof(*f->all));
		if (!f->all)
			abort();
	}
	size_t n = sodns_name_length(origin);
	struct found *x = &f->all[f->count];
	*x = (struct found){malloc(n), strdup(path), f->count};
	if (!x->origin || !x->path)
		abort();
	memcpy(x->origin, origin, n);
	f->count++;
}

static int by_origin(const void *pa, const void *pb)
{
	const struct found *a = pa, *b = pb;
	int c = sodns_name_compare(a->origin, b->origin);
	return c ? c : a->order < b->order ? -1 : 1;
}

static void free_found(struct found *x)
{
	free(x->origin);
	free(x->path);
}

/* Of several files for one origin the first in the walk holds. */
static void drop_repeated(struct finding *f)
{
	size_t kept = 0;
	if (f->count)
		qsort(f->all, f->count, sizeof(*f->all), by_origin);
	for (size_t i = 0; i < f->count; i++) {
		const struct found *last = kept ? &f->all[kept - 1] : NULL;
		if (!last || !sodns_name_equal(last->origin, f->all[i].origin)) {
			f->all[kept++] = f->all[i];
			continue;
		}
		char text[SODNS_NAME_TEXT_MAX];
		sodns_name_to_text(last->origin, text);
		sodns_log(SODNS_LOG_WARNING, "auto",
			  "Multiple zone files match origin \"%s\": using \"%s\" instead of \"%s\"",
			  text, last->path, f->all[i].path);
		free_found(&f->all[i]);
	}
	f->count = kept;
}

/* NULL: the file is no zone. */
static sodns_zonefile_t *read_new(const struct found *x)
{
	char err[2048], text[SODNS_NAME_TEXT_MAX];
	sodns_zonefile_t *f = sodns_zonefile_new(x->origin, x->path);
	int rc = f ? sodns_zonefile_read(f, err, sizeof(err)) : SODNS_ENOMEM;
	sodns_name_to_text(x->origin, text);
	if (!rc) {
		sodns_log(SODNS_LOG_INFO, "auto", "Inserting zone `%s' from: %s", text, x->path);
		return f;
	}
	if (rc == SODNS_ENOENT)
		sodns_log(SODNS_LOG_WARNING, "auto", "Opening %s failed: %s", x->path, err);
	else
		sodns_log(SODNS_LOG_WARNING, "auto", "Parse zone `%s': %s", text,
			  f ? err : "out of memory");
	sodns_zonefile_free(f);
	return NULL;
}

/* What comes of a file: the zone it is served from, and whether secondaries are to be told. */
static sodns_zonefile_t *take_file(const struct automatic *a, const struct found *x,
				   const struct table *old, bool *changed)
{
	sodns_zonefile_t *f = old ? table_find(old, x->origin) : NULL;
	if (!f) {
		f = read_new(x);
		*changed = f != NULL;
		return f;
	}
	sodns_zonefile_move(f, x->path);
	*changed = !atomic_load(&a->stopping) && sodns_zonefile_follow(f, false, "auto");
	return f;
}

static void drop_gone(const struct table *old, const struct table *now)
{
	char text[SODNS_NAME_TEXT_MAX];
	for (size_t i = 0; old && i < old->room; i++) {
		sodns_zonefile_t *f = old->slots[i];
		if (!f || table_find(now, sodns_zonefile_origin(f)))
			continue;
		sodns_name_to_text(sodns_zonefile_origin(f), text);
		sodns_log(SODNS_LOG_INFO, "auto", "Deleting zone `%s'", text);
		sodns_retire(f, sodns_zonefile_free);
	}
}

static void take_all(struct automatic *a, const struct finding *found)
{
	struct table *old = sodns_reach(&a->zones->table), *now = table_new(found->count);
	bool *changed = calloc(found->count + 1, sizeof(*changed));
	if (!changed)
		abort();
	for (size_t i = 0; i < found->count; i++) {
		sodns_zonefile_t *f = take_file(a, &found->all[i], old, &changed[i]);
		if (f)
			table_add(now, f);
	}
	pthread_mutex_lock(&a->zones->publishing);
	sodns_publish(&a->zones->table, now);
	pthread_mutex_unlock(&a->zones->publishing);
	drop_gone(old, now);
	sodns_retire(old, free);
	for (size_t i = 0; i < found->count; i++)
		if (changed[i])
			sodns_notify(a->notifier, found->all[i].origin);
	free(changed);
}

void scan(struct automatic *a)
{
	struct finding found = {.a = a};
	pthread_mutex_lock(&a->zones->scanning);
	if (walk_files(a->directory, add_found, &found)) {
		drop_repeated(&found);
		take_all(a, &found);
	}
	for (size_t i = 0; i < found.count; i++)
		free_found(&found.all[i]);
	free(found.all);
	pthread_mutex_unlock(&a->zones->scanning);
}
