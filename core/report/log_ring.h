/*
 * The rings between threads that log (log.c) and the thread that writes (log_write.c).
 */
#ifndef CORE_REPORT_LOG_RING_H
#define CORE_REPORT_LOG_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RING_SIZE (1u << 18)

struct ring {
	struct ring *next;
	_Alignas(64) _Atomic(uint64_t) head; /* written by the producer, at the end of a line */
	_Alignas(64) _Atomic(uint64_t) tail; /* by the writer */
	_Atomic(bool) taken;                 /* by a thread that lives */
	char bytes[RING_SIZE];
};

extern _Atomic(struct ring *) log_rings;

/* A line has been put into a ring: the thread is woken, or, where there is none, the line written. */
void log_written(void);

#endif
