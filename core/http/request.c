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

static http_connection_t *of_connection(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

/* The library sees that the socket has no more to give, and closes. */
static void end_connection(sodns_http_t *h, http_connection_t *c)
{
	c->deadline = 0;
	h->ending++;
	h->unread -= c->unread;
	c->unread = 0;
	sodns_fair_release(h->fair, &c->claim);
	shutdown(c->fd, SHUT_RDWR);
}

static void peer_of(const struct sockaddr *from, sodns_address_t *out)
{
	struct sockaddr_storage at = {0};
	memcpy(&at, from,
	       from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					   : sizeof(struct sockaddr_in));
	http_address(&at, out);
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (out->family != 6 || memcmp(out->bytes, mapped, sizeof(mapped)))
		return;
	out->family = 4;
	memcpy(out->bytes, out->bytes + 12, 4);
}

/* Somebody new is always let in: in place of a connection of the client that has most, or else of its
 * own, the one that has gone longest without an answer. */
static enum MHD_Result admit(void *arg, const struct sockaddr *from, socklen_t len)
{
	sodns_http_t *h = arg;
	sodns_address_t peer;
	unsigned most, own;
	(void)len;
	if (h->connection_count - h->ending < HTTP_CONNECTIONS)
		return MHD_YES;
	peer_of(from, &peer);
	sodns_claim_t *richest = sodns_fair_most(h->fair, &most);
	sodns_claim_t *mine = sodns_fair_of(h->fair, &peer, &own);
	bool from_richest = most > own + 1;
	sodns_claim_t *claim = from_richest || !mine ? richest : mine;
	sodns_limit_reached("http connections", 1);
	if (!claim)
		return MHD_NO;
	if (from_richest)
		sodns_fair_taken("http connections");
	end_connection(h, (http_connection_t *)(void *)((char *)claim -
							offsetof(http_connection_t, claim)));
	return MHD_YES;
}

static void on_start(sodns_http_t *h, struct MHD_Connection *connection, void **state)
{
	sodns_address_t peer;
	/* The last one: the next takes the place of another. */
	if (++h->connection_count - h->ending == HTTP_CONNECTIONS)
		sodns_limit_reached("http connections", 1);
	http_connection_t *c = *state = calloc(1, sizeof(*c));
	if (!c)
		return;
	c->mhd = connection;
	c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->deadline = 1;
	grant(c);
	peer_of(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr,
		&peer);
	sodns_fair_claim(h->fair, &c->claim, &peer);
	c->next = h->connections;
	c->at = &h->connections;
	if (c->next)
		c->next->at = &c->next;
	h->connections = c;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	sodns_http_t *h = arg;
	http_connection_t *c = *state;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		on_start(h, connection, state);
		return;
	}
	h->connection_count--;
	if (!c)
		return;
	h->ending -= !c->deadline;
	h->suspended -= c->suspended;
	h->unread -= c->unread;
	sodns_fair_release(h->fair, &c->claim);
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	free(c);
}

/* The library ends a connection on which nothing happens; one on which little happens is ended
 * here. */
void http_connections_expire(sodns_http_t *h)
{
	uint64_t now = h->connections ? sodns_now() : 0;
	for (http_connection_t *c = h->connections; c; c = c->next)
		if (c->deadline && now > c->deadline) {
			sodns_limit_reached("slow http clients", 1);
			end_connection(h, c);
		}
}

void http_connections_resume(sodns_http_t *h)
{
	h->round++;
	for (http_connection_t *c = h->suspended ? h->connections : NULL; c; c = c->next)
		if (c->suspended) {
			c->suspended = false;
			h->suspended--;
			MHD_resume_connection(c->mhd);
		}
}

/* A client that asks for much, much at a time, waits until others have been answered. */
static bool has_turn(const sodns_http_t *h, const http_connection_t *c)
{
	uint64_t *note = c ? sodns_fair_note(&c->claim) : NULL;
	if (!note)
		return true;
	if (*note >> 32 != h->round)
		*note = (uint64_t)h->round << 32;
	return (uint32_t)(*note)++ < HTTP_TURNS;
}

/* The answer waits in memory for its client: who has left one there longest makes room. */
static void count_unread(sodns_http_t *h, http_connection_t *mine, size_t bytes)
{
	if (!mine || !mine->deadline)
		return;
	mine->unread += bytes;
	h->unread += bytes;
	while (h->unread > HTTP_UNREAD_MAX) {
		http_connection_t *oldest = NULL;
		for (http_connection_t *c = h->connections; c; c = c->next)
			if (c != mine && c->unread && (!oldest || c->deadline < oldest->deadline))
				oldest = c;
		if (!oldest)
			return;
		sodns_limit_reached("unread bytes", 1);
		end_connection(h, oldest);
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
	sodns_http_t *h = arg;
	http_connection_t *c = of_connection(connection);
	if (*state)
		exchange_free(*state);
	*state = NULL;
	grant(c);
	if (!c)
		return;
	h->unread -= c->unread;
	c->unread = 0;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		sodns_fair_renew(h->fair, &c->claim);
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
	sodns_http_t *h = arg;
	sodns_http_exchange_t *x = *state;
	http_connection_t *c = of_connection(connection);
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
	if (!has_turn(h, c)) {
		c->suspended = true;
		h->suspended++;
		MHD_suspend_connection(connection);
		return MHD_YES;
	}
	x->connection = connection;
	x->method = method;
	x->path = url;
	x->status = MHD_HTTP_OK;
	grant(c);
	call_owner(h, x);
	count_unread(h, c, x->len);
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
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (h->cert ? MHD_USE_TLS : 0);
	h->daemon = MHD_start_daemon(flags, 0, admit, h, on_request, h, MHD_OPTION_LISTEN_SOCKET,
				     h->fd, MHD_OPTION_CONNECTION_LIMIT,
				     HTTP_CONNECTIONS + HTTP_SPARE, MHD_OPTION_CONNECTION_TIMEOUT,
				     HTTP_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				     (size_t)HTTP_HEAD_MAX, MHD_OPTION_NOTIFY_CONNECTION,
				     on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				     MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
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
