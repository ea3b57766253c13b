/*
 * The service thread: watches, reloads, health checks, and the reclaiming of what is no longer
 * read.
 */
#ifndef CORE_TASK_SERVICE_H
#define CORE_TASK_SERVICE_H

#include "task/loop.h"

extern loop_t service_loop;

/* Begins the thread, which runs as long as the process does. */
int service_start(void);

#endif
