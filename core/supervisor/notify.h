/*
 * What systemd is told (sd_notify(3)), where it listens.
 */
#ifndef CORE_SUPERVISOR_NOTIFY_H
#define CORE_SUPERVISOR_NOTIFY_H

/* "READY=1", several lines at once. Does nothing without $NOTIFY_SOCKET. */
void notify(const char *text);

#endif
