/*
 * A worker that has not come back to its loop for 10 ms is noticed here, and reported by itself
 * when it does: it alone may touch the query.
 */
#ifndef CORE_RUNTIME_WATCHDOG_H
#define CORE_RUNTIME_WATCHDOG_H

#include "runtime/worker.h"

#define WATCHDOG_NS 10000000u

/* Marks workers whose batch takes too long. Called now and then by the service thread. */
void watchdog_look(void);
/* On the worker, after each query: says who held it up, if it was marked. */
void watchdog_report(worker_t *w, const sodns_query_t *q);

extern _Atomic(uint64_t) watchdog_reports;

#endif
