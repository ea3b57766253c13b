/*
 * The SDK's HTTP functions: they open the library, which lies beside libsodns, and pass on.
 */
#include "table.h"

#include <stdatomic.h>

#include <sodns/log.h>
#include <sodns/setup.h>

static const sodns_library_t library = {.size = sizeof(library),
					.name = "http",
					.what = "HTTP",
					.id = HTTP_ID,
					.version = HTTP_VERSION,
					.table_size = sizeof(http_table_t)};
static _Atomic(const http_table_t *) table; /* set before anything is made by it */

static const http_table_t *use(void)
{
	return atomic_load_explicit(&table, memory_order_relaxed);
}

bool sodns_http_load(char *err, size_t err_size)
{
	if (!use())
		atomic_store(&table, sodns_library_open(&library, err, err_size));
	return use();
}

sodns_http_t *sodns_http_try(const char *address, char *err, size_t err_size)
{
	const http_tls_t none = {0};
	*err = 0;
	return sodns_http_load(err, err_size) ? use()->open(address, &none, err, err_size) : NULL;
}

static sodns_http_t *open_at(sodns_prepare_t *p, const char *address, const http_tls_t *tls)
{
	char err[1024] = "";
	sodns_http_t *h = sodns_http_load(err, sizeof(err))
				  ? use()->open(address, tls, err, sizeof(err))
				  : NULL;
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

const char *sodns_http_field(const sodns_http_head_t *h, const char *name)
{
	return use()->field(h, name);
}

sodns_http_session_t *sodns_http_session_new(const sodns_http_session_options_t *options,
					     const sodns_http_owner_t *owner, void *arg)
{
	char err[512];
	return sodns_http_load(err, sizeof(err)) ? use()->session_new(options, owner, arg) : NULL;
}

void sodns_http_session_end(sodns_http_session_t *h)
{
	if (h)
		use()->session_end(h);
}

ptrdiff_t sodns_http_session_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len)
{
	return use()->session_receive(h, bytes, len);
}

void sodns_http_session_closed(sodns_http_session_t *h)
{
	use()->session_closed(h);
}

void sodns_http_session_finish(sodns_http_session_t *h)
{
	use()->session_finish(h);
}

bool sodns_http_session_over(const sodns_http_session_t *h)
{
	return use()->session_over(h);
}

bool sodns_http_session_waits(const sodns_http_session_t *h)
{
	return use()->session_waits(h);
}

bool sodns_http_session_within(const sodns_http_session_t *h)
{
	return use()->session_within(h);
}

bool sodns_http_session_free(const sodns_http_session_t *h)
{
	return use()->session_free(h);
}

const char *sodns_http_session_why(const sodns_http_session_t *h)
{
	return use()->session_why(h);
}

size_t sodns_http_session_held(const sodns_http_session_t *h)
{
	return use()->session_held(h);
}

sodns_http_stream_t *sodns_http_session_next(const sodns_http_session_t *h,
					     const sodns_http_stream_t *s)
{
	return use()->session_next(h, s);
}

sodns_http_stream_t *sodns_http_session_stream(const sodns_http_session_t *h, uint64_t id)
{
	return use()->session_stream(h, id);
}

sodns_http_stream_t *sodns_http_session_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask)
{
	return use()->session_ask(h, ask);
}

void *sodns_http_stream_state(sodns_http_stream_t *s)
{
	return use()->stream_state(s);
}

uint64_t sodns_http_stream_id(const sodns_http_stream_t *s)
{
	return use()->stream_id(s);
}

sodns_http_stream_t *sodns_http_stream_of(void *state)
{
	return use()->stream_of(state);
}

bool sodns_http_stream_answer(sodns_http_stream_t *s, unsigned status,
			      const sodns_http_field_t *fields, size_t count, const void *body,
			      size_t len)
{
	return use()->stream_answer(s, status, fields, count, body, len);
}

bool sodns_http_stream_begin(sodns_http_stream_t *s, unsigned status,
			     const sodns_http_field_t *fields, size_t count)
{
	return use()->stream_begin(s, status, fields, count);
}

bool sodns_http_stream_write(sodns_http_stream_t *s, const void *bytes, size_t len)
{
	return use()->stream_write(s, bytes, len);
}

bool sodns_http_stream_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers,
			      size_t count)
{
	return use()->stream_finish(s, trailers, count);
}

size_t sodns_http_stream_held(const sodns_http_stream_t *s)
{
	return use()->stream_held(s);
}

void sodns_http_stream_taken(sodns_http_stream_t *s, size_t len)
{
	use()->stream_taken(s, len);
}

void sodns_http_stream_reset(sodns_http_stream_t *s, bool busy)
{
	use()->stream_reset(s, busy);
}

void sodns_http_address(const sodns_http_t *h, sodns_address_t *out)
{
	use()->address(h, out);
}

void sodns_http_serve(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg)
{
	if (h)
		use()->serve(h, path, fn, arg);
}

void sodns_http_remove(sodns_http_t *h, const char *path, void *arg)
{
	if (h)
		use()->remove(h, path, arg);
}

void sodns_http_close(sodns_http_t *h)
{
	if (h)
		use()->close(h);
}

const char *sodns_http_method(const sodns_http_exchange_t *x)
{
	return use()->method(x);
}

const char *sodns_http_path(const sodns_http_exchange_t *x)
{
	return use()->path(x);
}

const char *sodns_http_header(const sodns_http_exchange_t *x, const char *name)
{
	return use()->header(x, name);
}

void sodns_http_status(sodns_http_exchange_t *x, unsigned status)
{
	use()->status(x, status);
}

void sodns_http_add_header(sodns_http_exchange_t *x, const char *name, const char *value)
{
	use()->add_header(x, name, value);
}

void sodns_http_write(sodns_http_exchange_t *x, const char *text, size_t len)
{
	use()->write(x, text, len);
}

sodns_http_client_t *sodns_http_client_new(sodns_tls_t *tls)
{
	char err[512];
	return sodns_http_load(err, sizeof(err)) ? use()->client_new(tls) : NULL;
}

void sodns_http_client_free(sodns_http_client_t *c)
{
	if (c)
		use()->client_free(c);
}

sodns_http_response_t *sodns_http_client_fetch(sodns_http_client_t *c,
					       const sodns_http_request_t *request, char *err,
					       size_t err_size)
{
	return use()->client_fetch(c, request, err, err_size);
}

unsigned sodns_http_response_status(const sodns_http_response_t *r)
{
	return use()->response_status(r);
}

const char *sodns_http_response_field(const sodns_http_response_t *r, const char *name)
{
	return use()->response_field(r, name);
}

const char *sodns_http_response_body(const sodns_http_response_t *r, size_t *len)
{
	return use()->response_body(r, len);
}

void sodns_http_response_free(sodns_http_response_t *r)
{
	if (r)
		use()->response_free(r);
}
