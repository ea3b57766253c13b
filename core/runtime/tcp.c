/*
 * Connections. Bytes are read into one buffer of the worker; only what is left of an unfinished
 * message is kept per connection, so that an idle one costs a few hundred bytes. Replies gather in
 * the connection while a batch runs and leave in one write.
 */
#include "runtime/tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/address.h"

#define READ_SIZE 65536u
/* A client that reads no answers gets no more queries read. */
#define PENDING_MAX 262144u
#define TICK_MS 250u

_Atomic(uint64_t) tcp_refused;

struct sender {
	struct sender *next;
	task_t *task;
};

struct sodns_conn {
	struct sodns_conn *next, *previous; /* all of the worker's */
	struct sodns_conn *next_dirty;
	worker_t *worker;
	uv_poll_t poll;
	int fd;
	const sodns_transport_t *transport;
	tcp_limits_t limits;
	void *listener;
	sodns_address_t peer, local;
	uint64_t deadline; /* ns: closed by the tick when it has passed */
	unsigned in_flight;
	uint32_t queries; /* that it brought so far */
	bool dirty, closing, stalled, prefaced, waking;
	int events;
	struct sender *senders; /* tasks that wait until what is pending has left */
	uint8_t *rest;          /* of an unfinished message */
	size_t rest_len;
	uint8_t *out;
	size_t out_len, out_room, out_at;
	_Alignas(16) uint8_t state[];
};

static __thread uint8_t *read_buffer;

static void set_deadline(sodns_conn_t *c, uint32_t ms)
{
	c->deadline = sodns_now() + (uint64_t)ms * 1000000u;
}

static void conn_free(uv_handle_t *h)
{
	sodns_conn_t *c = h->data;
	close(c->fd);
	free(c->rest);
	free(c->out);
	free(c);
}

static void conn_release(sodns_conn_t *c)
{
	if (c->closing && !c->in_flight && !c->dirty)
		uv_close((uv_handle_t *)&c->poll, conn_free);
}

/* From the base: only there a task can be gone on with. The connection is held meanwhile. */
static void wake_senders(void *arg)
{
	sodns_conn_t *c = arg;
	struct sender *s = c->senders;
	c->senders = NULL;
	c->waking = false;
	while (s) {
		struct sender *next = s->next;
		task_wake(s->task, SODNS_OK);
		s = next;
	}
	c->in_flight--;
	conn_release(c);
}

static void call_senders(sodns_conn_t *c)
{
	if (!c->senders || c->waking)
		return;
	c->waking = true;
	c->in_flight++;
	loop_post(&c->worker->loop, wake_senders, c);
}

static void conn_close(sodns_conn_t *c)
{
	worker_t *w = c->worker;
	if (c->closing)
		return;
	c->closing = true;
	if (c->transport->close)
		c->transport->close(c, c->state);
	uv_poll_stop(&c->poll);
	if (c->previous)
		c->previous->next = c->next;
	else
		w->conns = c->next;
	if (c->next)
		c->next->previous = c->previous;
	w->conn_count--;
	call_senders(c);
	shutdown(c->fd, SHUT_RDWR);
	conn_release(c);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void poll_for(sodns_conn_t *c, int events)
{
	if (c->closing || c->events == events)
		return;
	c->events = events;
	if (events)
		uv_poll_start(&c->poll, events, on_ready);
	else
		uv_poll_stop(&c->poll);
}

static void flush(sodns_conn_t *c)
{
	while (c->out_at < c->out_len && !c->closing) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			set_deadline(c, c->limits.write_ms);
			poll_for(c,
				 UV_WRITABLE |
					 (c->out_len - c->out_at < PENDING_MAX ? UV_READABLE : 0));
			return;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			conn_close(c);
			return;
		}
		c->out_at += (size_t)n;
	}
	c->out_len = c->out_at = 0;
	call_senders(c);
	if (c->out_room > 4096) {
		free(c->out);
		c->out = NULL;
		c->out_room = 0;
	}
	set_deadline(c, c->limits.idle_ms);
	if (c->limits.queries && c->queries >= c->limits.queries && !c->in_flight)
		conn_close(c);
	else
		poll_for(c, UV_READABLE);
}

