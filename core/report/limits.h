/*
 * Limits that hold by default, counted when they bite: sodns_limit_reached_total{limit}.
 */
#ifndef CORE_REPORT_LIMITS_H
#define CORE_REPORT_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum limit {
	LIMIT_CONNECTIONS,  /* of a listener: another one closed, or refused */
	LIMIT_DESCRIPTORS,  /* of the process: connections refused */
	LIMIT_UNREAD_BYTES, /* answers that a worker's clients did not read: connections closed */
	LIMIT_TASKS,        /* queries that wait: not put aside */
	LIMIT_LOG,          /* lines that found their thread's ring full */
	LIMIT_SOCKET,       /* datagrams that the kernel dropped: their socket's queue was full */
	LIMIT_SEND,         /* datagrams that the kernel did not take */
	LIMIT_PIPELINE,     /* a connection has too many queries in work: not read for a while */
	LIMIT_UNREAD,       /* a client reads no answers: no more queries are read */
	LIMIT_SLOW,         /* connections whose client took too long: closed */
	LIMIT_HANDSHAKES,   /* handshakes of clients that have several: later than others */
	LIMIT_DETACHED,     /* work of a worker without a client: not begun */
	LIMIT_DEPTH,        /* questions inside each other: failed */
	LIMIT_EXPRESSION,   /* steps and memory of an expression: given up */
	LIMIT_METRICS,      /* series: not made */
	LIMIT_SAME_NAME,    /* questions in flight for one name over UDP: asked over TCP */
	LIMITS,
};

/* Connections of a listener on one worker, where nothing else is said. */
extern unsigned connection_limit;
/* Bytes that clients of a worker may leave unread. */
extern size_t unread_limit;

/* Makes the metrics, so that they are there, at 0, before a limit bites. Workers exist. */
void limits_start(void);
/* The limit bit n times. Any thread; takes no lock. */
void limit_reached(enum limit which, uint64_t n);
/* Brings up to date what others count, before metrics are written. Any thread. */
void limits_collect(void);

#endif
