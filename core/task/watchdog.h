/*
 * A loop that has not been come back to for 10 ms is noticed, and one that is not come back to at all.
 * What it has in hand is looked up by itself, in a signal handler: it alone may touch the query.
 */
#ifndef CORE_TASK_WATCHDOG_H
#define CORE_TASK_WATCHDOG_H

#include "task/worker.h"

#define WATCHDOG_NS 10000000u
/* Between two calls of stalls_look(). */
#define STALL_TICK_MS 250u

/* Once, before any loop runs. */
void watchdog_begin(void);
/* Asks workers that take too long what they have in hand. Called now and then by the service thread. */
void watchdog_look(void);
/* On the loop, when it comes back or has done with a query: says what held it up, if it was asked. */
void watchdog_report(loop_t *l);

/* Names loops that do not come back, while that lasts; one that has not for stall_limit seconds (the
 * service thread: six times as long) ends the process by SIGABRT, inside of what holds it. 0: never.
 * Called every STALL_TICK_MS by a thread that runs no plugin: a process that is stopped or starved
 * ages no faster than its calls come. */
void stalls_look(void);
extern unsigned stall_limit;
/* The calling thread is being ended for that, after so many seconds; 0: it is not. */
unsigned stall_seconds(void);

extern _Atomic(uint64_t) watchdog_reports;

#endif
