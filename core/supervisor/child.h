/*
 * Between the parent's fork and the child's work.
 */
#ifndef CORE_SUPERVISOR_CHILD_H
#define CORE_SUPERVISOR_CHILD_H

#include "supervisor/supervisor.h"

/* In the new process: the parent is at the other end of `channel`. */
void child_begin(int channel, supervisor_page_t *page);
/* Gives up all that the parent keeps. 0, or the reason is printed. */
int privileges_drop(const char *user);

#endif
