/*
 * Descriptors from process to process (unix(7), SCM_RIGHTS).
 */
#include "supervisor/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

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
	return sendmsg(channel, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
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
