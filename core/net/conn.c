/*
 * The life of a connection: opened by a listener, closed by its client, by a limit or a time-out, and
 * freed when nothing of it is in flight any more.
 */
#include "net/conn.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report/limits.h"

#define TICK_MS 250u
#define TURN_NS 2000000u
/* How long a client may take to close what was closed to it. */
#define LINGER_MS 1000u
/* A connection that has brought nothing for so long has nothing on the way. */
#define QUIET_NS 1000000000u
/* A new connection's first query is on its way for so long. */
#define FIRST_NS 200000000u
/* Turns of a client in a round, at most. */
#define QUOTA_MAX 65536u

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
		conn_part(c);
	else if (c->closing && !c->in_flight && !c->dirty &&
		 !uv_is_closing((uv_handle_t *)&c->poll))
		uv_close((uv_handle_t *)&c->poll, conn_free);
}

static void join_listener(sodns_conn_t *c)
{
	tcp_listener_t *l = c->from;
	c->younger = NULL;
	c->older = l->youngest;
	*(c->older ? &c->older->younger : &l->oldest) = c;
	l->youngest = c;
}

static void leave_listener(sodns_conn_t *c)
{
	tcp_listener_t *l = c->from;
	*(c->older ? &c->older->younger : &l->oldest) = c->younger;
	*(c->younger ? &c->younger->older : &l->youngest) = c->older;
}

void conn_rejuvenate(sodns_conn_t *c)
{
	if (c->from)
		sodns_fair_renew(c->from->fair, &c->claim);
	if (!c->from || !c->younger)
		return;
	leave_listener(c);
	join_listener(c);
}

void conn_leave_listener(sodns_conn_t *c)
{
	if (!c->from)
		return;
	leave_listener(c);
	sodns_fair_release(c->from->fair, &c->claim);
	c->from->conns--;
	atomic_fetch_sub(&c->from->group->conns, 1);
	c->from = NULL;
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
	conn_room_give(c);
	conn_leave_listener(c);
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
	conn_count_unread(c, 0);
	unlink_conn(c);
	conn_call_senders(c);
	shutdown(c->fd, SHUT_RDWR);
	conn_release(c);
}

void conn_part(sodns_conn_t *c)
{
	if (c->closing || c->lingering)
		return;
	if (sodns_now() - c->heard > QUIET_NS) {
		conn_close(c);
		return;
	}
	c->lingering = true;
	say_good_bye(c);
	shutdown(c->fd, SHUT_WR);
	conn_set_deadline(c, LINGER_MS);
	conn_poll(c, UV_READABLE);
}

/* Work that can be put off: of clients that send without end, and of handshakes, which cost what a hundred queries do. */
static bool is_heavy(const sodns_conn_t *c)
{
	return c->much || (c->tls && !sodns_tls_ready(c->tls));
}

/* Of such work only so much is done before others have their turn; the poller reports the rest again. A new
 * round begins when everybody has had a turn. One client has as many turns in it as there is time for. */
static void begin_turn(worker_t *w, uint64_t now)
{
	if (w->turn == w->loop.turn)
		return;
	if (w->put_off)
		w->quota = w->quota > 1 ? w->quota / 2 : 1;
	else if (w->held_back && w->quota < QUOTA_MAX)
		w->quota = w->quota ? w->quota * 2 : 1;
	w->round += !w->put_off;
	w->was_short = w->put_off;
	w->put_off = w->held_back = false;
	w->turn = w->loop.turn;
	w->turn_ends = now + TURN_NS;
}

/* The client's turns in this round: the note has both. */
static bool client_has_turn(const sodns_conn_t *c)
{
	worker_t *w = c->worker;
	uint64_t *note = sodns_fair_note(&c->claim);
	if (!note)
		return true;
	if (*note >> 32 != w->round)
		*note = (uint64_t)w->round << 32;
	if ((uint32_t)*note >= (w->quota ? w->quota : 1)) {
		w->held_back = true;
		return false;
	}
	++*note;
	return true;
}

