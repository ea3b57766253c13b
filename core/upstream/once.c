/*
 * One question to a server, once (sodns/wait.h): a socket of its own, and nothing kept.
 */
#include <sodns/wait.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report/limits.h"
#include "system/seam.h"
#include "upstream/upstream.h"

/* Waits until the descriptor is ready, no longer than until `end`. */
static int fd_wait(int fd, unsigned event, uint64_t end)
{
	uint64_t now = sodns_now();
	return now < end ? sodns_wait_fd(fd, event, end - now) : SODNS_ETIMEOUT;
}

/* The address alone: the system chooses the port. */
static bool bind_local(int fd, const sodns_address_t *local)
{
	struct sockaddr_storage from;
	sodns_address_t any_port = *local;
	any_port.port = 0;
	socklen_t len = sodns_address_to_sockaddr(&any_port, &from);
	return !bind(fd, (const struct sockaddr *)(const void *)&from, len);
}

/* A socket to the server, or -1. */
static int fd_connect(const sodns_address_t *local, const sodns_address_t *server, int type)
{
	struct sockaddr_storage to;
	socklen_t len = sodns_address_to_sockaddr(server, &to);
	int fd = socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		limit_reached(LIMIT_DESCRIPTORS, 1);
	if (fd < 0)
		return -1;
	if (local && !bind_local(fd, local)) {
		close(fd);
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)(const void *)&to, len) && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Same id, and the question byte for byte: without the query it can't be answered. */
static bool answers(const uint8_t *query, size_t len, const uint8_t *answer, size_t n)
{
	size_t end = QUESTION_AT;
	if (n < QUESTION_AT || !(answer[2] & 0x80) || query[0] != answer[0] ||
	    query[1] != answer[1])
		return false;
	while (end < len && query[end])
		end += query[end] + 1u;
	end += 5;
	return end <= len && end <= n && !answer[4] && answer[5] == 1 &&
	       !memcmp(query + 12, answer + 12, end - 12);
}

/* In tests: what their server says, when it says it. */
static int exchange_fake(const sodns_address_t *server, const uint8_t *query, size_t len,
			 uint8_t *answer, size_t size, uint64_t patience)
{
	uint32_t after = 0;
	uint64_t ms = in_ms(patience);
	int n = seam.exchange(server, query, len, answer, size, &after);
	if (after && task_current()) {
		int rc = task_wait(after < ms ? after : ms);
		if (rc != SODNS_ETIMEOUT)
			return rc;
	}
	return after > ms ? SODNS_ETIMEOUT : n;
}

/* Writes or reads exactly len bytes. */
static int fd_move(int fd, uint8_t *bytes, size_t len, bool out, uint64_t end)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = out ? send(fd, bytes + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT)
				: recv(fd, bytes + at, len - at, MSG_DONTWAIT);
		if (n > 0) {
			at += (size_t)n;
			continue;
		}
		if (!n || (errno != EAGAIN && errno != EINTR && errno != ENOTCONN))
			return SODNS_EIO;
		int rc = fd_wait(fd, out ? SODNS_WRITABLE : SODNS_READABLE, end);
		if (rc)
			return rc;
	}
	return SODNS_OK;
}

static int exchange_tcp(const sodns_address_t *local, const sodns_address_t *server,
			const uint8_t *query, size_t len, uint8_t *answer, size_t size,
			uint64_t end)
{
	uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	int fd = fd_connect(local, server, SOCK_STREAM);
	if (fd < 0)
		return SODNS_EIO;
	int rc = fd_wait(fd, SODNS_WRITABLE, end);
	if (!rc && !(rc = fd_move(fd, length, 2, true, end)))
		rc = fd_move(fd, (uint8_t *)(uintptr_t)query, len, true, end);
	while (!rc && !(rc = fd_move(fd, length, 2, false, end))) {
		size_t n = (size_t)length[0] << 8 | length[1];
		rc = n > size ? SODNS_ERANGE : fd_move(fd, answer, n, false, end);
		if (!rc && answers(query, len, answer, n))
			rc = (int)n;
	}
	close(fd);
	return rc;
}

int sodns_exchange_tcp(const sodns_address_t *server, const uint8_t *query, size_t len,
		       uint8_t *answer, size_t size, uint64_t patience)
{
	if (seam.exchange)
		return exchange_fake(server, query, len, answer, size, patience);
	return exchange_tcp(NULL, server, query, len, answer, size, in_time(sodns_now(), patience));
}

int sodns_exchange_udp(const sodns_address_t *server, const uint8_t *query, size_t len,
		       uint8_t *answer, size_t size, uint64_t patience)
{
	return sodns_exchange_udp_from(NULL, server, query, len, answer, size, patience);
}

int sodns_exchange_udp_from(const sodns_address_t *local, const sodns_address_t *server,
			    const uint8_t *query, size_t len, uint8_t *answer, size_t size,
			    uint64_t patience)
{
	uint64_t end = in_time(sodns_now(), patience);
	if (seam.exchange)
		return exchange_fake(server, query, len, answer, size, patience);
	int fd = fd_connect(local, server, SOCK_DGRAM);
	if (fd < 0)
		return SODNS_EIO;
	int rc = send(fd, query, len, 0) < 0 ? SODNS_EIO : SODNS_OK;
	unsigned strangers = 0;
	while (!rc && strangers <= STRANGERS_MAX && !(rc = fd_wait(fd, SODNS_READABLE, end))) {
		ssize_t n = recv(fd, answer, size, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			rc = SODNS_EIO;
		else if (n > 0 && answers(query, len, answer, (size_t)n))
			rc = (int)n;
		else
			strangers += n >= 0;
	}
	close(fd);
	/* A forger tries ids. */
	return rc ? rc : exchange_tcp(local, server, query, len, answer, size, end);
}
