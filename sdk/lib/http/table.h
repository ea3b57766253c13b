/*
 * What the face and the library agree on: the functions of sodns/http.h, sodns/http_session.h and
 * sodns/http_client.h, each under the name that it has there, as the library implements them.
 */
#ifndef SODNS_LIB_HTTP_TABLE_H
#define SODNS_LIB_HTTP_TABLE_H

#include <sodns/http.h>
#include <sodns/http_client.h>
#include <sodns/http_session.h>
#include <sodns/library.h>

#define HTTP_ID "sodns.http"
#define HTTP_VERSION 1

/* Files of a TLS server; all NULL: plain HTTP. */
typedef struct http_tls {
	const char *cert, *key, *ca;
} http_tls_t;

typedef struct http_table {
	sodns_library_head_t head;
	/* Of all sodns_http_open…(); writes its reason to err. */
	sodns_http_t *(*open)(const char *address, const http_tls_t *tls, char *err,
			      size_t err_size);
	const char *(*field)(const sodns_http_head_t *h, const char *name);
	sodns_http_session_t *(*session_new)(const sodns_http_session_options_t *options,
					     const sodns_http_owner_t *owner, void *arg);
	void (*session_end)(sodns_http_session_t *h);
	ptrdiff_t (*session_receive)(sodns_http_session_t *h, const uint8_t *bytes, size_t len);
	void (*session_closed)(sodns_http_session_t *h);
	void (*session_finish)(sodns_http_session_t *h);
	bool (*session_over)(const sodns_http_session_t *h);
	bool (*session_waits)(const sodns_http_session_t *h);
	bool (*session_within)(const sodns_http_session_t *h);
	bool (*session_free)(const sodns_http_session_t *h);
	const char *(*session_why)(const sodns_http_session_t *h);
	size_t (*session_held)(const sodns_http_session_t *h);
	sodns_http_stream_t *(*session_next)(const sodns_http_session_t *h,
					     const sodns_http_stream_t *s);
	sodns_http_stream_t *(*session_stream)(const sodns_http_session_t *h, uint64_t id);
	sodns_http_stream_t *(*session_ask)(sodns_http_session_t *h, const sodns_http_ask_t *ask);
	void *(*stream_state)(sodns_http_stream_t *s);
	uint64_t (*stream_id)(const sodns_http_stream_t *s);
	sodns_http_stream_t *(*stream_of)(void *state);
	bool (*stream_answer)(sodns_http_stream_t *s, unsigned status,
			      const sodns_http_field_t *fields, size_t count, const void *body,
			      size_t len);
	bool (*stream_begin)(sodns_http_stream_t *s, unsigned status,
			     const sodns_http_field_t *fields, size_t count);
	bool (*stream_write)(sodns_http_stream_t *s, const void *bytes, size_t len);
	bool (*stream_finish)(sodns_http_stream_t *s, const sodns_http_field_t *trailers,
			      size_t count);
	size_t (*stream_held)(const sodns_http_stream_t *s);
	void (*stream_taken)(sodns_http_stream_t *s, size_t len);
	void (*stream_reset)(sodns_http_stream_t *s, bool busy);
	void (*address)(const sodns_http_t *h, sodns_address_t *out);
	void (*serve)(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg);
	void (*remove)(sodns_http_t *h, const char *path, void *arg);
	void (*close)(sodns_http_t *h);
	const char *(*method)(const sodns_http_exchange_t *x);
	const char *(*path)(const sodns_http_exchange_t *x);
	const char *(*header)(const sodns_http_exchange_t *x, const char *name);
	void (*status)(sodns_http_exchange_t *x, unsigned status);
	void (*add_header)(sodns_http_exchange_t *x, const char *name, const char *value);
	void (*write)(sodns_http_exchange_t *x, const char *text, size_t len);
	sodns_http_client_t *(*client_new)(sodns_tls_t *tls);
	void (*client_free)(sodns_http_client_t *c);
	sodns_http_response_t *(*client_fetch)(sodns_http_client_t *c,
					       const sodns_http_request_t *request, char *err,
					       size_t err_size);
	unsigned (*response_status)(const sodns_http_response_t *r);
	const char *(*response_field)(const sodns_http_response_t *r, const char *name);
	const char *(*response_body)(const sodns_http_response_t *r, size_t *len);
	void (*response_free)(sodns_http_response_t *r);
} http_table_t;

sodns_http_t *http_open(const char *address, const http_tls_t *tls, char *err, size_t err_size);
const char *http_field(const sodns_http_head_t *h, const char *name);
sodns_http_session_t *http_session_new(const sodns_http_session_options_t *options,
				       const sodns_http_owner_t *owner, void *arg);
void http_session_end(sodns_http_session_t *h);
ptrdiff_t http_session_receive(sodns_http_session_t *h, const uint8_t *bytes, size_t len);
void http_session_closed(sodns_http_session_t *h);
void http_session_finish(sodns_http_session_t *h);
bool http_session_over(const sodns_http_session_t *h);
bool http_session_waits(const sodns_http_session_t *h);
bool http_session_within(const sodns_http_session_t *h);
bool http_session_free(const sodns_http_session_t *h);
const char *http_session_why(const sodns_http_session_t *h);
size_t http_session_held(const sodns_http_session_t *h);
sodns_http_stream_t *http_session_next(const sodns_http_session_t *h, const sodns_http_stream_t *s);
sodns_http_stream_t *http_session_stream(const sodns_http_session_t *h, uint64_t id);
sodns_http_stream_t *http_session_ask(sodns_http_session_t *h, const sodns_http_ask_t *ask);
void *http_stream_state(sodns_http_stream_t *s);
uint64_t http_stream_id(const sodns_http_stream_t *s);
sodns_http_stream_t *http_stream_of(void *state);
bool http_stream_answer(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
			size_t count, const void *body, size_t len);
bool http_stream_begin(sodns_http_stream_t *s, unsigned status, const sodns_http_field_t *fields,
		       size_t count);
bool http_stream_write(sodns_http_stream_t *s, const void *bytes, size_t len);
bool http_stream_finish(sodns_http_stream_t *s, const sodns_http_field_t *trailers, size_t count);
size_t http_stream_held(const sodns_http_stream_t *s);
void http_stream_taken(sodns_http_stream_t *s, size_t len);
void http_stream_reset(sodns_http_stream_t *s, bool busy);
void http_address(const sodns_http_t *h, sodns_address_t *out);
void http_serve(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg);
void http_remove(sodns_http_t *h, const char *path, void *arg);
void http_close(sodns_http_t *h);
const char *http_method(const sodns_http_exchange_t *x);
const char *http_path(const sodns_http_exchange_t *x);
const char *http_header(const sodns_http_exchange_t *x, const char *name);
void http_status(sodns_http_exchange_t *x, unsigned status);
void http_add_header(sodns_http_exchange_t *x, const char *name, const char *value);
void http_write(sodns_http_exchange_t *x, const char *text, size_t len);
sodns_http_client_t *http_client_new(sodns_tls_t *tls);
void http_client_free(sodns_http_client_t *c);
sodns_http_response_t *http_client_fetch(sodns_http_client_t *c,
					 const sodns_http_request_t *request, char *err,
					 size_t err_size);
unsigned http_response_status(const sodns_http_response_t *r);
const char *http_response_field(const sodns_http_response_t *r, const char *name);
const char *http_response_body(const sodns_http_response_t *r, size_t *len);
void http_response_free(sodns_http_response_t *r);

#endif
