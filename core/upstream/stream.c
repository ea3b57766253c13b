/*
 * Asking over connections: two bytes of length and a message (RFC 1035, 4.2.2; RFC 7766). A question
 * takes a connection that is idle, or a new one, or the one with the fewest in flight. What is
 * written gathers while a connection is being made.
 */
#include "upstream/upstream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_SIZE 65536u
/* An answer may be 65535 bytes. */
#define FRAME_MAX (QUERY_MAX + 2)
#define ANSWER_MAX 65537u
/* More than this is not kept between messages. */
#define KEEP_ROOM 4096u

static void on_ready(uv_poll_t *poll, int status, int events);

static void poll_for(carrier_t *c, int events)
{
	if (c->closed || c->events == events)
		return;
	c->events = events;
	uv_poll_start(&c->poll, events, on_ready);
}

static bool reserve(uint8_t **bytes, size_t *room, size_t want)
{
	if (want <= *room)
		return true;
	size_t bigger = want < 512 ? 512 : want * 2;
	uint8_t *more = realloc(*bytes, bigger);
	if (!more)
		return false;
	*bytes = more;
	*room = bigger;
	return true;
}

/* Gathers bytes for the socket; also what TLS has to say for itself. */
static void put(void *arg, const uint8_t *bytes, size_t len)
{
	carrier_t *c = arg;
	if (c->closed || !reserve(&c->out, &c->out_room, c->out_len + len)) {
		c->broken = true;
		return;
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
}

static carrier_t *open_stream(lane_t *l)
{
	const sodns_upstream_t *u = l->upstream;
	carrier_t *c = carrier_new(l, carrier_connect(u, SOCK_STREAM), true, &l->streams);
	if (c && u->options.tls &&
	    !(c->tls = sodns_tls_session_to(u->options.tls, &u->options.address, u->tls_name,
					    u->https ? "h2" : NULL, put, c))) {
		carrier_close(c);
		errno = ENOMEM;
		return NULL;
	}
	if (c)
		poll_for(c, UV_WRITABLE);
	return c;
}

/* The connection for the next question, or NULL for a new one: one that is idle, or the least busy when
 * there are many. HTTP/2 is made for many questions at once, and its handshake is dear. */
static carrier_t *choose(lane_t *l, bool fresh)
{
	carrier_t *best = NULL;
	unsigned count = 0, few = l->upstream->https ? HTTPS_DEPTH : 1;
	for (carrier_t *c = l->streams; c && !fresh; c = c->next) {
		if (c->retired)
			continue;
		count++;
		if (c->in_flight < STREAM_DEPTH && (!best || c->in_flight < best->in_flight))
			best = c;
	}
	return best && (best->in_flight < few || count >= LANE_STREAMS) ? best : NULL;
}

/* The connection has failed. What it had not answered is asked once more on a fresh one if it was
 * sent on a connection kept from before: the other side may have closed that meanwhile. */
static void fail_stream(carrier_t *c, int error)
{
	lane_t *l = c->lane;
	/* To close with something unread resets the connection. */
	bool closed = !error || error == ECONNRESET || error == EPIPE;
	c->retired = true;
	while (!c->closed && c->exchanges) {
		sodns_exchange_t *x = c->exchanges;
		exchange_note_local(x);
		bool again = x->reused && !own(x)->again && closed;
		exchange_unhang(x);
		if (again) {
			own(x)->again = true;
			upstream_send_stream(l, x);
			continue;
		}
		x->error = error;
		exchange_done(x, SODNS_EIO);
	}
	carrier_close(c);
}

/* Writes what is pending. Returns false when the connection has failed (errno). */
static bool flush(carrier_t *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			poll_for(c, UV_READABLE | UV_WRITABLE);
			return true;
		}
		if (n < 0)
			return false;
		c->out_at += (size_t)n;
	}
	c->out_len = c->out_at = 0;
	if (c->out_room > KEEP_ROOM) {
		free(c->out);
		c->out = NULL;
		c->out_room = 0;
	}
	poll_for(c, UV_READABLE);
	return true;
}

/* A message behind its length, in one piece: one segment, one TLS record. */
static void put_frame(carrier_t *c, const sodns_exchange_t *x)
{
	uint8_t frame[FRAME_MAX];
	if (c->http) {
		c->broken |= !https_ask(c, x);
		return;
	}
	frame[0] = (uint8_t)(x->len >> 8);
	frame[1] = (uint8_t)x->len;
	memcpy(frame + 2, x->query, x->len);
	/* The message may have been sent elsewhere with another id since. */
	frame[2] = (uint8_t)(own(x)->id >> 8);
	frame[3] = (uint8_t)own(x)->id;
	if (!c->tls)
		put(c, frame, x->len + 2);
	else if (sodns_tls_write(c->tls, frame, x->len + 2))
		c->broken = true;
}

void upstream_forget(carrier_t *c, uint16_t id)
{
	if (!c->http || c->closed)
		return;
	https_forget(c, id);
	if (!flush(c) || c->broken)
		poll_for(c, UV_READABLE | UV_WRITABLE);
}

void upstream_send_stream(lane_t *l, sodns_exchange_t *x)
{
	carrier_t *c = x->len > QUERY_MAX ? NULL : choose(l, own(x)->again);
	errno = EMSGSIZE;
	x->reused = c != NULL;
	if (!c && x->len <= QUERY_MAX)
		c = open_stream(l);
	if (!c) {
		x->error = errno;
		exchange_done(x, SODNS_EIO);
		return;
	}
	exchange_hang(x, c);
	x->connecting = !c->connected;
	/* What is asked while a connection is made goes out when it is. A failure is seen when the loop
	 * polls next: then it can be handled for all alike. */
	if (!c->connected)
		return;
	put_frame(c, x);
	if (!flush(c) || c->broken)
		poll_for(c, UV_READABLE | UV_WRITABLE);
}

