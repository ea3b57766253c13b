/*
 * What connections write. Replies gather while a batch runs and leave in one write, and in one TLS
 * record where there is TLS.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/conn.h"
#include "report/limits.h"

#define KEEP_ROOM 4096u
/* What the socket of a stream takes beyond what is on its way to the client. */
#define UNSENT_MAX 131072
/* A client that takes less than SLOW_BYTES of a stream in this time is given up. */
#define SLOW_NS 4000000000u

static bool append(pending_t *p, const uint8_t *bytes, size_t len)
{
	if (p->len + len > p->room) {
		size_t room = (p->len + len) * 2;
		uint8_t *more = realloc(p->bytes, room < 512 ? 512 : room);
		if (!more)
			return false;
		p->bytes = more;
		p->room = room < 512 ? 512 : room;
	}
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
	return true;
}

static void empty(pending_t *p)
{
	p->len = p->at = 0;
	if (p->room > KEEP_ROOM) {
		free(p->bytes);
		*p = (pending_t){0};
	}
}

static void make_dirty(sodns_conn_t *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->worker->dirty;
	c->worker->dirty = c;
}

/* What can't be kept: the transport may be in the middle of something. */
static void fail_later(sodns_conn_t *c)
{
	c->failed = true;
	make_dirty(c);
}

static void write_to(sodns_conn_t *c, pending_t *p, const uint8_t *bytes, size_t len)
{
	if (append(p, bytes, len))
		make_dirty(c);
	else
		fail_later(c);
}

void conn_write_out(void *conn, const uint8_t *bytes, size_t len)
{
	sodns_conn_t *c = conn;
	if (c->closing)
		append(&c->out, bytes, len);
	else
		write_to(c, &c->out, bytes, len);
}

