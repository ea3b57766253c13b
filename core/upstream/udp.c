/*
 * Asking over UDP. Of the sockets that are open for new questions one is taken by chance, an idle one
 * where there is one, so that knowing one port is not knowing the next one's; a socket is replaced when it
 * has been used up. One recvmmsg reads what several questions were answered with.
 *
 * A forger of answers profits from many questions for one name, each of which has an id and a port to
 * be hit, and from a port at which it may try all ids: both have an end, behind which is TCP.
 */
#include "upstream/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "report/limits.h"
#include "system/random.h"

#define RECEIVE 16u
#define DATAGRAM_MAX 65536u
/* Places that are looked at for an idle one. */
#define CHOICES 3u
/* Names meet in a place by chance only: the hash has a key. */
#define NAMES 65536u

static _Atomic(uint8_t) names[NAMES];
static _Atomic(unsigned) sockets;

/* A place among the questions of a name that are in flight over UDP. False: there is none. */
static bool upstream_count_name(sodns_exchange_t *x)
{
	uint64_t hash;
	if (!upstream_question_hash(x, &hash))
		return true;
	own(x)->name_slot = (uint16_t)(hash % NAMES);
	_Atomic(uint8_t) *count = &names[own(x)->name_slot];
	uint8_t now = atomic_load_explicit(count, memory_order_relaxed);
	do
		if (now >= SAME_NAME_MAX)
			return false;
	while (!atomic_compare_exchange_weak_explicit(count, &now, (uint8_t)(now + 1),
						      memory_order_relaxed, memory_order_relaxed));
	own(x)->counted = true;
	return true;
}

void upstream_uncount_name(sodns_exchange_t *x)
{
	if (own(x)->counted)
		atomic_fetch_sub_explicit(&names[own(x)->name_slot], 1, memory_order_relaxed);
	own(x)->counted = false;
}

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

/* An ICMP error tells that nothing listens there, for all that the socket asked. */
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

/* A forger tries ids at this port: what is asked there is asked over TCP instead. */
static void leave_port(carrier_t *c)
{
	c->retired = true;
	while (!c->closed && c->exchanges) {
		sodns_exchange_t *x = c->exchanges;
		lane_t *l = c->lane;
		exchange_unhang(x);
		x->forged = true;
		x->exact = false;
		x->protocol = SODNS_TCP;
		upstream_send_stream(l, x);
	}
	if (!c->closed)
		carrier_close(c);
}

/* Late answers are no guesses, as far as there are any to come. */
static void note_stranger(carrier_t *c)
{
	if (++c->strangers > STRANGERS_MAX + c->left)
		leave_port(c);
}

static void take(carrier_t *c, const uint8_t *message, size_t len)
{
	enum question question;
	sodns_exchange_t *x = exchange_find(c, message, len, &question);
	if (!x)
		upstream_unwanted(c->lane->upstream, UNWANTED_ID);
	else
		exchange_receive(x, message, len, question);
	if (!c->closed && (!x || question == QUESTION_OTHER))
		note_stranger(c);
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
	/* No more than is asked for: most sockets have one question, and looking for a second answer would
	 * cost as much as the first. What went wrong is told by the socket, not by the poller's status. */
	unsigned most = c->in_flight < 1 ? 1 : c->in_flight < RECEIVE ? c->in_flight : RECEIVE;
	int n = recvmmsg(c->fd, r->message, most, MSG_DONTWAIT, NULL);
	if (n < 0 && (status < 0 || (errno != EAGAIN && errno != EINTR)))
		fail_all(c, errno == EAGAIN ? EIO : errno);
	if (n <= 0)
		return;
	loop_t *l = c->lane->loop;
	c->last = sodns_now();
	bool left = loop_leaves_base(l, c->last);
	for (int i = 0; i < n && !c->closed; i++)
		take(c, r->bytes[i], r->message[i].msg_len);
	if (left)
		loop_is_back(l);
}

void upstream_socket_closed(void)
{
	atomic_fetch_sub_explicit(&sockets, 1, memory_order_relaxed);
}

/* A quarter of what the process may have open, so that there is room for clients. */
static bool too_many_sockets(void)
{
	static _Atomic(unsigned) most;
	struct rlimit r;
	if (!atomic_load_explicit(&most, memory_order_relaxed))
		atomic_store(&most, getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur > 1u << 20
					    ? 1u << 18
					    : (unsigned)r.rlim_cur / 4 + 1);
	return atomic_load_explicit(&sockets, memory_order_relaxed) >=
	       atomic_load_explicit(&most, memory_order_relaxed);
}

static carrier_t *open_socket(lane_t *l)
{
	carrier_t *c = carrier_new(l, carrier_connect(l->upstream, SOCK_DGRAM), false, &l->sockets);
	if (!c)
		return NULL;
	atomic_fetch_add_explicit(&sockets, 1, memory_order_relaxed);
	uv_poll_start(&c->poll, UV_READABLE, on_readable);
	return c;
}

static bool used_up(const carrier_t *c, uint64_t now)
{
	return c->retired || c->used >= SOCKET_USES || now - c->opened > SOCKET_AGE_NS;
}

/* A place by chance: with nothing in flight, or the least of a few. When many are in flight they share
 * fewer ports, so that several answers are read at a time. */
static carrier_t **choose_place(lane_t *l)
{
	carrier_t **best = NULL;
	unsigned places = l->asked < LANE_BUSY ? LANE_SOCKETS : LANE_SHARED;
	for (unsigned i = 0; i < CHOICES; i++) {
		carrier_t **at = &l->open[random_id() % places];
		if (!*at || !(*at)->in_flight)
			return at;
		if (!best || (*at)->in_flight < (*best)->in_flight)
			best = at;
	}
	return best;
}

/* One that is there: where no other may be opened it is used longer than it should be. */
static carrier_t *any_socket(const lane_t *l)
{
	for (carrier_t *c = l->sockets; c; c = c->next)
		if (!c->retired)
			return c;
	return NULL;
}

static carrier_t *take_socket(lane_t *l, sodns_exchange_t *x)
{
	carrier_t **at = choose_place(l), *c = *at;
	bool worn = c && used_up(c, x->began);
	x->reused = true;
	if (c && !worn)
		return c;
	if (too_many_sockets() && (c || (c = any_socket(l))) && !c->retired)
		return c;
	if (worn) {
		*at = NULL;
		carrier_retire(c);
	}
	x->reused = false;
	if ((c = open_socket(l))) {
		c->place = (uint16_t)(at - l->open);
		*at = c;
	} else if ((errno == EMFILE || errno == ENFILE) && (c = any_socket(l))) {
		x->reused = true;
	}
	return c;
}

void upstream_send_udp(lane_t *l, sodns_exchange_t *x)
{
	if (!upstream_count_name(x)) {
		limit_reached(LIMIT_SAME_NAME, 1);
		x->exact = false;
		x->protocol = SODNS_TCP;
		upstream_send_stream(l, x);
		return;
	}
	carrier_t *c = take_socket(l, x);
	if (!c) {
		x->error = errno;
		upstream_uncount_name(x);
		exchange_done(x, SODNS_EIO);
		return;
	}
	x->connecting = false;
	exchange_hang(x, c);
	ssize_t n = send(c->fd, x->query, x->len, MSG_DONTWAIT);
	/* What an earlier question met is told once, to the one that sends next. */
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
