/*
 * Limits that hold by default, counted when they bite: sodns_limit_reached_total{limit}.
 */
#ifndef CORE_RUNTIME_LIMITS_H
#define CORE_RUNTIME_LIMITS_H

#include <stdint.h>

enum limit {
	LIMIT_CONNECTIONS, /* of a listener: another one closed, or refused */
	LIMIT_DESCRIPTORS, /* of the process: connections refused */
	LIMIT_UNREAD,      /* answers that clients did not read: connections closed */
	LIMIT_TASKS,       /* queries that wait: not put aside */
	LIMIT_LOG,         /* lines that found their thread's ring full */
	LIMIT_SOCKET,      /* datagrams that the kernel dropped: their socket's queue was full */
	LIMITS,
};

/* The limit bit n times. Any thread. */
void limit_reached(enum limit which, uint64_t n);

#endif
