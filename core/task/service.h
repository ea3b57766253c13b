/*
 * The service thread: watches, reloads, health checks, and the reclaiming of what nobody reads any
 * more.
 */
#ifndef CORE_TASK_SERVICE_H
#define CORE_TASK_SERVICE_H

#include "task/loop.h"

extern loop_t service_loop;

int service_start(void);
/* Cancels every service that still runs, and ends the thread. */
void service_stop(void);

#endif
