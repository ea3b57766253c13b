/*
 * The UDP path. Sockets are polled by the loop and read by calls of our own: libuv's UDP costs a
 * tenth of the whole path. One recvmmsg fills the batch, so that look-ups can be prefetched across
 * it, and one sendmmsg empties it: between the two the plugins have the caches to themselves.
 */
#include "net/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report/limits.h"
#include "net/socket.h"

#define CONTROL_SIZE 96
/* A worker that never runs dry still comes back to its loop: after this many batches. */
#define ROUNDS 8
#define OVERFLOW_EVERY 256u
/* What the queue of a socket can hold, generously: the smallest datagram takes more than 64 bytes there. */
#define QUEUED_MOST 131072u

struct receive_buffers {
	struct mmsghdr message[BATCH];
	struct iovec iov[BATCH];
	_Alignas(8) char control[BATCH][CONTROL_SIZE];
};
static __thread struct receive_buffers buffers;

/* Answers wait here for the end of their batch, or, of queries that were put aside, for the end of the
 * loop's turn, so that one call sends them all. A long one leaves at once. */
#define GATHER_MAX 1232u
struct send_buffers {
	struct mmsghdr message[BATCH];
	struct iovec iov[BATCH];
	union slot_from to[BATCH];
	_Alignas(8) char control[BATCH][CONTROL_SIZE];
	uint8_t bytes[BATCH][GATHER_MAX];
	unsigned count;
	int fd;
};
static __thread struct send_buffers leaving;

/* The address asked, as the query shows it: of IPv4 behind an IPv6 socket the IPv4 one. */
static void set_local(slot_t *s, const uint8_t *bytes, bool six)
{
	s->local.family = six ? 6 : 4;
	memset(s->local.bytes, 0, 16);
	memcpy(s->local.bytes, bytes, six ? 16 : 4);
	sodns_address_unmap(&s->local);
}

/* The address that a datagram to a wildcard socket was sent to, and the interface. */
static void read_control(slot_t *s, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(s->asked, &info.ipi6_addr, 16);
			s->asked_if = info.ipi6_ifindex;
			set_local(s, s->asked, true);
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(s->asked, &info.ipi_addr, 4);
			s->asked_if = (uint32_t)info.ipi_ifindex;
			set_local(s, s->asked, false);
		}
	}
}

/* The source address of a reply from a wildcard socket: the one that was asked. */
static size_t write_control(const udp_socket_t *u, const slot_t *s, char *control)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;
	if (u->bound.family == 6) {
		struct in6_pktinfo info = {.ipi6_ifindex = 0};
		memcpy(&info.ipi6_addr, s->asked, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = s->asked_if;
		*c = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6,
				      .cmsg_type = IPV6_PKTINFO,
				      .cmsg_len = CMSG_LEN(sizeof(info))};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		return CMSG_SPACE(sizeof(info));
	}
	struct in_pktinfo info = {.ipi_ifindex = 0};
	memcpy(&info.ipi_spec_dst, s->asked, 4);
	*c = (struct cmsghdr){.cmsg_level = IPPROTO_IP,
			      .cmsg_type = IP_PKTINFO,
			      .cmsg_len = CMSG_LEN(sizeof(info))};
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	return CMSG_SPACE(sizeof(info));
}

/* A datagram that does not leave. */
static unsigned lost(void)
{
	if (errno == EAGAIN || errno == ENOBUFS)
		limit_reached(LIMIT_SEND, 1);
	return 1;
}

/* A full send queue or a vanished client loses the answer, as the network may: on with the next
 * one. */
void udp_flush(void)
{
	struct send_buffers *b = &leaving;
	for (unsigned at = 0; at < b->count;) {
		int n = sendmmsg(b->fd, b->message + at, b->count - at, MSG_DONTWAIT);
		if (n > 0)
			at += (unsigned)n;
		else if (errno != EINTR)
			at += lost();
	}
	b->count = 0;
}

static void udp_send(slot_t *s, uint8_t *packet, size_t len)
{
	struct send_buffers *b = &leaving;
	udp_socket_t *u = s->channel;
	if (!len)
		return;
	if (b->count == BATCH || len > GATHER_MAX || b->fd != u->fd)
		udp_flush();
	unsigned i = b->count++;
	struct msghdr *m = &b->message[i].msg_hdr;
	b->fd = u->fd;
	b->to[i] = s->from;
	b->iov[i].iov_base = packet;
	b->iov[i].iov_len = len;
	m->msg_namelen = s->from_len;
	m->msg_controllen = u->wildcard ? write_control(u, s, b->control[i]) : 0;
	m->msg_control = u->wildcard ? b->control[i] : NULL;
	if (len > GATHER_MAX) {
		udp_flush();
		return;
	}
	b->iov[i].iov_base = b->bytes[i];
	memcpy(b->bytes[i], packet, len);
}

static void prepare_message(udp_socket_t *u, unsigned i, slot_t *s)
{
	struct receive_buffers *b = &buffers;
	b->iov[i] = (struct iovec){s->packet, PACKET_MAX};
	b->message[i].msg_hdr = (struct msghdr){.msg_name = &s->from,
						.msg_namelen = sizeof(s->from),
						.msg_iov = &b->iov[i],
						.msg_iovlen = 1};
	if (u->wildcard) {
		b->message[i].msg_hdr.msg_control = b->control[i];
		b->message[i].msg_hdr.msg_controllen = CONTROL_SIZE;
	}
}

