/*
 * The SDK's watch functions (sodns/watch.h): they open the library that has the client, which lies
 * beside libsodns, and pass on, to the service thread.
 */
#include "runtime/watch.h"

#include "runtime/provider.h"
#include "task/service.h"

const watch_provider_t *watch_instead;

static provider_t library = {.file = WATCH_PROVIDER_FILE,
			     .symbol = WATCH_PROVIDER_SYMBOL,
			     .what = "the watch client",
			     .size = sizeof(watch_provider_t),
			     .lock = PTHREAD_MUTEX_INITIALIZER};
static _Atomic(const watch_provider_t *) provider; /* set before anything is opened */

sodns_api_t *sodns_api_open(sodns_prepare_t *p, const sodns_api_options_t *o)
{
	char err[1024] = "";
	sodns_api_t *a = NULL;
	provider = watch_instead ? watch_instead : provider_open(&library, err, sizeof(err));
	if (provider)
		a = provider->open(&service_loop.uv, o, err, sizeof(err));
	if (!a)
		sodns_prepare_error(p, "%s", err);
	return a;
}

const char *sodns_api_host(const sodns_api_t *a)
{
	return provider->host(a);
}

static void close_api(void *api)
{
	provider->close(api);
}

void sodns_api_close(sodns_api_t *a)
{
	if (a)
		loop_call(&service_loop, close_api, a);
}

sodns_watch_t *sodns_watch_start(sodns_api_t *a, const sodns_collection_t *c)
{
	sodns_watch_t *w = provider->create(a, c);
	loop_post(&service_loop, provider->start, w);
	return w;
}

void sodns_watch_stop(sodns_watch_t *w)
{
	if (w)
		loop_call(&service_loop, provider->stop, w);
}
