/*
 * An API server without a network: what scripts say that it has goes to the watches that ask for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubewatch/table.h"
#include "task/service.h"
#include "test/test.h"

struct sodns_api {
	char unused;
};

struct sodns_watch {
	struct sodns_watch *next;
	sodns_collection_t c;
	char *path;
};

struct scripted {
	struct scripted *next;
	char *path;
	char *objects; /* NULL: it does not answer */
};

static sodns_watch_t *watches;       /* the service thread's */
static struct scripted *collections; /* changed by the test while nothing runs */

static struct scripted *find(const char *path)
{
	struct scripted *s = collections;
	while (s && strcmp(s->path, path))
		s = s->next;
	return s;
}

static void list(sodns_watch_t *w, const char *objects)
{
	sodns_json_t j;
	sodns_json_text_t raw;
	sodns_json_begin(&j, objects, strlen(objects));
	if (w->c.heard)
		w->c.heard(w->c.arg, true);
	w->c.begin(w->c.arg);
	if (sodns_json_array(&j))
		while (sodns_json_item(&j))
			if (sodns_json_raw(&j, &raw)) {
				sodns_json_t object;
				sodns_json_begin(&object, raw.at, raw.len);
				w->c.object(w->c.arg, SODNS_LISTED, &object);
			}
	w->c.end(w->c.arg);
	while (w->c.more && w->c.more(w->c.arg))
		;
	if (sodns_json_failed(&j))
		test_fail(w->path, 0, "not an array of objects: %s", objects);
}

static sodns_api_t *api_open(uv_loop_t *loop, const sodns_api_options_t *o, char *err,
			     size_t err_size)
{
	(void)loop;
	(void)o;
	(void)err;
	(void)err_size;
	return calloc(1, sizeof(sodns_api_t));
}

static const char *api_host(const sodns_api_t *a)
{
	(void)a;
	return "api:443";
}

static void api_close(sodns_api_t *a)
{
	free(a);
}

static sodns_watch_t *create(sodns_api_t *a, const sodns_collection_t *c)
{
	sodns_watch_t *w = calloc(1, sizeof(*w));
	(void)a;
	memcpy(&w->c, c, c->size < sizeof(*c) ? c->size : sizeof(*c));
	w->path = strdup(c->path);
	return w;
}

static void start(void *watch)
{
	sodns_watch_t *w = watch;
	const struct scripted *s = find(w->path);
	w->next = watches;
	watches = w;
	if (s && s->objects)
		list(w, s->objects);
}

static void stop(void *watch)
{
	sodns_watch_t **at = &watches, *w = watch;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	free(w->path);
	free(w);
}

static const kubewatch_table_t test_api = {
	.head = {.id = KUBEWATCH_ID,
		 .version = KUBEWATCH_VERSION,
		 .size = sizeof(kubewatch_table_t)},
	.open = api_open,
	.close = api_close,
	.host = api_host,
	.create = create,
	.start = start,
	.stop = stop,
};

const sodns_library_head_t *test_library(const char *name)
{
	return strcmp(name, KUBEWATCH_NAME) ? NULL : &test_api.head;
}

static void list_all(void *arg)
{
	const struct scripted *s = arg;
	for (sodns_watch_t *w = watches; w; w = w->next)
		if (!strcmp(w->path, s->path))
			list(w, s->objects);
}

void sodns_test_api(const char *path, const char *objects)
{
	test_prepare();
	struct scripted *s = find(path);
	if (!s) {
		s = calloc(1, sizeof(*s));
		s->path = strdup(path);
		s->next = collections;
		collections = s;
	}
	free(s->objects);
	s->objects = objects ? strdup(objects) : NULL;
	if (objects)
		loop_call(&service_loop, list_all, s);
}

struct event {
	const char *path, *type, *object;
};

static void deliver(void *arg)
{
	const struct event *e = arg;
	enum sodns_watch_kind kind = !strcmp(e->type, "DELETED")    ? SODNS_DELETED
				     : !strcmp(e->type, "MODIFIED") ? SODNS_MODIFIED
								    : SODNS_ADDED;
	for (sodns_watch_t *w = watches; w; w = w->next) {
		sodns_json_t j;
		if (strcmp(w->path, e->path))
			continue;
		sodns_json_begin(&j, e->object, strlen(e->object));
		w->c.object(w->c.arg, kind, &j);
	}
}

void sodns_test_api_event(const char *path, const char *type, const char *object)
{
	struct event e = {path, type, object};
	loop_call(&service_loop, deliver, &e);
}
