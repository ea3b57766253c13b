/*
 * The process's memory: how much there may be, and the limits that follow from it, so that what
 * clients can make it keep never adds up to more.
 */
#ifndef CORE_SERVER_BUDGET_H
#define CORE_SERVER_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_TEXT_MAX 256u

/* Bytes that there may be; UINT64_MAX: as many as the machine has. */
extern uint64_t budget_bytes;

/* "128M", "1.5Gi" or bytes; false: it is no size. */
bool budget_read(const char *text, uint64_t *bytes);
/* Sets the limits of tasks, of connections' memory and of unread bytes for `threads` workers. `tasks_said`: that
 * of tasks was given, and stays. Before anything serves. `text` is a line that says so, or empty where
 * nothing but the defaults holds. */
void budget_apply(unsigned threads, bool tasks_said, char text[BUDGET_TEXT_MAX]);

#endif
