/*
 * Requests: what libmicrohttpd calls, on the server's thread. A body is read and forgotten, the
 * path's owner writes the answer into memory, and the library sends it.
 */
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/metrics.h>
#include <sodns/query.h>

#include "http/server.h"

#define SECOND 1000000000u

static void grant(http_connection_t *c)
{
	if (c && c->deadline)
		c->deadline = sodns_now() + (uint64_t)HTTP_REQUEST_SECONDS * SECOND;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	sodns_http_t *h = arg;
	http_connection_t *c = *state;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		/* The last one: the library accepts no more until one has ended. */
		if (++h->connection_count == HTTP_CONNECTIONS)
			sodns_limit_reached("http connections", 1);
		c = calloc(1, sizeof(*c));
		*state = c;
		if (!c)
			return;
		c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd;
		c->deadline = 1;
		grant(c);
		c->next = h->connections;
		c->at = &h->connections;
		if (c->next)
			c->next->at = &c->next;
		h->connections = c;
		return;
	}
	h->connection_count--;
	if (c) {
		*c->at = c->next;
		if (c->next)
			c->next->at = c->at;
		free(c);
	}
}

/* The library ends a connection on which nothing happens; one on which little happens is ended
 * here. */
void http_connections_expire(sodns_http_t *h)
{
	uint64_t now = h->connections ? sodns_now() : 0;
	for (http_connection_t *c = h->connections; c; c = c->next)
		if (c->deadline && now > c->deadline) {
			c->deadline = 0;
			sodns_limit_reached("slow http clients", 1);
			shutdown(c->fd, SHUT_RDWR);
		}
}

static void exchange_free(sodns_http_exchange_t *x)
{
	while (x->headers) {
		http_header_t *next = x->headers->next;
		free(x->headers->name);
		free(x->headers->value);
		free(x->headers);
		x->headers = next;
	}
	free(x->body);
	free(x);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	(void)arg;
	(void)code;
	if (*state)
		exchange_free(*state);
	*state = NULL;
	grant(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		      ->socket_context);
}

static void not_found(void *arg, sodns_http_exchange_t *x)
{
	static const char text[] = "404 page not found\n";
	(void)arg;
	http_status(x, MHD_HTTP_NOT_FOUND);
	http_add_header(x, "X-Content-Type-Options", "nosniff");
	http_write(x, text, sizeof(text) - 1);
}

static void call_owner(const sodns_http_t *h, sodns_http_exchange_t *x)
{
	const http_path_t *p = h->paths;
	while (p && strcmp(p->path, x->path))
		p = p->next;
	if (p)
		p->fn(p->arg, x);
	else
		not_found(NULL, x);
}

static enum MHD_Result reply(sodns_http_exchange_t *x)
{
	bool typed = !x->len;
	struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback(
		x->len, x->body, x->body ? free : NULL);
	if (!r)
		return MHD_NO;
	x->body = NULL;
	for (const http_header_t *i = x->headers; i; i = i->next) {
		MHD_add_response_header(r, i->name, i->value);
		typed |= !strcmp(i->name, MHD_HTTP_HEADER_CONTENT_TYPE);
	}
	if (!typed)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
					"text/plain; charset=utf-8");
	enum MHD_Result queued = MHD_queue_response(x->connection, x->status, r);
	MHD_destroy_response(r);
	return queued;
}

/* Whether the client has shown a certificate that the CA signed. */
static bool verified(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned status = 1;
	return i && !gnutls_certificate_verify_peers2(i->tls_session, &status) && !status;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	const sodns_http_t *h = arg;
	sodns_http_exchange_t *x = *state;
	(void)version;
	(void)upload;
	if (!x) {
		if (h->ca && !verified(connection))
			return MHD_NO;
		*state = x = calloc(1, sizeof(*x));
		return x ? MHD_YES : MHD_NO;
	}
	if (*upload_size) {
		x->received += *upload_size;
		*upload_size = 0;
		return x->received <= HTTP_BODY_MAX ? MHD_YES : MHD_NO;
	}
	x->connection = connection;
	x->method = method;
	x->path = url;
	x->status = MHD_HTTP_OK;
	grant(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		      ->socket_context);
	call_owner(h, x);
	return reply(x);
}

bool http_daemon_start(sodns_http_t *h)
{
	struct MHD_OptionItem tls[] = {
		{h->cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, h->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, h->key},
		{h->ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, h->ca},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL | (h->cert ? MHD_USE_TLS : 0);
	h->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, h->fd,
		MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		HTTP_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_MAX,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, h, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	return h->daemon;
}

const char *http_method(const sodns_http_exchange_t *x)
{
	return x->method;
}

const char *http_path(const sodns_http_exchange_t *x)
{
	return x->path;
}

const char *http_header(const sodns_http_exchange_t *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

void http_status(sodns_http_exchange_t *x, unsigned status)
{
	x->status = status;
}

void http_add_header(sodns_http_exchange_t *x, const char *name, const char *value)
{
	http_header_t *h = calloc(1, sizeof(*h));
	if (!h)
		return;
	*h = (http_header_t){.next = x->headers, .name = strdup(name), .value = strdup(value)};
	x->headers = h;
}

/* An answer that there is no memory for is cut: its reader sees a broken one. */
void http_write(sodns_http_exchange_t *x, const char *text, size_t len)
{
	if (len > x->room - x->len) {
		size_t room = x->room ? x->room * 2 : 1024;
		while (room - x->len < len)
			room *= 2;
		char *more = realloc(x->body, room);
		if (!more)
			return;
		x->body = more;
		x->room = room;
	}
	if (len)
		memcpy(x->body + x->len, text, len);
	x->len += len;
}
