/*
 * What the serving process asks of its parent, or does itself where it has none.
 */
#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/wire.h"

supervisor_page_t *supervisor_page;
static int channel = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* one request at a time */

void child_begin(int fd, supervisor_page_t *page)
{
	channel = fd;
	supervisor_page = page;
	/* Without a parent nobody could tell this process to end. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* A terminal sends these to both; the parent passes them on as SIGTERM. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

static int ask(const wire_request_t *r)
{
	int rc = -EIO;
	pthread_mutex_lock(&lock);
	if (send(channel, r, sizeof(*r), MSG_NOSIGNAL) == sizeof(*r))
		rc = wire_receive_answer(channel);
	pthread_mutex_unlock(&lock);
	return rc;
}

static void tell(const wire_request_t *r)
{
	pthread_mutex_lock(&lock);
	(void)!send(channel, r, sizeof(*r), MSG_NOSIGNAL);
	pthread_mutex_unlock(&lock);
}

int supervisor_socket(const socket_spec_t *spec)
{
	const wire_request_t r = {.kind = WIRE_SOCKET, .u.socket = *spec};
	return channel < 0 ? socket_open(spec) : ask(&r);
}

void supervisor_release(const socket_spec_t *spec)
{
	const wire_request_t r = {.kind = WIRE_RELEASE, .u.socket = *spec};
	if (channel >= 0)
		tell(&r);
}

void supervisor_tell(enum supervisor_state state)
{
	const wire_request_t r = {.kind = WIRE_STATE, .u.state = state};
	if (channel >= 0)
		tell(&r);
}

int supervisor_open_key(const char *path)
{
	wire_request_t r = {.kind = WIRE_KEY};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	if (channel < 0 || (errno != EACCES && errno != EPERM) || strlen(path) >= sizeof(r.u.path))
		return -errno;
	strcpy(r.u.path, path);
	return ask(&r);
}

void supervisor_finish(enum supervisor_finish how)
{
	if (supervisor_page)
		atomic_store(&supervisor_page->finish, how);
}
