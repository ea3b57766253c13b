/*
 * Asking over UDP. Of the few sockets that are open for new questions one is taken by chance, so that
 * who knows one port does not know the next one's; a socket is replaced when it has been used up. One
 * recvmmsg reads what several questions were answered with.
 */
#include "runtime/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/limits.h"
#include "runtime/random.h"

#define RECEIVE 16u
#define DATAGRAM_MAX 65536u

/* Of the thread: made when it first asks. Pages that no answer reached are not touched. */
struct receiver {
	struct mmsghdr message[RECEIVE];
	struct iovec iov[RECEIVE];
	uint8_t bytes[RECEIVE][DATAGRAM_MAX];
};

static struct receiver *receiver(void)
{
	static __thread struct receiver *mine;
	if (mine || !(mine = malloc(sizeof(*mine))))
		return mine;
	for (unsigned i = 0; i < RECEIVE; i++) {
		mine->iov[i] = (struct iovec){mine->bytes[i], DATAGRAM_MAX};
		mine->message[i].msg_hdr = (struct msghdr){.msg_iov = &mine->iov[i],
							   .msg_iovlen = 1};
	}
	return mine;
}

/* An ICMP error tells that nobody is there, for all that the socket asked. */
static void fail_all(carrier_t *c, int error)
{
	carrier_retire(c);
	while (!c->closed && c->exchanges) {
		sodns_exchange_t *x = c->exchanges;
		x->error = error;
		exchange_note_local(x);
		exchange_unhang(x);
		exchange_done(x, SODNS_EIO);
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	carrier_t *c = poll->data;
	struct receiver *r = receiver();
	(void)events;
	if (!r) {
		fail_all(c, ENOMEM);
		return;
	}
	/* What went wrong is told by the socket, not by the poller's status. */
	int n = recvmmsg(c->fd, r->message, RECEIVE, MSG_DONTWAIT, NULL);
	if (n < 0 && (status < 0 || (errno != EAGAIN && errno != EINTR)))
		fail_all(c, errno == EAGAIN ? EIO : errno);
	if (n <= 0)
		return;
	c->last = sodns_now();
	for (int i = 0; i < n && !c->closed; i++) {
		enum question question;
		size_t len = r->message[i].msg_len;
		sodns_exchange_t *x = exchange_find(c, r->bytes[i], len, &question);
		if (x)
			exchange_receive(x, r->bytes[i], len, question);
	}
}

static carrier_t *open_socket(lane_t *l)
{
	carrier_t *c = carrier_new(l, carrier_connect(l->upstream, SOCK_DGRAM), false, &l->sockets);
	if (c)
		uv_poll_start(&c->poll, UV_READABLE, on_readable);
	return c;
}

static bool used_up(const carrier_t *c, uint64_t now)
{
	return c->retired || c->used >= SOCKET_USES || now - c->opened > SOCKET_AGE_NS;
}

static carrier_t *take_socket(lane_t *l, sodns_exchange_t *x)
{
	carrier_t **at = &l->open[random_id() % LANE_SOCKETS];
	if (*at && used_up(*at, x->began)) {
		carrier_t *old = *at;
		*at = NULL;
		carrier_retire(old);
	}
	x->reused = *at != NULL;
	if (!*at)
		*at = open_socket(l);
	return *at;
}

void upstream_send_udp(lane_t *l, sodns_exchange_t *x)
{
	carrier_t *c = take_socket(l, x);
	if (!c) {
		x->error = errno;
		exchange_done(x, SODNS_EIO);
		return;
	}
	x->connecting = false;
	exchange_hang(x, c);
	ssize_t n = send(c->fd, x->query, x->len, MSG_DONTWAIT);
	/* What an earlier question met is told once, to whoever sends next. */
	if (n < 0 && errno == ECONNREFUSED && c->in_flight > 1)
		n = send(c->fd, x->query, x->len, MSG_DONTWAIT);
	/* A full queue loses the question, as the network may. */
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
		limit_reached(LIMIT_SEND, 1);
	if (n >= 0 || errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return;
	x->error = errno;
	exchange_note_local(x);
	exchange_unhang(x);
	exchange_done(x, SODNS_EIO);
	carrier_retire(c);
}
