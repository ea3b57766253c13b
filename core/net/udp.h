/*
 * UDP: sockets of one worker, read in batches, and answered in batches.
 */
#ifndef CORE_NET_UDP_H
#define CORE_NET_UDP_H

#include "task/worker.h"

struct server;

typedef struct udp_socket {
	struct udp_socket *next;
	worker_t *worker;
	uv_poll_t poll;
	uv_idle_t idle; /* runs while the socket is busy */
	bool busy;
	unsigned closed_handles;
	int fd;
	bool wildcard;                /* answers have to leave from the address asked */
	struct query_parking parking; /* queries put aside that answer by it */
	sodns_address_t bound;
	void *listener; /* the server's; slots carry it along */
	void (*closed)(void *listener);
	uint32_t overflow; /* the kernel's count of drops when last asked */
	unsigned wakeups;
} udp_socket_t;

/* Begins reading; on the worker's loop. The descriptor is the socket's from now on. */
udp_socket_t *udp_open(worker_t *w, int fd, const sodns_address_t *bound, bool wildcard,
		       void *listener);
/* Reads what is in the socket's queue, answers it, and closes when the last query put aside has
 * gone out. On the worker's loop. */
void udp_retire(udp_socket_t *s);

/* Sends what the calling worker's queries have answered. From the base, at the end of each of the loop's
 * turns. */
void udp_flush(void);

#endif
