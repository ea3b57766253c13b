/*
 * What connections read. Bytes go into one buffer of the worker; only what is left of an unfinished
 * message is kept per connection, so that an idle one costs a few hundred bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/conn.h"
#include "report/limits.h"

/* At a time: a client that sends more has to wait for others. */
#define READ_SIZE 16384u
/* What can be left over: all that was read, and an unfinished message in front of it. */
#define REST_MAX (READ_SIZE + 2u + 65535u)

static __thread uint8_t *read_buffer, *plain_buffer;

bool sodns_conn_query(sodns_conn_t *c, uint64_t token, const uint8_t *message, size_t len)
{
	slot_t *s;
	if (c->limits.queries && c->queries >= c->limits.queries)
		return false;
	if (c->in_flight >= c->limits.in_flight || conn_pending(c) >= PENDING_MAX) {
		if (!c->stalled)
			limit_reached(c->in_flight >= c->limits.in_flight ? LIMIT_PIPELINE
									  : LIMIT_UNREAD,
				      1);
		c->stalled = true;
		return false;
	}
	if (!(s = batch_slot(c->worker)))
		return false;
	s->packet_len = (uint32_t)(len > PACKET_MAX ? 12 : len);
	memcpy(s->packet, message, len > PACKET_MAX ? 12 : len);
	s->send = conn_send;
	/* A request over HTTP has one answer. */
	bool one = c->transport->protocol == SODNS_HTTPS || c->transport->protocol == SODNS_GRPC;
	s->send_more = one ? NULL : conn_send_more;
	s->channel = c;
	s->listener = c->listener;
	s->token = token;
	s->shared.parking = NULL;
	s->q.protocol = (uint8_t)c->transport->protocol;
	s->peer = c->peer;
	s->local = c->local;
	c->in_flight++;
	c->queries++;
	c->reading = false;
	conn_rejuvenate(c);
	return true;
}

void sodns_conn_pause(sodns_conn_t *c)
{
	c->stalled = true;
}

static void keep_rest(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	uint8_t *rest = NULL;
	if (len && len <= REST_MAX && (rest = malloc(len)))
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
	if (c->worker->server->preface)
		n = c->worker->server->preface(c->listener, &p);
	c->prefaced = n >= 0;
	conn_set_peer(c, &p.peer);
	c->local = p.local;
	return n;
}

/* A connection that has brought all it may closes when the last answer has left. */
static bool exhausted(const sodns_conn_t *c)
{
	return c->limits.queries && c->queries >= c->limits.queries && c->in_flight <= 1 &&
	       !c->dirty && !conn_pending(c);
}

/* Gives the transport its bytes until it takes no more; batches run as they fill. */
static void deliver(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	worker_t *w = c->worker;
	while (!c->closing && !c->finishing && !c->lingering) {
		ptrdiff_t used = c->transport->receive(c, c->state, bytes, len);
		bool full = w->count == BATCH;
		batch_run(w);
		if (used < 0) {
			conn_close(c);
			break;
		}
		bytes += used;
		len -= (size_t)used;
		if (!full)
			break;
	}
	if (!c->closing && exhausted(c))
		conn_part(c);
	if (!c->closing)
		keep_rest(c, bytes, c->finishing || c->lingering ? 0 : len);
}

/* Decrypts, behind what is left from before. */
static void decrypt(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	size_t had = c->rest_len, n = had;
	ptrdiff_t more = 0;
	if (!plain_buffer && !(plain_buffer = malloc(REST_MAX + READ_SIZE)))
		return;
	if (had)
		memcpy(plain_buffer, c->rest, had);
	sodns_tls_input(c->tls, bytes, len);
	while (n < REST_MAX + READ_SIZE &&
	       (more = sodns_tls_read(c->tls, plain_buffer + n, REST_MAX + READ_SIZE - n)) > 0)
		n += (size_t)more;
	if (n > had)
		deliver(c, plain_buffer, n);
	if (more < 0)
		conn_close(c);
}

/* All bytes of the socket come through here: preface, TLS, transport. */
static void take(sodns_conn_t *c, const uint8_t *bytes, size_t len)
{
	if (!c->prefaced) {
		ptrdiff_t n = take_preface(c, bytes, len);
		if (n == SODNS_EBUSY) {
			keep_rest(c, bytes, len);
			return;
		}
		if (n < 0) {
			conn_close(c);
			return;
		}
		bytes += n;
		len -= (size_t)n;
		keep_rest(c, NULL, 0);
	}
	if (!len)
		return;
	if (c->tls)
		decrypt(c, bytes, len);
	else
		deliver(c, bytes, len);
}

/* After batches ran: what they and TLS had to say leaves; lets go of the connection. */
static void settle(sodns_conn_t *c)
{
	c->in_flight--;
	tcp_flush(c->worker);
	if (!c->closing && c->stalled)
		conn_poll(c, c->events & UV_WRITABLE);
	conn_end_if_read(c);
	conn_release(c);
}

void conn_end_if_read(sodns_conn_t *c)
{
	if (!c->ending || c->owed > 0 || c->stalled || c->finishing)
		return;
	c->finishing = true;
	conn_poll(c, c->events & UV_WRITABLE);
}

void conn_read(sodns_conn_t *c)
{
	/* Under TLS what is left over is plain text, and goes in front later. */
	size_t had = c->tls && c->prefaced ? 0 : c->rest_len;
	if (!read_buffer && !(read_buffer = malloc(REST_MAX + READ_SIZE)))
		return;
	if (had)
		memcpy(read_buffer, c->rest, had);
	size_t size = READ_SIZE;
	if (c->ending && c->owed < (int)READ_SIZE)
		size = (size_t)c->owed;
	ssize_t n = recv(c->fd, read_buffer + had, size, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	c->owed -= c->ending ? (int)n : 0;
	c->much = n == READ_SIZE;
	c->heard = sodns_now();
	c->in_flight++; /* holds the connection while batches run */
	take(c, read_buffer, had + (size_t)n);
	/* A message that comes byte by byte has the time of one message in all. */
	if (!c->reading && c->rest_len && !c->stalled) {
		c->reading = true;
		conn_set_deadline(c, c->limits.read_ms);
	}
	settle(c);
}

void conn_discard(sodns_conn_t *c)
{
	uint8_t bytes[4096];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_close(c);
}

static void resume(void *arg)
{
	sodns_conn_t *c = arg;
	uint8_t *rest = c->rest;
	size_t len = c->rest_len;
	c->resuming = false;
	c->rest = NULL;
	c->rest_len = 0;
	if (!c->closing)
		deliver(c, rest, len);
	free(rest);
	if (!c->closing && !c->stalled && !c->finishing && !c->lingering)
		conn_poll(c, c->events | UV_READABLE);
	settle(c);
}

void conn_resume(sodns_conn_t *c)
{
	c->stalled = false;
	if (c->resuming || c->closing)
		return;
	c->resuming = true;
	c->in_flight++;
	loop_post(&c->worker->loop, resume, c);
}
