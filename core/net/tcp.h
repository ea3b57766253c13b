/*
 * Streams: listening, accepting, limits, time-outs, reading and writing, for whatever transport
 * sits on top (sodns/transport.h). RFC 7766: pipelined queries, answers in the order in which they
 * are ready.
 */
#ifndef CORE_NET_TCP_H
#define CORE_NET_TCP_H

#include <sodns/fair.h>
#include <sodns/tls.h>
#include <sodns/transport.h>

#include "net/tcp_plain.h"
#include "task/worker.h"

typedef struct tcp_limits {
	uint32_t read_ms, write_ms, idle_ms; /* a first query; a reply; the next query */
	unsigned connections;                /* of one listener on one worker */
	unsigned total;                      /* of one listener on all workers */
	unsigned in_flight;                  /* queries of one connection that wait */
	uint32_t queries;                    /* of one connection in all; 0: any number */
} tcp_limits_t;

/* What the workers' listeners at one address have in common; lives as long as the process. */
typedef struct tcp_group {
	_Atomic(unsigned) conns;
	struct tcp_listener **at; /* of each worker, which alone reads and sets it; NULL: none */
} tcp_group_t;

typedef struct tcp_listener {
	struct tcp_listener *next;
	worker_t *worker;
	uv_poll_t poll;
	int fd;
	sodns_address_t bound;
	const sodns_transport_t *transport;
	tcp_limits_t limits;
	sodns_tls_t *tls; /* of the generation that serves; NULL: none */
	tcp_group_t *group;
	unsigned conns;     /* connections that it accepted and that are open */
	unsigned asking;    /* accepted, while other workers are asked to make room */
	sodns_fair_t *fair; /* what clients have of them */
	struct sodns_conn *oldest, *youngest;
	const char *server; /* text, for metrics */
	void *listener;     /* the server's */
	void (*closed)(void *listener);
} tcp_listener_t;

/* On the worker's loop. */
tcp_listener_t *tcp_open(worker_t *w, int fd, const sodns_address_t *bound, tcp_group_t *group,
			 void *listener);
/* What its next connections begin with; transport, tls and server live as long as they. */
void tcp_configure(tcp_listener_t *l, const sodns_transport_t *transport, sodns_tls_t *tls,
		   const tcp_limits_t *limits, const char *server);
/* Accepts what is queued, then closes; connections live on. */
void tcp_retire(tcp_listener_t *l);
/* How many of the process's descriptors connections may have. */
unsigned tcp_descriptors(void);
/* What connections may take of memory in all, in KiB; as much as they like by default. */
extern unsigned tcp_memory_kib;
/* Writes what the batch left in the connections' buffers. */
void tcp_flush(worker_t *w);
/* Connections of `listener`, or of all, answer what has arrived, and close. New ones without a query are left
 * for a later call, if it is for all. */
void tcp_wind_down(worker_t *w, const void *listener);
/* Closes every connection, whatever it waits for. */
void tcp_close_all(worker_t *w);

#endif
