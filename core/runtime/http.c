/*
 * The SDK's HTTP functions (sodns/http.h): they open the library that has the server, which lies
 * beside libsodns, and pass on.
 */
#include <sodns/http.h>

#include <sodns/log.h>
#include <sodns/setup.h>

#include "runtime/http.h"

static void keep_nothing(const socket_spec_t *spec)
{
	(void)spec;
}

http_sockets_t http_sockets = {socket_open, keep_nothing};

static const sodns_library_t library = {.size = sizeof(library),
					.name = "http",
					.what = "the HTTP server",
					.id = HTTP_ID,
					.version = HTTP_VERSION,
					.table_size = sizeof(http_provider_t)};
static _Atomic(const http_provider_t *) provider; /* set before anything is opened */

static sodns_http_t *open_or_say(const char *address, const http_tls_t *tls, char *err,
				 size_t err_size)
{
	const http_provider_t *p = sodns_library_open(&library, err, err_size);
	if (!p)
		return NULL;
	provider = p;
	return p->open(address, tls, &http_sockets, err, err_size);
}

sodns_http_t *sodns_http_try(const char *address, char *err, size_t err_size)
{
	const http_tls_t none = {0};
	*err = 0;
	return open_or_say(address, &none, err, err_size);
}

static sodns_http_t *open_at(sodns_prepare_t *p, const char *address, const http_tls_t *tls)
{
	char err[1024] = "";
	sodns_http_t *h = open_or_say(address, tls, err, sizeof(err));
	if (!h && p)
		sodns_prepare_error(p, "%s", err);
	else if (!h)
		sodns_log(SODNS_LOG_ERROR, NULL, "Failed to start HTTP handler: %s", err);
	return h;
}

sodns_http_t *sodns_http_open(sodns_prepare_t *p, const char *address)
{
	const http_tls_t none = {0};
	return open_at(p, address, &none);
}

sodns_http_t *sodns_http_open_tls(sodns_prepare_t *p, const char *address, const char *cert,
				  const char *key, const char *ca)
{
	const http_tls_t tls = {cert, key, ca};
	return open_at(p, address, &tls);
}

void sodns_http_address(const sodns_http_t *h, sodns_address_t *out)
{
	provider->address(h, out);
}

void sodns_http_serve(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg)
{
	if (h)
		provider->serve(h, path, fn, arg);
}

void sodns_http_remove(sodns_http_t *h, const char *path, void *arg)
{
	if (h)
		provider->remove(h, path, arg);
}

void sodns_http_close(sodns_http_t *h)
{
	if (h)
		provider->close(h);
}

const char *sodns_http_method(const sodns_http_exchange_t *x)
{
	return provider->method(x);
}

const char *sodns_http_path(const sodns_http_exchange_t *x)
{
	return provider->path(x);
}

const char *sodns_http_header(const sodns_http_exchange_t *x, const char *name)
{
	return provider->header(x, name);
}

void sodns_http_status(sodns_http_exchange_t *x, unsigned status)
{
	provider->status(x, status);
}

void sodns_http_add_header(sodns_http_exchange_t *x, const char *name, const char *value)
{
	provider->add_header(x, name, value);
}

void sodns_http_write(sodns_http_exchange_t *x, const char *text, size_t len)
{
	provider->write(x, text, len);
}
