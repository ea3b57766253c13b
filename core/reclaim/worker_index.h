/*
 * Which worker a thread is: what each has for itself (counters, sockets, epochs) is found by it.
 */
#ifndef CORE_RECLAIM_WORKER_INDEX_H
#define CORE_RECLAIM_WORKER_INDEX_H

/* How many there are; set once, before the first of them runs. */
extern unsigned worker_count;
/* The calling thread's, -1: it is none. */
extern __thread int worker_index;

#endif
