/*
 * An API server and what we are there: read when it is opened, and again where that has changed.
 */
#include "client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST_DEFAULT 10

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* "HOST:PORT" of a URL. */
static void host_of(const char *url, char *out, size_t size)
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL;
	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
	    !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
		snprintf(out, size, "%s:%s", host, port);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}

void api_renew(sodns_api_t *a)
{
	const sodns_api_options_t o = {.kubeconfig = a->kubeconfig, .context = a->context};
	sodns_file_mark_t now;
	char err[512], host[sizeof(a->host)] = "";
	access_t access;
	if (!a->kubeconfig || sodns_file_mark(a->kubeconfig, &now) ||
	    (sodns_file_same(&now, &a->read) && !a->read.fresh) ||
	    !access_read(&access, &o, ACCESS_ACCOUNT, err, sizeof(err)))
		return;
	host_of(access.url, host, sizeof(host));
	if (!*host) {
		access_free(&access);
		return;
	}
	access_free(&a->access);
	a->access = access;
	a->read = now;
	memcpy(a->host, host, sizeof(host));
}

void api_close(sodns_api_t *a)
{
	access_free(&a->access);
	free(a->kubeconfig);
	free(a->context);
	free(a);
}

const char *api_host(const sodns_api_t *a)
{
	return a->first_host;
}

sodns_api_t *api_open(uv_loop_t *l, const sodns_api_options_t *o, char *err, size_t err_size)
{
	pthread_once(&once, init_curl);
	sodns_api_t *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	if (o->kubeconfig) {
		a->kubeconfig = strdup(o->kubeconfig);
		a->context = o->context ? strdup(o->context) : NULL;
		sodns_file_mark(o->kubeconfig, &a->read);
	}
	if (!access_read(&a->access, o, ACCESS_ACCOUNT, err, err_size)) {
		api_close(a);
		return NULL;
	}
	a->loop = l;
	a->qps = o->qps;
	a->burst = o->burst ? o->burst : BURST_DEFAULT;
	a->max_inflight = o->max_inflight;
	a->observe = o->observe;
	a->arg = o->arg;
	host_of(a->access.url, a->host, sizeof(a->host));
	memcpy(a->first_host, a->host, sizeof(a->host));
	if (*a->host)
		return a;
	snprintf(err, err_size, "host must be a URL or a host:port pair: \"%s\"", a->access.url);
	api_close(a);
	return NULL;
}
