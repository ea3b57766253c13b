/*
 * Listening sockets for what a plugin serves beside DNS. The process that may bind low ports opens them,
 * and keeps them while serving processes come and go: a client that connects in between waits, and is not
 * refused. Queries arrive on the core's own sockets (transport.h).
 */
#ifndef SODNS_LISTEN_H
#define SODNS_LISTEN_H

#include <sodns/net.h>

/* A TCP socket bound to the address; its owner calls listen(2), accepts, and closes it. The address :: is
 * all addresses, of both families; port 0 is any free one. `number` tells sockets of one process at the
 * same address apart, 0 for the first. The descriptor, or a negative errno. [prepare, any thread] */
SODNS_API int sodns_listen_open(const sodns_address_t *address, unsigned number);
/* The socket with this address and number is wanted no longer. Before its descriptor is closed. */
SODNS_API void sodns_listen_release(const sodns_address_t *address, unsigned number);

#endif
