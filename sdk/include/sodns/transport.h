/*
 * "sodns.transport/1": how queries arrive over a stream. The core listens, accepts, limits, times
 * out, reads and writes; a transport turns the bytes of a connection into queries and replies into
 * bytes. The core's own TCP is one: two bytes of length and a message (RFC 1035, 4.2.2). All calls
 * come on the connection's worker; none may wait.
 */
#ifndef SODNS_TRANSPORT_H
#define SODNS_TRANSPORT_H

#include <sodns/query.h>

#define SODNS_ABILITY_TRANSPORT "sodns.transport/1"
typedef struct sodns_conn sodns_conn_t;

typedef struct sodns_transport {
	uint32_t size;
	const char *scheme; /* of a Corefile key: "dns", "tls" */
	enum sodns_protocol protocol;
	size_t state_size; /* of the state that each connection has, cleared */
	/* A connection was accepted. Not 0: it is closed. */
	int (*open)(sodns_conn_t *c, void *state);
	/* Bytes came: hand whole messages to sodns_conn_query(). Returns how many bytes were used
	 * up (the rest comes again, with more behind it), or a negative value to close the
	 * connection. */
	ptrdiff_t (*receive)(sodns_conn_t *c, void *state, const uint8_t *bytes, size_t len);
	/* A reply to the query with this token: frame it and give it to sodns_conn_write(). */
	void (*reply)(sodns_conn_t *c, void *state, uint64_t token, const uint8_t *message,
		      size_t len);
	void (*close)(sodns_conn_t *c, void *state);
} sodns_transport_t;

/* A query of len bytes; false when the connection has too many in flight: stop, the bytes come
 * again. */
SODNS_API bool sodns_conn_query(sodns_conn_t *c, uint64_t token, const uint8_t *message,
				size_t len);
/* Queues bytes (copied) to be written when the batch ends. */
SODNS_API void sodns_conn_write(sodns_conn_t *c, const uint8_t *bytes, size_t len);

#endif