/* A message for which nothing waits (any more) is passed over. */
static void take_message(carrier_t *c, const uint8_t *message, size_t len)
{
	enum question question;
	sodns_exchange_t *x = exchange_find(c, message, len, &question);
	c->last = sodns_now();
	if (x)
		exchange_receive(x, message, len, question);
}

/* Whole messages out of the bytes; returns how many bytes they were. */
static size_t take_messages(carrier_t *c, const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	while (!c->closed && len - at >= 2) {
		size_t n = (size_t)bytes[at] << 8 | bytes[at + 1];
		if (len - at - 2 < n)
			break;
		take_message(c, bytes + at + 2, n);
		at += n + 2;
	}
	return at;
}

/* Bytes of the stream: alone if nothing is left over from before, else behind it. */
static bool take_bytes(carrier_t *c, const uint8_t *bytes, size_t len)
{
	if (!c->in_len) {
		size_t used = take_messages(c, bytes, len);
		bytes += used;
		len -= used;
	}
	if (c->closed || !len)
		return true;
	if (!reserve(&c->in, &c->in_room, c->in_len + len))
		return false;
	memcpy(c->in + c->in_len, bytes, len);
	c->in_len += len;
	size_t used = take_messages(c, c->in, c->in_len);
	if (c->closed)
		return true;
	c->in_len -= used;
	memmove(c->in, c->in + used, c->in_len);
	if (!c->in_len && c->in_room > KEEP_ROOM) {
		free(c->in);
		c->in = NULL;
		c->in_room = 0;
	}
	return c->in_len <= ANSWER_MAX;
}

/* 0 or an errno. */
static int handshake_done(carrier_t *c)
{
	bool https = c->lane->upstream->https;
	if (https && strcmp(sodns_tls_alpn(c->tls), "h2")) {
		snprintf(c->lane->why, sizeof(c->lane->why), "the server does not speak HTTP/2");
		return EPROTO;
	}
	if (https && !https_begin(c))
		return ENOMEM;
	c->connected = true;
	for (sodns_exchange_t *x = c->exchanges; x; x = own(x)->beside) {
		x->connecting = false;
		put_frame(c, x);
	}
	return 0;
}

/* What the server says first may come together with the end of the handshake. */
static int handshake_look(carrier_t *c)
{
	return c->connected || !sodns_tls_ready(c->tls) ? 0 : handshake_done(c);
}

/* What came, without its seal. False: it makes no sense, or too much of it. */
static bool take_plain(carrier_t *c, const uint8_t *bytes, size_t len)
{
	if (c->http)
		return https_input(c, bytes, len);
	if (take_bytes(c, bytes, len))
		return true;
	snprintf(c->lane->why, sizeof(c->lane->why), "an answer without end");
	return false;
}

/* 0, or the errno with which the connection fails; -1: it has ended. */
static int take_sealed(carrier_t *c, const uint8_t *bytes, size_t len)
{
	static __thread uint8_t *plain;
	ptrdiff_t n;
	if (!plain && !(plain = malloc(READ_SIZE)))
		return ENOMEM;
	sodns_tls_input(c->tls, bytes, len);
	while ((n = sodns_tls_read(c->tls, plain, READ_SIZE)) > 0) {
		int error = handshake_look(c);
		if (error)
			return error;
		if (!c->closed && !take_plain(c, plain, (size_t)n))
			return EPROTO;
	}
	if (c->closed || n == SODNS_ECANCELLED)
		return -1;
	if (n < 0) {
		snprintf(c->lane->why, sizeof(c->lane->why), "tls: %s", sodns_tls_why(c->tls));
		return EPROTO;
	}
	return handshake_look(c);
}

static void receive(carrier_t *c)
{
	static __thread uint8_t *buffer;
	if (!buffer && !(buffer = malloc(READ_SIZE))) {
		fail_stream(c, ENOMEM);
		return;
	}
	ssize_t n = recv(c->fd, buffer, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	int error = n < 0 ? errno : n ? 0 : -1;
	if (n > 0 && c->tls)
		error = take_sealed(c, buffer, (size_t)n);
	else if (n > 0 && !take_plain(c, buffer, (size_t)n))
		error = EPROTO;
	if (error && !c->closed)
		fail_stream(c, error < 0 ? 0 : error);
}

/* Of the connections that nothing is in flight on, at most max_idle are kept. */
static void keep_idle(carrier_t *c)
{
	uint32_t max = c->lane->upstream->options.max_idle, idle = 0;
	for (const carrier_t *other = c->lane->streams; max && other; other = other->next)
		idle += !other->in_flight && !other->retired;
	if (max && idle > max && !c->in_flight)
		carrier_retire(c);
}

/* What the socket met, or 0. */
static int socket_error(const carrier_t *c)
{
	int error = 0;
	socklen_t len = sizeof(error);
	return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) ? errno : error;
}

/* The TCP connection is made, or not; a TLS client has begun to speak already. */
static bool made(carrier_t *c)
{
	if (c->made)
		return true;
	int error = socket_error(c);
	if (error) {
		fail_stream(c, error);
		return false;
	}
	c->made = true;
	if (!c->tls)
		handshake_done(c);
	return true;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	carrier_t *c = poll->data;
	if (!made(c))
		return;
	int error = status < 0 ? socket_error(c) : 0;
	if (status < 0)
		fail_stream(c, error ? error : EIO);
	else if (events & UV_READABLE)
		receive(c);
	if (!c->closed && !flush(c))
		fail_stream(c, errno);
	if (!c->closed && c->broken)
		fail_stream(c, ENOMEM);
	if (!c->closed)
		keep_idle(c);
}