static void fill_slot(udp_socket_t *u, unsigned i, slot_t *s)
{
	struct mmsghdr *m = &buffers.message[i];
	s->from_len = m->msg_hdr.msg_namelen;
	s->packet_len = m->msg_len;
	/* Longer than a query may be: cut off, it does not parse. */
	if (m->msg_hdr.msg_flags & MSG_TRUNC)
		s->packet_len = 12;
	s->local = u->bound;
	if (u->wildcard)
		read_control(s, &m->msg_hdr);
	s->send = udp_send;
	s->send_more = NULL;
	s->channel = u;
	s->listener = u->listener;
	s->q.protocol = SODNS_UDP;
	s->shared.parking = &u->parking;
	sodns_address_from_sockaddr(&s->from.any, &s->peer);
}

/* What the kernel dropped because the queue was full: asked now and then, as SO_RXQ_OVFL would cost
 * every packet. */
static void count_overflows(udp_socket_t *u)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);
	if (getsockopt(u->fd, SOL_SOCKET, SO_MEMINFO, info, &len) ||
	    len <= SK_MEMINFO_DROPS * sizeof(*info))
		return;
	if (info[SK_MEMINFO_DROPS] != u->overflow)
		limit_reached(LIMIT_SOCKET, info[SK_MEMINFO_DROPS] - u->overflow);
	u->overflow = info[SK_MEMINFO_DROPS];
}

/* Reads one batch. Returns how many datagrams came. */
static unsigned receive(udp_socket_t *u)
{
	worker_t *w = u->worker;
	slot_t *s;
	while ((s = batch_slot(w)))
		prepare_message(u, w->count - 1, s);
	int n = recvmmsg(u->fd, buffers.message, BATCH, MSG_DONTWAIT, NULL);
	w->count = n > 0 ? (unsigned)n : 0;
	for (unsigned i = 0; i < w->count; i++)
		fill_slot(u, i, w->batch[i]);
	return w->count;
}

static void on_readable(uv_poll_t *poll, int status, int events);

/* A busy socket is read without being polled: one that is polled wakes the poller for every answer
 * that leaves, too, which is a twentieth of what a query costs. */
static void set_busy(udp_socket_t *u, bool busy);

/* Reads until the queue is empty, or until the loop has to see to others. */
static void drain(udp_socket_t *u)
{
	if (!(u->wakeups++ % OVERFLOW_EVERY))
		count_overflows(u);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n = receive(u);
		batch_run(u->worker);
		udp_flush();
		if (n < BATCH) {
			set_busy(u, false);
			return;
		}
	}
	set_busy(u, true);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)events;
	if (status >= 0)
		drain(poll->data);
}

static void on_busy(uv_idle_t *idle)
{
	drain(idle->data);
}

static void set_busy(udp_socket_t *u, bool busy)
{
	if (u->busy == busy)
		return;
	u->busy = busy;
	if (busy) {
		uv_poll_stop(&u->poll);
		uv_idle_start(&u->idle, on_busy);
	} else {
		uv_idle_stop(&u->idle);
		uv_poll_start(&u->poll, UV_READABLE, on_readable);
	}
}

udp_socket_t *udp_open(worker_t *w, int fd, const sodns_address_t *bound, bool wildcard,
		       void *listener)
{
	udp_socket_t *u = calloc(1, sizeof(*u));
	if (!u || uv_poll_init(&w->loop.uv, &u->poll, fd)) {
		free(u);
		return NULL;
	}
	u->worker = w;
	u->fd = fd;
	u->bound = *bound;
	u->wildcard = wildcard;
	u->listener = listener;
	uv_idle_init(&w->loop.uv, &u->idle);
	u->poll.data = u->idle.data = u;
	u->next = w->udp;
	w->udp = u;
	udp_flush();
	w->loop.turn_ends = udp_flush;
	for (unsigned i = 0; i < BATCH; i++)
		leaving.message[i].msg_hdr = (struct msghdr){
			.msg_name = &leaving.to[i], .msg_iov = &leaving.iov[i], .msg_iovlen = 1};
	uv_poll_start(&u->poll, UV_READABLE, on_readable);
	return u;
}

static void on_closed(uv_handle_t *h)
{
	udp_socket_t *u = h->data;
	if (++u->closed_handles < 2)
		return;
	close(u->fd);
	if (u->closed)
		u->closed(u->listener);
	free(u);
}

/* The last query that came by this socket has been answered. */
static void on_emptied(struct query_parking *p)
{
	udp_socket_t *u = (udp_socket_t *)(void *)((char *)p - offsetof(udp_socket_t, parking));
	udp_flush();
	uv_close((uv_handle_t *)&u->poll, on_closed);
	uv_close((uv_handle_t *)&u->idle, on_closed);
}

/* Nothing new gets in from here on: a client that asks next is told at once that nothing listens, and what has
 * arrived is all there is to answer. (A socket that is connected takes datagrams of its peer alone.) */
static void shut(const udp_socket_t *u)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	if (getsockname(u->fd, (struct sockaddr *)(void *)&own, &len))
		return;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&own;
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&own;
	if (u->wildcard && own.ss_family == AF_INET6)
		six->sin6_addr = in6addr_loopback;
	else if (u->wildcard)
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)!connect(u->fd, (const struct sockaddr *)(const void *)&own, len);
}

void udp_retire(udp_socket_t *u)
{
	worker_t *w = u->worker;
	for (udp_socket_t **at = &w->udp; *at; at = &(*at)->next)
		if (*at == u) {
			*at = u->next;
			break;
		}
	if (!sockets_stay)
		shut(u);
	for (unsigned i = 0; i < QUEUED_MOST / BATCH && receive(u); i++) {
		batch_run(w);
		udp_flush();
	}
	w->count = 0;
	count_overflows(u);
	uv_poll_stop(&u->poll);
	uv_idle_stop(&u->idle);
	u->parking.emptied = on_emptied;
	if (!u->parking.count)
		on_emptied(&u->parking);
}