static bool has_turn(sodns_conn_t *c)
{
	worker_t *w = c->worker;
	uint64_t now = sodns_now();
	begin_turn(w, now);
	if (c->round == w->round)
		return false;
	if (now > w->turn_ends) {
		w->put_off = true;
		return false;
	}
	if (!client_has_turn(c)) {
		/* Time is short for all; without that it is but spread over a few turns. */
		if (w->was_short && !c->put_off && !c->much)
			limit_reached(LIMIT_HANDSHAKES, 1);
		c->put_off |= w->was_short;
		return false;
	}
	c->round = w->round;
	return true;
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
	if (events & UV_READABLE && c->lingering)
		conn_discard(c);
	else if (events & UV_READABLE && !c->closing && !c->finishing &&
		 (!is_heavy(c) || has_turn(c)))
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

static bool has_tick(const sodns_conn_t *c)
{
	const sodns_transport_t *t = c->transport;
	return t->size >= offsetof(sodns_transport_t, tick) + sizeof(t->tick) && t->tick;
}

/* Closes what has overstayed. */
static void look_at(sodns_conn_t *c, uint64_t now)
{
	if (c->write_deadline && now > c->write_deadline) {
		limit_reached(LIMIT_SLOW, 1);
		conn_close(c);
	} else if (now > c->deadline && !c->in_flight && !c->write_deadline) {
		if (c->reading || conn_pending(c))
			limit_reached(LIMIT_SLOW, 1);
		conn_close(c);
	} else if (has_tick(c) && !c->lingering && !c->finishing) {
		c->in_flight++;
		if (c->transport->tick(c, c->state, now) < 0) {
			limit_reached(LIMIT_SLOW, 1);
			c->failed = true;
		}
		c->in_flight--;
		if (c->failed)
			conn_close(c);
		conn_release(c);
	}
}

static void on_tick(uv_timer_t *timer)
{
	worker_t *w = timer->data;
	uint64_t now = sodns_now();
	for (sodns_conn_t *c = w->conns, *next; c; c = next) {
		next = c->next;
		look_at(c, now);
	}
	tcp_flush(w);
	if (!w->conns)
		uv_timer_stop(timer);
}

static void link_conn(sodns_conn_t *c, tcp_listener_t *l)
{
	worker_t *w = l->worker;
	c->from = l;
	join_listener(c);
	l->conns++;
	sodns_fair_claim(l->fair, &c->claim, &c->peer);
	conn_room_take(c);
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
	sodns_address_from_sockaddr((const struct sockaddr *)(const void *)from, &c->peer);
	if (!getsockname(c->fd, (struct sockaddr *)(void *)&own, &len))
		sodns_address_from_sockaddr((const struct sockaddr *)(const void *)&own, &c->local);
}

void conn_set_peer(sodns_conn_t *c, const sodns_address_t *peer)
{
	bool same = sodns_address_equal(peer, &c->peer);
	c->peer = *peer;
	if (same || !c->from)
		return;
	sodns_fair_release(c->from->fair, &c->claim);
	sodns_fair_claim(c->from->fair, &c->claim, &c->peer);
}

void conn_open(tcp_listener_t *l, int fd, const struct sockaddr_storage *from)
{
	worker_t *w = l->worker;
	size_t size = sizeof(sodns_conn_t) + l->transport->state_size;
	sodns_conn_t *c = calloc(1, size);
	if (!c || uv_poll_init(&w->loop.uv, &c->poll, fd)) {
		atomic_fetch_sub(&l->group->conns, 1);
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
	c->heard = sodns_now();
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
	/* What it still brings stays unread, and must not be reported for ever. */
	conn_poll(c, c->events & UV_WRITABLE);
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

void sodns_conn_timeouts(const sodns_conn_t *c, uint64_t *read, uint64_t *write, uint64_t *idle)
{
	*read = c->limits.read_ms * SODNS_MS;
	*write = c->limits.write_ms * SODNS_MS;
	*idle = c->limits.idle_ms * SODNS_MS;
}

void sodns_conn_answered(sodns_conn_t *c)
{
	c->answered = true;
	if (!c->in_flight && !conn_pending(c) && !c->closing)
		conn_set_deadline(c, c->limits.idle_ms);
}

/* What has arrived is taken at once, unless too much is in flight; then that is waited for. */
static void wind_down(sodns_conn_t *c)
{
	c->ending = true;
	if (ioctl(c->fd, FIONREAD, &c->owed))
		c->owed = 0;
	c->in_flight++;
	while (c->owed > 0 && !c->stalled && !c->closing && !c->finishing) {
		int before = c->owed;
		conn_read(c);
		if (c->owed == before)
			c->owed = 0;
	}
	c->in_flight--;
	conn_end_if_read(c);
	conn_release(c);
}

void tcp_wind_down(worker_t *w, const void *listener)
{
	uint64_t now = sodns_now();
	for (sodns_conn_t *c = w->conns, *next; c; c = next) {
		next = c->next;
		bool meant = !listener || c->listener == listener;
		bool young = !listener && !c->queries && now - c->heard < FIRST_NS;
		if (meant && !young && !c->ending && !c->finishing && !c->lingering)
			wind_down(c);
		/* The generation that its queries are for may be gone soon. */
		if (meant && listener && !c->closing && !c->finishing)
			sodns_conn_finish(c);
	}
}

void tcp_close_all(worker_t *w)
{
	while (w->conns)
		conn_close(w->conns);
}
