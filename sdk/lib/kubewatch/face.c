/*
 * The SDK's watch functions (sodns/watch.h): they open the library that has the client, and pass on, to
 * the service thread.
 */
#include <stdatomic.h>

#include <sodns/loop.h>

#include "table.h"

static const sodns_library_t library = {.size = sizeof(library),
					.name = KUBEWATCH_NAME,
					.what = "the watch client",
					.id = KUBEWATCH_ID,
					.version = KUBEWATCH_VERSION,
					.table_size = sizeof(kubewatch_table_t)};
static _Atomic(const kubewatch_table_t *) table; /* set before anything is opened */

sodns_api_t *sodns_api_open(sodns_prepare_t *p, const sodns_api_options_t *o)
{
	char err[1024] = "";
	sodns_api_t *a = NULL;
	const kubewatch_table_t *t = sodns_library_open(&library, err, sizeof(err));
	if (t) {
		table = t;
		a = t->open(sodns_loop(), o, err, sizeof(err));
	}
	if (!a)
		sodns_prepare_error(p, "%s", err);
	return a;
}

const char *sodns_api_host(const sodns_api_t *a)
{
	return table->host(a);
}

static void close_api(void *api)
{
	table->close(api);
}

void sodns_api_close(sodns_api_t *a)
{
	if (a)
		sodns_loop_call(close_api, a);
}

sodns_watch_t *sodns_watch_start(sodns_api_t *a, const sodns_collection_t *c)
{
	sodns_watch_t *w = table->create(a, c);
	sodns_loop_post(table->start, w);
	return w;
}

void sodns_watch_stop(sodns_watch_t *w)
{
	if (w)
		sodns_loop_call(table->stop, w);
}
