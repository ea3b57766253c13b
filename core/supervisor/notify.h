/*
 * What systemd is told (sd_notify(3)), where it listens.
 */
#ifndef CORE_SUPERVISOR_NOTIFY_H
#define CORE_SUPERVISOR_NOTIFY_H

#include "supervisor/supervisor.h"

/* Both do nothing without $NOTIFY_SOCKET. */
void notify_state(enum supervisor_state state);
/* What `systemctl status` shows, until the next state. */
void notify_crash(const char *plugin);

#endif
