/*
 * The HTTP server's insides: listeners with their paths, clients with their sessions, and requests in the
 * making. One lock guards all of it; the server's thread holds it but while it waits for the network.
 */
#ifndef SODNS_LIB_HTTP_SERVER_H
#define SODNS_LIB_HTTP_SERVER_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <sodns/fair.h>
#include <sodns/http.h>
#include <sodns/http_session.h>
#include <sodns/tls.h>

/* Limits of a listener: clients, bytes of a request's head and body, seconds in which nothing
 * happens, and seconds for a whole request or answer however lively the client is. A client more takes
 * the place of another one. */
#define HTTP_CONNECTIONS 256u
/* Bytes of answers that clients have not taken. */
#define HTTP_UNREAD_MAX 33554432u
/* Requests that a client has answered before others have their turn. */
#define HTTP_TURNS 4u
#define HTTP_TARGET_MAX 4096u
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

typedef struct http_header {
	struct http_header *next;
	char *name, *value;
} http_header_t;

/* A request and its answer; it lies in the session's stream. */
struct sodns_http_exchange {
	char *method, *path;
	http_header_t *asked; /* the request's fields */
	size_t received;      /* of the request's body, which is not read */
	unsigned status;
	http_header_t *headers;
	char *body;
	size_t len, room;
};

/* What epoll tells of: a listener or a client. */
typedef struct http_watched {
	bool is_peer;
	int fd;
} http_watched_t;

/* A client's connection. */
typedef struct http_peer {
	http_watched_t
		watched; /* first; fd -1: closed, and freed when the thread is done with its events */
	struct http_peer *next, **at; /* at: what points here */
	struct sodns_http *listener;
	sodns_claim_t claim; /* of its client; the one that was answered last is youngest */
	sodns_http_session_t *session;
	sodns_tls_session_t *tls;
	sodns_http_exchange_t *ready; /* a whole request, which waits for its turn */
	uint8_t *in, *out;            /* not read by the session yet, not taken by the client yet */
	size_t in_len, in_room, out_len, out_at, out_room;
	size_t unread;           /* of out, as the listener has counted it */
	bool suspended;          /* until others have had their turn */
	bool ending;             /* all is said: waits for the client to close */
	bool broken;             /* no memory for what it is to be told */
	uint32_t events;         /* that epoll looks for */
	uint64_t deadline, idle; /* of sodns_now() */
} http_peer_t;

struct sodns_http {
	http_watched_t watched; /* first; fd: the listening socket, -1: none */
	struct sodns_http *next;
	unsigned users;
	sodns_address_t wanted, bound; /* wanted: perhaps with port 0 */
	unsigned number;               /* of its socket among those at this address */
	char *text;                    /* the address as written */
	char *cert, *key, *ca;         /* files, or NULL */
	sodns_tls_t *tls;
	http_path_t *paths;
	http_peer_t *peers;
	unsigned peer_count, suspended;
	sodns_fair_t *fair;
	size_t unread;
	uint32_t round; /* of turns */
	bool listening;
	uint64_t
		rest; /* until when no client is let in, for there are no descriptors; 0: they are */
};

/* listen.c: "HOST:PORT" to an address, as Go's net.Listen reads it, and a socket bound there. -1:
 * the reason is in err. */
int http_resolve(const char *address, sodns_address_t *out, char *err, size_t err_size);
int http_bind(struct sodns_http *h, char *err, size_t err_size);

/* server.c: of the server's thread. */
extern int http_epoll;

/* peer.c: lets clients in. */
void http_accept(struct sodns_http *h);
/* Something happened to it. */
void http_peer_event(http_peer_t *p, uint32_t events);
/* Ends connections that take too long. */
void http_peers_expire(struct sodns_http *h);
/* Begins a round: goes on with requests that were put off. */
void http_peers_resume(struct sodns_http *h);
/* Closes all of a listener. */
void http_peers_end(struct sodns_http *h);
/* Frees those that were closed since the last time. On the server's thread, which may have been told of
 * them. */
void http_peers_bury(void);

/* exchange.c */
void http_exchange_take(sodns_http_exchange_t *x, const sodns_http_head_t *head);
void http_exchange_clear(sodns_http_exchange_t *x);
/* Answers it by the path's owner, and passes the answer on. */
void http_exchange_answer(const struct sodns_http *h, sodns_http_exchange_t *x);

#endif
