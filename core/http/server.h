/*
 * The HTTP server's insides: listeners with their paths, connections with their age, and requests
 * in the making. One lock guards all of it; the server's thread holds it but while it waits for the
 * network.
 */
#ifndef CORE_HTTP_SERVER_H
#define CORE_HTTP_SERVER_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <sodns/fair.h>

#include "http/provider.h"

/* Limits of a listener: clients, bytes of a request's head and body, seconds in which nothing
 * happens, and seconds for a whole request or answer however lively the client is. A client more takes
 * the place of another one, until whose end there are some more. */
#define HTTP_CONNECTIONS 256u
#define HTTP_SPARE 64u
/* Bytes of answers that clients have not taken. */
#define HTTP_UNREAD_MAX 33554432u
/* Requests that a client has answered before others have their turn. */
#define HTTP_TURNS 4u
#define HTTP_HEAD_MAX 16384u
#define HTTP_BODY_MAX 65536u
#define HTTP_IDLE_SECONDS 5u
#define HTTP_REQUEST_SECONDS 10u

typedef struct http_path {
	struct http_path *next;
	char *path;
	sodns_http_f fn;
	void *arg;
} http_path_t;

typedef struct http_connection {
	struct http_connection *next, **at; /* at: what points here */
	struct MHD_Connection *mhd;
	sodns_claim_t claim; /* of its client; who was answered last is youngest */
	size_t unread;       /* bytes of the answer that leaves */
	bool suspended;      /* until others have had their turn */
	int fd;
	uint64_t deadline; /* of sodns_now(); 0: it was told to end */
} http_connection_t;

struct sodns_http {
	struct sodns_http *next;
	unsigned users;
	struct sockaddr_storage wanted, bound; /* wanted: perhaps with port 0 */
	const http_sockets_t *sockets;
	socket_spec_t spec;    /* what is asked of them */
	char *text;            /* the address as written */
	char *cert, *key, *ca; /* PEM, or NULL */
	http_path_t *paths;
	http_connection_t *connections;
	unsigned connection_count, ending; /* ending: of those, that were told to */
	unsigned suspended;
	sodns_fair_t *fair;
	size_t unread;
	uint32_t round;            /* of turns */
	struct MHD_Daemon *daemon; /* NULL while there is no path */
	int fd;
	bool listening;
	bool lively; /* had connections when it last ran */
};

typedef struct http_header {
	struct http_header *next;
	char *name, *value;
} http_header_t;

struct sodns_http_exchange {
	struct MHD_Connection *connection;
	const char *method, *path;
	size_t received; /* of the request's body, which nobody reads */
	unsigned status;
	http_header_t *headers;
	char *body;
	size_t len, room;
};

/* listen.c: "HOST:PORT" to an address, as Go's net.Listen reads it, and a socket bound there. -1:
 * the reason is in err. */
int http_resolve(const char *address, struct sockaddr_storage *out, char *err, size_t err_size);
int http_bind(sodns_http_t *h, char *err, size_t err_size);
void http_address(const struct sockaddr_storage *from, sodns_address_t *out);
/* The socket for an address; nth: listeners with other TLS files may share it. */
void http_spec(const struct sockaddr_storage *at, unsigned nth, socket_spec_t *out);

/* request.c: makes the daemon on h->fd. False: it can't be, of TLS it is the files' fault. */
bool http_daemon_start(sodns_http_t *h);
/* Ends connections that take too long. */
void http_connections_expire(sodns_http_t *h);
/* Begins a round: goes on with requests that were put off. */
void http_connections_resume(sodns_http_t *h);

const char *http_method(const sodns_http_exchange_t *x);
const char *http_path(const sodns_http_exchange_t *x);
const char *http_header(const sodns_http_exchange_t *x, const char *name);
void http_status(sodns_http_exchange_t *x, unsigned status);
void http_add_header(sodns_http_exchange_t *x, const char *name, const char *value);
void http_write(sodns_http_exchange_t *x, const char *text, size_t len);

#endif
