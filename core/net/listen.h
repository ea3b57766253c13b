/*
 * Where the sockets of sodns/listen.h come from: the process that may bind low ports, and outlives this one.
 */
#ifndef CORE_NET_LISTEN_H
#define CORE_NET_LISTEN_H

#include "net/socket.h"

typedef struct listen_source {
	/* Bound, not listening; or a negative errno. */
	int (*open)(const socket_spec_t *spec);
	void (*release)(const socket_spec_t *spec);
} listen_source_t;

/* This process itself, unless a daemon sets it before the first one is opened. */
extern listen_source_t listen_source;

#endif
