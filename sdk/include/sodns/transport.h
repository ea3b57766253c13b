/*
 * "sodns.transport/1": how queries arrive over a stream. The core listens, accepts, limits, times
 * out, reads and writes, and does TLS where the listener has a context for it (server.h); a transport
 * turns the bytes of a connection into queries and replies into bytes. The core's own TCP is one: two
 * bytes of length and a message (RFC 1035, 4.2.2). All calls come on the connection's worker; none may
 * wait.
 *
 * Which plugin brings a scheme goes by name: a key "https://..." takes the transport of the plugin
 * "https" or "https_server" of plugin.cfg, whether or not the block uses its directive. The host asks
 * `ability` for it with `self` NULL.
 */
#ifndef SODNS_TRANSPORT_H
#define SODNS_TRANSPORT_H

#include <sodns/query.h>

#define SODNS_ABILITY_TRANSPORT "sodns.transport/1"
typedef struct sodns_conn sodns_conn_t;

typedef struct sodns_transport {
	uint32_t size;
	const char *scheme; /* of a Corefile key: "dns", "tls" */
	uint8_t protocol;   /* enum sodns_protocol */
	size_t state_size;  /* of the state that each connection has, cleared */
	/* A connection was accepted. Not 0: it is closed. */
	int (*open)(sodns_conn_t *c, void *state);
	/* Bytes came: hand whole messages to sodns_conn_query(). Returns how many bytes were used
	 * up (the rest comes again, with more behind it), or a negative value to close the
	 * connection. Also called with what is left, perhaps nothing, when queries can be handed over
	 * again after one was refused. */
	ptrdiff_t (*receive)(sodns_conn_t *c, void *state, const uint8_t *bytes, size_t len);
	/* A reply to the query with this token: frame it and give it to sodns_conn_write(). len 0: the
	 * query gets no answer. */
	void (*reply)(sodns_conn_t *c, void *state, uint64_t token, const uint8_t *message,
		      size_t len);
	void (*close)(sodns_conn_t *c, void *state);
	/* Protocols for TLS to agree on, in order of preference: "h2,http/1.1"; NULL: none. */
	const char *alpn;
	/* Connections at once to a listener whose blocks say nothing (sodns_server_connections()); 0: the
	 * core's default. */
	uint32_t connections;
	/* Called some times a second with sodns_now(), for what a transport has to give up: requests that do
	 * not end, answers that are not taken. Not 0: the connection is closed. NULL: there is no such
	 * thing. */
	int (*tick)(sodns_conn_t *c, void *state, uint64_t now);
} sodns_transport_t;

/* A query of len bytes; false when the connection has too many in flight, or the worker too many in
 * hand: stop, the bytes come again. */
SODNS_API bool sodns_conn_query(sodns_conn_t *c, uint64_t token, const uint8_t *message,
				size_t len);
/* Reads nothing more until one of the connection's queries has been answered: for transports that
 * answer one at a time. */
SODNS_API void sodns_conn_pause(sodns_conn_t *c);
/* Queues bytes (copied) to be written when the batch ends, or the call returns. */
SODNS_API void sodns_conn_write(sodns_conn_t *c, const uint8_t *bytes, size_t len);

/* Reads nothing more, and closes when what is queued has been written and the queries in flight are
 * answered. */
SODNS_API void sodns_conn_finish(sodns_conn_t *c);
/* Whether TLS is underneath, and what it agreed on ("" if nothing). */
SODNS_API bool sodns_conn_encrypted(const sodns_conn_t *c);
SODNS_API const char *sodns_conn_alpn(const sodns_conn_t *c);
/* How many bytes the transport keeps for the connection, of requests and answers that are not done with.
 * They count among those that clients leave unread, so that a client which has too many is closed: after
 * the transport's function has returned. */
SODNS_API void sodns_conn_held(sodns_conn_t *c, size_t bytes);
/* The time-outs in force: to read a query, to have a reply written, to wait for the next
 * query. Without a query in flight a connection is closed when its last answer is `idle` ago, whatever it
 * brings meanwhile; a transport that reads requests which take several calls watches over `read`. */
SODNS_API void sodns_conn_timeouts(const sodns_conn_t *c, uint64_t *read, uint64_t *write,
				   uint64_t *idle);
/* The transport has answered a request by itself, which counts as the answer to a query does. */
SODNS_API void sodns_conn_answered(sodns_conn_t *c);
/* The server's address as in metrics ("https://:443"). Until the connection ends. */
SODNS_API const char *sodns_conn_server(const sodns_conn_t *c);

#endif