void sodns_conn_write(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	if (c->closing)
		return;
	if (c->out_len + len > c->out_room) {
		size_t room = (c->out_len + len) * 2;
		uint8_t *more = realloc(c->out, room < 512 ? 512 : room);
		if (!more) {
			conn_close(c);
			return;
		}
		c->out = more;
		c->out_room = room < 512 ? 512 : room;
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
	if (!c->dirty) {
		c->dirty = true;
		c->next_dirty = c->worker->dirty;
		c->worker->dirty = c;
	}
}

void tcp_flush(worker_t *w)
{
	while (w->dirty) {
		sodns_conn_t *c = w->dirty;
		w->dirty = c->next_dirty;
		c->dirty = false;
		if (c->closing)
			conn_release(c);
		else
			flush(c);
	}
}

static void conn_send(slot_t *s, uint8_t *packet, size_t len)
{
	sodns_conn_t *c = s->channel;
	c->in_flight--;
	if (c->closing) {
		conn_release(c);
		return;
	}
	if (len)
		c->transport->reply(c, c->state, s->token, packet, len);
	c->stalled = false;
	/* The answer of a query that waited leaves with no batch. */
	if (s->shared.parked)
		tcp_flush(c->worker);
}

static bool too_much_pending(const sodns_conn_t *c)
{
	return c->out_len - c->out_at > PENDING_MAX;
}

/* Until somebody wakes the connection's senders. */
static int wait_as_sender(sodns_conn_t *c)
{
	struct sender me = {c->senders, task_current()};
	c->senders = &me;
	if (!too_much_pending(c))
		call_senders(c);
	int rc = task_wait(UINT32_MAX);
	for (struct sender **at = &c->senders; *at; at = &(*at)->next)
		if (*at == &me) {
			*at = me.next;
			break;
		}
	return rc;
}

/* Lets others have their turn after each message, and waits while more is pending than a client may
 * leave unread. */
static int conn_send_more(slot_t *s, uint8_t *packet, size_t len)
{
	sodns_conn_t *c = s->channel;
	int rc;
	if (c->closing)
		return SODNS_CANCELLED;
	if (len)
		c->transport->reply(c, c->state, s->token, packet, len);
	do {
		tcp_flush(c->worker);
		rc = c->closing ? SODNS_CANCELLED : wait_as_sender(c);
	} while (!rc && !c->closing && too_much_pending(c));
	return c->closing ? SODNS_CANCELLED : rc;
}

bool sodns_conn_query(sodns_conn_t *c, uint64_t token, const uint8_t *message, size_t len)
{
	slot_t *s;
	if (c->limits.queries && c->queries >= c->limits.queries)
		return false;
	if (c->in_flight >= c->limits.in_flight) {
		c->stalled = true;
		return false;
	}
	if (!(s = batch_slot(c->worker)))
		return false;
	s->packet_len = (uint32_t)(len > PACKET_MAX ? 12 : len);
	memcpy(s->packet, message, len > PACKET_MAX ? 12 : len);
	s->send = conn_send;
	s->send_more = conn_send_more;
	s->channel = c;
	s->listener = c->listener;
	s->token = token;
	s->shared.parking = NULL;
	s->q.protocol = (uint8_t)c->transport->protocol;
	s->peer = c->peer;
	s->local = c->local;
	c->in_flight++;
	c->queries++;
	return true;
}

static void keep_rest(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	uint8_t *rest = NULL;
	if (len && (rest = malloc(len)))
		memcpy(rest, bytes, len);
	free(c->rest);
	c->rest = rest;
	c->rest_len = rest ? len : 0;
	if (len && !rest)
		conn_close(c);
}

/* What stands before the transport's own bytes, such as a PROXY header: how much of it there is.
 * Negative: not all of it is there yet (SODNS_EBUSY), or the connection is not wanted. */
static ptrdiff_t take_preface(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	sodns_packet_t p = {.bytes = bytes,
			    .len = len,
			    .peer = c->peer,
			    .local = c->local,
			    .protocol = c->transport->protocol};
	ptrdiff_t n = 0;
	if (!c->prefaced && c->worker->server->preface)
		n = c->worker->server->preface(c->listener, &p);
	c->prefaced = n >= 0;
	c->peer = p.peer;
	c->local = p.local;
	return n;
}

/* A connection that has brought all it may closes when the last answer has left. */
static bool exhausted(const sodns_conn_t *c)
{
	return c->limits.queries && c->queries >= c->limits.queries && c->in_flight <= 1 &&
	       !c->dirty && c->out_at == c->out_len;
}

/* Gives the transport its bytes until it takes no more; batches run as they fill. */
static void deliver(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	worker_t *w = c->worker;
	ptrdiff_t preface = take_preface(c, bytes, len);
	if (preface < 0 && preface != SODNS_EBUSY) {
		conn_close(c);
		return;
	}
	bytes += preface > 0 ? preface : 0;
	len -= preface > 0 ? (size_t)preface : 0;
	c->in_flight++; /* holds the connection while batches run */
	while (!c->closing && preface >= 0) {
		ptrdiff_t used = c->transport->receive(c, c->state, bytes, len);
		bool full = w->count == BATCH;
		batch_run(w);
		if (used < 0) {
			conn_close(c);
			break;
		}
		bytes += used;
		len -= (size_t)used;
		if (!full || !len)
			break;
	}
	if (!c->closing && exhausted(c))
		conn_close(c);
	if (!c->closing)
		keep_rest(c, bytes, len);
	c->in_flight--;
	conn_release(c);
}

static void on_bytes(sodns_conn_t *c)
{
	size_t had = c->rest_len;
	if (!read_buffer && !(read_buffer = malloc(READ_SIZE * 2 + 2)))
		return;
	if (had)
		memcpy(read_buffer, c->rest, had);
	ssize_t n = recv(c->fd, read_buffer + had, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	/* A message that comes byte by byte has the time of one message in all. */
	if (!had)
		set_deadline(c, c->limits.read_ms);
	deliver(c, read_buffer, had + (size_t)n);
	if (!c->closing && c->stalled)
		poll_for(c, c->events & UV_WRITABLE);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	sodns_conn_t *c = poll->data;
	if (status < 0) {
		conn_close(c);
		return;
	}
	if (events & UV_WRITABLE)
		flush(c);
	if (events & UV_READABLE && !c->closing)
		on_bytes(c);
}

/* Closes what has overstayed; takes up again what was stalled by too many queries in flight. */
static void on_tick(uv_timer_t *timer)
{
	worker_t *w = timer->data;
	uint64_t now = sodns_now();
	for (sodns_conn_t *c = w->conns, *next; c; c = next) {
		next = c->next;
		if (now > c->deadline && !c->in_flight) {
			conn_close(c);
		} else if (!c->stalled && c->rest_len && !(c->events & UV_READABLE) &&
			   c->out_len < PENDING_MAX) {
			poll_for(c, c->events | UV_READABLE);
		}
	}
	if (!w->conns)
		uv_timer_stop(timer);
}

static void conn_open(tcp_listener_t *l, int fd, const struct sockaddr_storage *from)
{
	worker_t *w = l->worker;
	struct sockaddr_storage own;
	socklen_t own_len = sizeof(own);
	sodns_conn_t *c = calloc(1, sizeof(*c) + l->transport->state_size);
	if (w->conn_count >= l->limits.connections || !c ||
	    uv_poll_init(&w->loop.uv, &c->poll, fd)) {
		atomic_fetch_add_explicit(&tcp_refused, 1, memory_order_relaxed);
		free(c);
		close(fd);
		return;
	}
	c->poll.data = c;
	c->worker = w;
	c->fd = fd;
	c->transport = l->transport;
	c->limits = l->limits;
	c->listener = l->listener;
	address_from_sockaddr((const struct sockaddr *)(const void *)from, &c->peer);
	if (!getsockname(fd, (struct sockaddr *)(void *)&own, &own_len))
		address_from_sockaddr((const struct sockaddr *)(const void *)&own, &c->local);
	c->next = w->conns;
	if (c->next)
		c->next->previous = c;
	w->conns = c;
	if (!w->conn_count++) {
		w->tick.data = w;
		if (!w->tick.loop)
			uv_timer_init(&w->loop.uv, &w->tick);
		uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
	}
	set_deadline(c, c->limits.read_ms);
	if (c->transport->open && c->transport->open(c, c->state))
		conn_close(c);
	else
		poll_for(c, UV_READABLE);
}

static bool accept_one(tcp_listener_t *l)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int fd = accept4(l->fd, (struct sockaddr *)(void *)&from, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return false;
	conn_open(l, fd, &from);
	return true;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	tcp_listener_t *l = poll->data;
	(void)events;
	for (unsigned i = 0; i < 64 && status >= 0 && accept_one(l); i++)
		;
}

tcp_listener_t *tcp_open(worker_t *w, int fd, const sodns_address_t *bound,
			 const sodns_transport_t *transport, const tcp_limits_t *limits,
			 void *listener)
{
	tcp_listener_t *l = calloc(1, sizeof(*l));
	if (!l || uv_poll_init(&w->loop.uv, &l->poll, fd)) {
		free(l);
		return NULL;
	}
	*l = (tcp_listener_t){.next = w->tcp,
			      .worker = w,
			      .poll = l->poll,
			      .fd = fd,
			      .bound = *bound,
			      .transport = transport,
			      .limits = *limits,
			      .listener = listener};
	l->poll.data = l;
	w->tcp = l;
	uv_poll_start(&l->poll, UV_READABLE, on_connection);
	return l;
}

static void listener_closed(uv_handle_t *h)
{
	tcp_listener_t *l = h->data;
	close(l->fd);
	if (l->closed)
		l->closed(l->listener);
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
	while (accept_one(l))
		;
	uv_poll_stop(&l->poll);
	uv_close((uv_handle_t *)&l->poll, listener_closed);
}

void tcp_close_idle(worker_t *w, const void *listener)
{
	for (sodns_conn_t *c = w->conns, *next; c; c = next) {
		next = c->next;
		if ((!listener || c->listener == listener) && !c->in_flight && !c->rest_len &&
		    !c->out_len)
			conn_close(c);
	}
}
