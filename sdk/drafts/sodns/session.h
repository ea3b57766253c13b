/*
 * "sodns.session/1": transports whose connections are not the kernel's, as QUIC's are: they live in
 * datagrams, change their addresses, and carry many streams. The core opens the UDP sockets, reads
 * datagrams in batches, admits, limits, and serves; the transport keeps connections, does its
 * cryptography, and turns streams into queries. Streams over TCP are "sodns.transport/1"
 * (transport.h); a stream here has the same three calls towards the core: a query, a reply, an end.
 *
 * Connections belong to a worker. A datagram that arrives at another one (the kernel steers by address,
 * and a client may have a new one) is handed on by the index that the transport wrote into the
 * connection id: `owner` reads it, before anything else is done with the datagram. A connection
 * survives reloads as TCP's do: the transport's state is the process's, its server block is found anew
 * for each query.
 */
#ifndef SODNS_SESSION_H
#define SODNS_SESSION_H

#include <sodns/query.h>

#define SODNS_ABILITY_SESSION "sodns.session/1"

typedef struct sodns_port sodns_port_t;       /* a listener's UDP socket on one worker */
typedef struct sodns_session sodns_session_t; /* a connection, as the core counts it */

typedef struct sodns_datagram {
	const uint8_t *bytes;
	size_t len;
	uint32_t segment; /* length of each of the messages in it (UDP_GRO), 0: there is one */
	uint8_t ecn;      /* RFC 3168, as received */
	sodns_address_t peer, local;
	uint64_t received; /* sodns_now() of its batch */
	const void *reserved[2];
} sodns_datagram_t;

typedef struct sodns_session_ability {
	uint32_t size;
	const char *scheme; /* "quic", "https3" */
	uint8_t protocol;   /* enum sodns_protocol */
	size_t port_size;   /* bytes of state for each socket, cleared */
	/* The worker that has the datagram's connection; -1: a new connection, which is this one's. Reads
	 * nothing but the header. [any worker] */
	int (*owner)(const void *port_state, const sodns_datagram_t *d);
	/* Datagrams of one batch. Must not wait. */
	void (*receive)(sodns_port_t *p, void *port_state, const sodns_datagram_t *all,
			size_t count);
	/* The answer to a query of a stream; len 0: there is none. */
	void (*reply)(sodns_port_t *p, void *port_state, sodns_session_t *s, uint64_t stream,
		      const uint8_t *message, size_t len);
	/* A timer that sodns_port_wake() has set is due. */
	void (*due)(sodns_port_t *p, void *port_state, uint64_t now);
	/* The client has more than its share, the connection is needed for others, or the process
	 * ends: say so to the peer and call sodns_session_end(). */
	void (*close)(sodns_port_t *p, void *port_state, sodns_session_t *s, int why);
} sodns_session_ability_t;

/* Counts a connection for the client at `peer`: limits and shares are the core's. NULL: there are too
 * many, or no memory: refuse it without keeping anything (RFC 9000, 10.2.3 and 8.1.2). The peer has proved
 * nothing until sodns_session_validated(): until then three times what it sent may be sent to it, and
 * its queries are not trusted to be its own. */
sodns_session_t *sodns_session_begin(sodns_port_t *p, const sodns_address_t *peer, void *state);
void sodns_session_validated(sodns_session_t *s);
void sodns_session_moved(sodns_session_t *s, const sodns_address_t *peer);
void sodns_session_end(sodns_session_t *s);
/* A query of a stream. False: the connection or the worker has too many in hand: keep the message and
 * offer it again from the next reply on. `early`: it came in 0-RTT data and may be a replay: only what
 * changes nothing is answered (RFC 9250, 4.5). */
bool sodns_session_query(sodns_session_t *s, uint64_t stream, const uint8_t *message, size_t len,
			 bool early);
/* Queues datagrams, `segment` bytes each but the last, to leave with the batch (UDP_SEGMENT where the
 * kernel has it). Copied. */
void sodns_port_send(sodns_port_t *p, const sodns_address_t *peer, const sodns_address_t *local,
		     const uint8_t *bytes, size_t len, uint32_t segment, uint8_t ecn);
/* The next call of `due`, at the latest at this time; UINT64_MAX: none. */
void sodns_port_wake(sodns_port_t *p, uint64_t when);

#endif
