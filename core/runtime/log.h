/*
 * The log thread.
 */
#ifndef CORE_RUNTIME_LOG_H
#define CORE_RUNTIME_LOG_H

#include <sodns/log.h>

void log_start(void);
/* Writes everything that has been logged so far. */
void log_flush(void);
void log_stop(void);
void log_set_debug(bool on);

#endif