void sodns_conn_write(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	if (!c->closing)
		write_to(c, c->tls ? &c->plain : &c->out, bytes, len);
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

void conn_call_senders(sodns_conn_t *c)
{
	if (!c->senders || c->waking)
		return;
	c->waking = true;
	c->in_flight++;
	loop_post(&c->worker->loop, wake_senders, c);
}

static bool exhausted(const sodns_conn_t *c)
{
	return c->finishing || (c->limits.queries && c->queries >= c->limits.queries);
}

void conn_count_unread(sodns_conn_t *c, size_t bytes)
{
	c->worker->unread += bytes - c->unread;
	c->unread = bytes;
}

/* More than its part of what all may leave unread. */
static bool takes_too_much(const sodns_conn_t *c)
{
	const worker_t *w = c->worker;
	return w->unread > unread_limit && c->unread > unread_limit / (w->conn_count + 1);
}

static size_t unread_of(const sodns_conn_t *c)
{
	return conn_pending(c) + c->held;
}

void sodns_conn_held(sodns_conn_t *c, size_t bytes)
{
	c->held = bytes;
	if (c->closing)
		return;
	conn_count_unread(c, unread_of(c));
	if (!takes_too_much(c) || c->failed)
		return;
	limit_reached(LIMIT_UNREAD_BYTES, 1);
	fail_later(c);
}

/* A client that takes next to nothing has no more time for it. */
static void set_write_deadline(sodns_conn_t *c)
{
	if (c->write_deadline && c->sent - c->sent_then < SLOW_BYTES)
		return;
	c->write_deadline = sodns_now() + (uint64_t)c->limits.write_ms * 1000000u;
	c->sent_then = c->sent;
}

/* The socket takes no more for now: it has the time of a reply to take some. */
static void wait_for_room(sodns_conn_t *c)
{
	conn_count_unread(c, unread_of(c));
	if (takes_too_much(c)) {
		limit_reached(LIMIT_UNREAD_BYTES, 1);
		conn_close(c);
		return;
	}
	bool full = conn_pending(c) >= PENDING_MAX;
	set_write_deadline(c);
	/* A stream's sender waits for its client as a matter of course. */
	if (full && c->events & UV_READABLE && !c->streaming)
		limit_reached(LIMIT_UNREAD, 1);
	conn_poll(c, UV_WRITABLE | (full ? 0 : UV_READABLE));
	if (conn_pending(c) < PENDING_MAX / 2)
		conn_call_senders(c);
}

static void encrypt(sodns_conn_t *c)
{
	if (!c->tls || !c->plain.len || !sodns_tls_ready(c->tls))
		return;
	if (sodns_tls_write(c->tls, c->plain.bytes, c->plain.len))
		conn_close(c);
	empty(&c->plain);
}

void conn_flush(sodns_conn_t *c)
{
	if (c->failed) {
		conn_close(c);
		return;
	}
	encrypt(c);
	while (c->out.at < c->out.len && !c->closing) {
		ssize_t n = send(c->fd, c->out.bytes + c->out.at, c->out.len - c->out.at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			wait_for_room(c);
			return;
		}
		if (n < 0 && errno != EINTR)
			conn_close(c);
		c->out.at += n > 0 ? (size_t)n : 0;
		c->sent += n > 0 ? (size_t)n : 0;
	}
	if (c->closing || c->lingering)
		return;
	empty(&c->out);
	conn_count_unread(c, unread_of(c));
	conn_call_senders(c);
	c->write_deadline = 0;
	/* Handshakes, and what a transport says of its own, give no client more time. */
	if (c->answered) {
		c->answered = false;
		c->reading = c->rest_len && !c->stalled;
		conn_set_deadline(c, c->reading ? c->limits.read_ms : c->limits.idle_ms);
	}
	if (c->stalled)
		conn_resume(c);
	if (exhausted(c) && !c->in_flight)
		conn_part(c);
	else
		conn_poll(c, c->finishing || c->stalled ? 0 : UV_READABLE);
}

void tcp_flush(worker_t *w)
{
	while (w->dirty) {
		sodns_conn_t *c = w->dirty;
		w->dirty = c->next_dirty;
		if (!c->closing)
			conn_flush(c);
		c->dirty = false;
		conn_release(c);
	}
}

void conn_send(slot_t *s, uint8_t *packet, size_t len)
{
	sodns_conn_t *c = s->channel;
	/* A transport may have something to say even to a query that gets no answer. */
	if (!c->closing)
		c->transport->reply(c, c->state, s->token, packet, len);
	c->answers += len > 0;
	c->answered = true;
	c->in_flight--;
	if (c->stalled)
		conn_resume(c);
	/* The answer of a query that waited leaves with no batch. */
	if (s->shared.parked)
		tcp_flush(c->worker);
	/* Also of a client that has gone while its query waited, and to which nothing was to be sent. */
	conn_release(c);
}

/* Bytes that the client has not taken yet: here and in the socket. */
static size_t untaken(const sodns_conn_t *c)
{
	int queued = 0;
	ioctl(c->fd, SIOCOUTQ, &queued);
	return conn_pending(c) + (size_t)queued;
}

/* A socket that takes megabytes from us would not tell for long whether its client reads. */
static void begin_stream(sodns_conn_t *c)
{
	const int unsent = UNSENT_MAX;
	if (!c->streaming)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	c->streaming = true;
}

/* Until the connection's senders are woken. */
static int wait_as_sender(sodns_conn_t *c)
{
	struct sender me = {c->senders, task_current()};
	c->senders = &me;
	if (conn_pending(c) <= PENDING_MAX)
		conn_call_senders(c);
	int rc = task_wait(UINT32_MAX);
	for (struct sender **at = &c->senders; *at; at = &(*at)->next)
		if (*at == &me) {
			*at = me.next;
			break;
		}
	return rc;
}

/* Lets others have their turn after each message, and waits while more is pending than a client may
 * leave unread. One that takes some of it has more time. */
int conn_send_more(slot_t *s, uint8_t *packet, size_t len)
{
	sodns_conn_t *c = s->channel;
	int rc;
	if (c->closing)
		return SODNS_ECANCELLED;
	begin_stream(c);
	if (len)
		c->transport->reply(c, c->state, s->token, packet, len);
	size_t before = untaken(c);
	do {
		tcp_flush(c->worker);
		rc = c->closing ? SODNS_ECANCELLED : wait_as_sender(c);
		size_t left = c->closing ? before : untaken(c);
		if (rc == SODNS_ETIMEOUT && left + SLOW_BYTES <= before) {
			query_extend(&s->q, sodns_now() + SLOW_NS);
			before = left;
			rc = SODNS_OK;
		}
	} while (!rc && !c->closing && conn_pending(c) > PENDING_MAX);
	return c->closing ? SODNS_ECANCELLED : rc;
}
