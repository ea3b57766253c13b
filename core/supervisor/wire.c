/*
 * Requests, looked at before they are believed, and descriptors from process to process (unix(7),
 * SCM_RIGHTS).
 */
#include "supervisor/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static bool is_bool(const bool *b)
{
	unsigned char byte;
	memcpy(&byte, b, 1);
	return byte < 2;
}

static bool is_socket(const socket_spec_t *s)
{
	return (s->type == SOCK_DGRAM || s->type == SOCK_STREAM) &&
	       (s->address.family == 4 || s->address.family == 6) && is_bool(&s->wildcard) &&
	       is_bool(&s->bound_only);
}

static bool is_request(const wire_request_t *r)
{
	switch ((unsigned)r->kind) {
	case WIRE_SOCKET:
	case WIRE_RELEASE:
		return is_socket(&r->u.socket);
	case WIRE_KEY:
		return memchr(r->u.path, 0, sizeof(r->u.path));
	case WIRE_STATE:
		return (unsigned)r->u.state <= SUPERVISOR_OUTGROWN;
	case WIRE_TRIAL:
		return true;
	}
	return false;
}

int wire_receive(int channel, wire_request_t *out)
{
	/* Without room for control data, descriptors that came along are closed by the kernel. */
	ssize_t n = recv(channel, out, sizeof(*out), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : 0;
	if (!n)
		return 0;
	return n == sizeof(*out) && is_request(out) ? 1 : -EBADMSG;
}

int wire_answer(int channel, int fd_or_errno)
{
	int status = fd_or_errno < 0 ? fd_or_errno : 0;
	struct iovec iov = {&status, sizeof(status)};
	union control c = {0};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (fd_or_errno >= 0) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c.room);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		*h = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS,
				      .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(h), &fd_or_errno, sizeof(int));
	}
	return sendmsg(channel, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int wire_receive_answer(int channel)
{
	int status = 0, fd = -EIO;
	struct iovec iov = {&status, sizeof(status)};
	union control c = {0};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &c,
			   .msg_controllen = sizeof(c.room)};
	ssize_t n;
	while ((n = recvmsg(channel, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n != sizeof(status))
		return -EIO;
	if (status < 0)
		return status;
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(int));
	return fd;
}

void wire_close(int *channel)
{
	if (*channel >= 0)
		close(*channel);
	*channel = -1;
}
