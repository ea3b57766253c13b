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
	/* Without a parent nothing could tell this process to end. SIGTERM would have to be read by a thread
	 * that may be in a plugin's hands. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
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

static int verdict(supervisor_verdict_t *v, const char *text)
{
	v->status = -1;
	snprintf(v->text, sizeof(v->text), "%s", text);
	return -1;
}

int supervisor_try(supervisor_verdict_t *v)
{
	const wire_request_t r = {.kind = WIRE_TRIAL};
	ssize_t n;
	if (channel < 0)
		return 1;
	int fd = ask(&r);
	if (fd == -ENOSYS)
		return 1;
	if (fd < 0) {
		char why[128];
		snprintf(why, sizeof(why), "no process can be started to try it: %s",
			 strerror(-fd));
		return verdict(v, why);
	}
	while ((n = recv(fd, v, sizeof(*v), 0)) < 0 && errno == EINTR)
		;
	close(fd);
	if (n != sizeof(*v))
		return verdict(v, "its trial was given up");
	v->stage[sizeof(v->stage) - 1] = v->text[sizeof(v->text) - 1] = 0;
	return v->status;
}

bool supervisor_is_there(void)
{
	return channel >= 0;
}

void supervisor_explain(const char *why)
{
	if (supervisor_page)
		snprintf(supervisor_page->why, sizeof(supervisor_page->why), "%s", why);
}

void supervisor_finish(enum supervisor_finish how)
{
	if (supervisor_page)
		atomic_store(&supervisor_page->finish, how);
}
