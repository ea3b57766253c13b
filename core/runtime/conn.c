/*
 * The life of a connection: opened by a listener, closed by its client, by a limit or a time-out, and
 * freed when nothing of it is in flight any more.
 */
#include "runtime/conn.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/address.h"
#include "runtime/limits.h"

#define TICK_MS 250u

void conn_set_deadline(sodns_conn_t *c, uint32_t ms)
{
	c->deadline = sodns_now() + (uint64_t)ms * 1000000u;
}

static void conn_free(uv_handle_t *h)
{
	sodns_conn_t *c = h->data;
	close(c->fd);
	free(c->rest);
	free(c->plain.bytes);
	free(c->out.bytes);
	free(c);
}

void conn_release(sodns_conn_t *c)
{
	if (c->finishing && !c->closing && !c->in_flight && !c->dirty && !conn_pending(c))
		conn_close(c);
	else if (c->closing && !c->in_flight && !c->dirty &&
		 !uv_is_closing((uv_handle_t *)&c->poll))
		uv_close((uv_handle_t *)&c->poll, conn_free);
}

static void unlink_conn(sodns_conn_t *c)
{
	if (c->previous)
		c->previous->next = c->next;
	else
		c->worker->conns = c->next;
	if (c->next)
		c->next->previous = c->previous;
	c->worker->conn_count--;
	if (c->from)
		c->from->conns--;
	c->from = NULL;
}

/* TLS's, if the socket has room for it. */
static void say_good_bye(sodns_conn_t *c)
{
	if (!c->tls)
		return;
	sodns_tls_end(c->tls);
	c->tls = NULL;
	if (c->out.len > c->out.at)
		(void)!send(c->fd, c->out.bytes + c->out.at, c->out.len - c->out.at,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void conn_close(sodns_conn_t *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->transport->close)
		c->transport->close(c, c->state);
	say_good_bye(c);
	uv_poll_stop(&c->poll);
	unlink_conn(c);
	conn_call_senders(c);
	shutdown(c->fd, SHUT_RDWR);
	conn_release(c);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	sodns_conn_t *c = poll->data;
	if (status < 0) {
		conn_close(c);
		return;
	}
	if (events & UV_WRITABLE)
		conn_flush(c);
	if (events & UV_READABLE && !c->closing && !c->finishing)
		conn_read(c);
}

void conn_poll(sodns_conn_t *c, int events)
{
	if (c->closing || c->events == events)
		return;
	c->events = events;
	if (events)
		uv_poll_start(&c->poll, events, on_ready);
	else
		uv_poll_stop(&c->poll);
}

/* Closes what has overstayed. */
static void on_tick(uv_timer_t *timer)
{
	worker_t *w = timer->data;
	uint64_t now = sodns_now();
	for (sodns_conn_t *c = w->conns, *next; c; c = next) {
		next = c->next;
		if (now <= c->deadline || c->in_flight)
			continue;
		if (c->reading || conn_pending(c))
			limit_reached(LIMIT_SLOW, 1);
		conn_close(c);
	}
	if (!w->conns)
		uv_timer_stop(timer);
}

static void link_conn(sodns_conn_t *c, tcp_listener_t *l)
{
	worker_t *w = l->worker;
	c->from = l;
	l->conns++;
	c->next = w->conns;
	if (c->next)
		c->next->previous = c;
	w->conns = c;
	if (w->conn_count++)
		return;
	w->tick.data = w;
	if (!w->tick.loop)
		uv_timer_init(&w->loop.uv, &w->tick);
	uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
}

static void set_addresses(sodns_conn_t *c, const struct sockaddr_storage *from)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	address_from_sockaddr((const struct sockaddr *)(const void *)from, &c->peer);
	if (!getsockname(c->fd, (struct sockaddr *)(void *)&own, &len))
		address_from_sockaddr((const struct sockaddr *)(const void *)&own, &c->local);
}

void conn_open(tcp_listener_t *l, int fd, const struct sockaddr_storage *from)
{
	worker_t *w = l->worker;
	sodns_conn_t *c = calloc(1, sizeof(*c) + l->transport->state_size);
	if (l->conns >= l->limits.connections || !c || uv_poll_init(&w->loop.uv, &c->poll, fd)) {
		limit_reached(LIMIT_CONNECTIONS, 1);
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
	c->server = l->server;
	c->prefaced = !w->server->preface;
	c->reading = true;
	set_addresses(c, from);
	link_conn(c, l);
	conn_set_deadline(c, c->limits.read_ms);
	if (l->tls &&
	    !(c->tls = sodns_tls_session(l->tls, NULL, l->transport->alpn, conn_write_out, c)))
		conn_close(c);
	else if (c->transport->open && c->transport->open(c, c->state))
		conn_close(c);
	else
		conn_poll(c, UV_READABLE);
}

void sodns_conn_finish(sodns_conn_t *c)
{
	c->finishing = true;
	conn_release(c);
}

bool sodns_conn_encrypted(const sodns_conn_t *c)
{
	return c->tls;
}

const char *sodns_conn_alpn(const sodns_conn_t *c)
{
	return c->tls ? sodns_tls_alpn(c->tls) : "";
}

const char *sodns_conn_server(const sodns_conn_t *c)
{
	return c->server;
}

void tcp_close_idle(worker_t *w, const void *listener)
{
	for (sodns_conn_t *c = w->conns, *next; c; c = next) {
		next = c->next;
		if ((!listener || c->listener == listener) && !c->in_flight && !c->rest_len &&
		    !conn_pending(c))
			conn_close(c);
	}
}

void tcp_close_all(worker_t *w)
{
	while (w->conns)
		conn_close(w->conns);
}
