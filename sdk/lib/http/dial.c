/*
 * A name's addresses come of getaddrinfo(3), which knows no end: it has a thread of its own, which is left
 * alone when the time is up. The addresses are tried in their order, each with its part of the time.
 */
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sodns/query.h>
#include <sodns/wait.h>

#include "server.h"

#define ADDRESSES 8u
/* The thread-local data of all libraries come off it. */
#define LOOKUP_STACK (1u << 20)

struct lookup {
	_Atomic(unsigned) users; /* the thread, and the task that waits for it */
	int done;                /* an eventfd */
	int error;
	size_t count;
	sodns_address_t found[ADDRESSES];
	char host[256];
};

uint64_t http_left(uint64_t end)
{
	uint64_t now = sodns_now();
	return now >= end ? 0 : end - now;
}

static void lookup_release(struct lookup *l)
{
	if (atomic_fetch_sub(&l->users, 1) > 1)
		return;
	close(l->done);
	free(l);
}

static void *look_up(void *arg)
{
	struct lookup *l = arg;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;
	uint64_t one = 1;
	l->error = getaddrinfo(l->host, NULL, &hints, &found);
	for (const struct addrinfo *i = found; i && l->count < ADDRESSES; i = i->ai_next) {
		sodns_address_from_sockaddr(i->ai_addr, &l->found[l->count++]);
	}
	if (found)
		freeaddrinfo(found);
	(void)!write(l->done, &one, sizeof(one));
	lookup_release(l);
	return NULL;
}

static bool thread_start(struct lookup *l)
{
	pthread_attr_t attributes;
	pthread_t t;
	sigset_t all, old;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, LOOKUP_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&t, &attributes, look_up, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	return !rc;
}

/* The host's addresses; 0: the reason is in err. */
static size_t addresses_of(const http_url_t *url, uint64_t end, sodns_address_t out[ADDRESSES],
			   char *err, size_t err_size)
{
	if (!sodns_address_from_text(url->host, out))
		return 1;
	struct lookup *l = calloc(1, sizeof(*l));
	snprintf(err, err_size, "lookup %s: no such host", url->host);
	if (!l || sodns_address_is_malformed(url->host)) {
		free(l);
		return 0;
	}
	l->users = 2;
	l->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	memcpy(l->host, url->host, sizeof(l->host));
	if (!thread_start(l)) {
		snprintf(err, err_size, "lookup %s: no thread for it", url->host);
		l->users = 1;
		lookup_release(l);
		return 0;
	}
	int rc = sodns_wait_fd(l->done, SODNS_READABLE, http_left(end));
	size_t count = rc ? 0 : l->count;
	if (rc)
		snprintf(err, err_size, "lookup %s: %s", url->host,
			 rc == SODNS_ETIMEOUT ? "i/o timeout" : "cancelled");
	memcpy(out, l->found, count * sizeof(*out));
	lookup_release(l);
	return count;
}

static void explain(const sodns_address_t *at, const char *why, char *err, size_t err_size)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	sodns_address_to_text(at, text);
	int n = snprintf(err, err_size,
			 at->family == 6 ? "dial tcp [%s]:%u: " : "dial tcp %s:%u: ", text,
			 at->port);
	if (n < 0 || (size_t)n + 1 >= err_size)
		return;
	snprintf(err + n, err_size - (size_t)n, "%s", why);
}

static void explain_errno(const sodns_address_t *at, int error, char *err, size_t err_size)
{
	char why[160];
	int n = snprintf(why, sizeof(why), "connect: ");
	snprintf(why + n, sizeof(why) - (size_t)n, "%s", strerror(error));
	why[n] |= 0x20;
	explain(at, why, err, err_size);
}

static int connect_to(const sodns_address_t *at, uint64_t end, char *err, size_t err_size)
{
	struct sockaddr_storage to;
	socklen_t len = sodns_address_to_sockaddr(at, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
	int error = fd < 0 ? errno : 0;
	if (!error && connect(fd, (const struct sockaddr *)(const void *)&to, len))
		error = errno;
	if (error == EINPROGRESS) {
		socklen_t size = sizeof(error);
		int rc = sodns_wait_fd(fd, SODNS_WRITABLE, http_left(end));
		if (!rc && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
			error = errno;
		if (rc) {
			explain(at, rc == SODNS_ETIMEOUT ? "i/o timeout" : "cancelled", err,
				err_size);
			close(fd);
			return -1;
		}
	}
	if (!error) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		return fd;
	}
	explain_errno(at, error, err, err_size);
	if (fd >= 0)
		close(fd);
	return -1;
}

int http_dial(const http_url_t *url, uint64_t end, sodns_address_t *at, char *err, size_t err_size)
{
	sodns_address_t found[ADDRESSES];
	size_t count = addresses_of(url, end, found, err, err_size);
	int fd = -1;
	for (size_t i = 0; i < count && fd < 0 && http_left(end); i++) {
		uint64_t now = sodns_now(), left = end > now ? end - now : 0;
		*at = found[i];
		at->port = url->port;
		fd = connect_to(at, now + left / (count - i), err, err_size);
	}
	return fd;
}
