/*
 * The SDK's HTTP functions (sodns/http.h): they open the library that has the server, which lies
 * beside libsodns, and pass on.
 */
#include <sodns/http.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sodns/log.h>
#include <sodns/setup.h>

#include "http/provider.h"

static const http_provider_t *provider;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Beside libsodns, by its path: the dynamic linker's own search is that of whoever calls dlopen,
 * which under a sanitizer is the sanitizer. */
static void library_path(char *out, size_t size)
{
	Dl_info self;
	const char *slash = NULL;
	if (dladdr((const void *)&provider, &self) && self.dli_fname)
		slash = strrchr(self.dli_fname, '/');
	snprintf(out, size, "%.*s%s", slash ? (int)(slash + 1 - self.dli_fname) : 0,
		 slash ? self.dli_fname : "", HTTP_PROVIDER_FILE);
}

static const http_provider_t *load(char *err, size_t err_size)
{
	char path[4096];
	library_path(path, sizeof(path));
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		/* dlerror() says the file first and then why */
		snprintf(err, err_size, "cannot open the HTTP server: %s", dlerror());
		return NULL;
	}
	const http_provider_t *p = dlsym(library, HTTP_PROVIDER_SYMBOL);
	if (p && p->size == sizeof(*p))
		return p;
	snprintf(err, err_size, "%s is of another version than libsodns", path);
	dlclose(library);
	return NULL;
}

static bool loaded(char *err, size_t err_size)
{
	pthread_mutex_lock(&lock);
	if (!provider)
		provider = load(err, err_size);
	pthread_mutex_unlock(&lock);
	return provider;
}

static sodns_http_t *open_at(sodns_prepare_t *p, const char *address, const http_tls_t *tls)
{
	char err[1024] = "";
	sodns_http_t *h = NULL;
	if (loaded(err, sizeof(err)))
		h = provider->open(address, tls, err, sizeof(err));
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
