/*
 * Listening for streams: connections are accepted as they come and live on their own (conn.h).
 */
#include "net/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn.h"
#include "report/limits.h"
#include "net/socket.h"

/* Left to files, upstreams and whatever else a process opens: an eighth, and at most so many. */
#define SPARED 1024u
/* What the kernel may have queued when a listener retires. */
#define QUEUED_MOST 4096u

unsigned tcp_memory_kib = UINT_MAX;

unsigned tcp_descriptors(void)
{
	static _Atomic(unsigned) known;
	unsigned n = atomic_load_explicit(&known, memory_order_relaxed);
	struct rlimit r;
	if (n || getrlimit(RLIMIT_NOFILE, &r))
		return n ? n : UINT32_MAX;
	n = r.rlim_cur < UINT32_MAX ? (unsigned)r.rlim_cur : UINT32_MAX;
	n -= n / 8 < SPARED ? n / 8 : SPARED;
	atomic_store_explicit(&known, n, memory_order_relaxed);
	return n;
}

/* Kept open to be given up when the process has no descriptor left. */
static __thread int spare = -1;

/* Without a descriptor a connection can be neither taken nor refused, and would be reported for ever:
 * the spare one is used to refuse it. */
static bool refuse_one(tcp_listener_t *l)
{
	if (spare < 0)
		return false;
	close(spare);
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	limit_reached(LIMIT_DESCRIPTORS, 1);
	return fd >= 0;
}

/* Another connection's, when that has closed; the queue is looked at again then. */
static bool find_descriptor(tcp_listener_t *l)
{
	if (!conn_make_room(l, NULL))
		return refuse_one(l);
	limit_reached(LIMIT_DESCRIPTORS, 1);
	return false;
}

static bool accept_one(tcp_listener_t *l)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int fd = accept4(l->fd, (struct sockaddr *)(void *)&from, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return (errno == EMFILE || errno == ENFILE) && find_descriptor(l);
	conn_accept(l, fd, &from);
	return true;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	tcp_listener_t *l = poll->data;
	(void)events;
	for (unsigned i = 0; i < 64 && status >= 0 && accept_one(l); i++)
		;
}

tcp_listener_t *tcp_open(worker_t *w, int fd, const sodns_address_t *bound, tcp_group_t *group,
			 void *listener)
{
	tcp_listener_t *l = calloc(1, sizeof(*l));
	if (spare < 0)
		spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sodns_fair_t *fair = l ? sodns_fair_new() : NULL;
	if (!fair || uv_poll_init(&w->loop.uv, &l->poll, fd)) {
		sodns_fair_free(fair);
		free(l);
		return NULL;
	}
	*l = (tcp_listener_t){.next = w->tcp,
			      .worker = w,
			      .poll = l->poll,
			      .fd = fd,
			      .bound = *bound,
			      .transport = &tcp_plain,
			      .group = group,
			      .fair = fair,
			      .listener = listener};
	l->poll.data = l;
	w->tcp = l;
	group->at[w->index] = l;
	uv_poll_start(&l->poll, UV_READABLE, on_connection);
	return l;
}

void tcp_configure(tcp_listener_t *l, const sodns_transport_t *transport, sodns_tls_t *tls,
		   const tcp_limits_t *limits, const char *server)
{
	if (tls)
		sodns_tls_keep(tls);
	sodns_tls_release(l->tls);
	l->transport = transport;
	l->tls = tls;
	l->limits = *limits;
	l->server = server;
}

static void listener_closed(uv_handle_t *h)
{
	tcp_listener_t *l = h->data;
	close(l->fd);
	if (l->closed)
		l->closed(l->listener);
	sodns_tls_release(l->tls);
	sodns_fair_free(l->fair);
	free(l);
}

void tcp_retire(tcp_listener_t *l)
{
	worker_t *w = l->worker;
	for (tcp_listener_t **at = (tcp_listener_t **)&w->tcp; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	for (unsigned i = 0; i < QUEUED_MOST && accept_one(l); i++)
		;
	l->group->at[w->index] = NULL;
	/* The parent process may have it open, and would go on collecting clients. */
	if (!sockets_stay)
		shutdown(l->fd, SHUT_RD);
	while (l->oldest)
		conn_leave_listener(l->oldest);
	uv_poll_stop(&l->poll);
	uv_close((uv_handle_t *)&l->poll, listener_closed);
}
