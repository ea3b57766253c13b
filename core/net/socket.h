/*
 * Listening sockets: what one is, and how it is opened. In a supervised daemon the parent opens them
 * and keeps them while processes come and go.
 */
#ifndef CORE_NET_SOCKET_H
#define CORE_NET_SOCKET_H

#include <sodns/net.h>

typedef struct socket_spec {
	sodns_address_t address; /* with its port; family 6 and wildcard: all addresses */
	int32_t type;            /* SOCK_DGRAM, SOCK_STREAM */
	uint16_t
		index; /* of its reader, all of them sharing the address: a worker, or LISTEN_INDEX and up */
	bool wildcard;
	bool bound_only; /* its owner calls listen() */
} socket_spec_t;

/* The first index of sockets that plugins listen on. */
#define LISTEN_INDEX 0x8000u

/* Opens and binds one. The descriptor, or a negative errno. The wildcard is one IPv6 socket for both
 * families where there is IPv6, and one for IPv4 elsewhere. */
int socket_open(const socket_spec_t *s);
/* Another process reads this one's sockets on: they are left as they are, and closed here alone. Set before
 * any is retired. */
extern bool sockets_stay;
bool socket_same(const socket_spec_t *a, const socket_spec_t *b);

#endif
