/*
 * sd_notify's protocol: a datagram of lines to a unix socket. There is no WATCHDOG=1: a parent that
 * beats says nothing of the workers; whether those answer is for a probe of health or DNS to find out.
 */
#include "supervisor/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof(to.sun_path))
		return;
	strcpy(to.sun_path, path);
	if (*path == '@')
		*to.sun_path = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)(void *)&to,
		      len);
	close(fd);
}

static uint64_t monotonic_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void notify_state(enum supervisor_state state)
{
	static const char *const texts[] = {
		[SUPERVISOR_READY] = "READY=1\nSTATUS=Serving",
		[SUPERVISOR_RELOADING] = "RELOADING=1\nSTATUS=Reading the configuration again",
		[SUPERVISOR_UNCHANGED] = ("READY=1\nSTATUS=Serving as before: the last reload "
					  "failed, the log says why"),
		[SUPERVISOR_STOPPING] = "STOPPING=1\nSTATUS=Answering what has arrived"};
	char text[256];
	int n = snprintf(text, sizeof(text), "%s\nMAINPID=%d", texts[state], (int)getpid());
	/* By this Type=notify-reload tells a reload from the one before. */
	if (state == SUPERVISOR_RELOADING)
		snprintf(text + n, sizeof(text) - (size_t)n, "\nMONOTONIC_USEC=%" PRIu64,
			 monotonic_us());
	notify(text);
}

void notify_crash(const char *plugin)
{
	char text[256];
	snprintf(text, sizeof(text), "STATUS=Starting a fresh process: %s%.64s crashed",
		 *plugin ? "plugin/" : "the serving process", plugin);
	notify(text);
}
