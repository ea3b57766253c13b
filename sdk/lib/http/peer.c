/*
 * The server's clients: their sockets, TLS where the listener has it, and their sessions. A client is
 * answered when it has taken the answer before, and when it is its turn; then its next request is read.
 */
#include "server.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <sodns/metrics.h>
#include <sodns/query.h>

#include "table.h"
#include "room.h"

#define READ_SIZE 16384u
/* Not read by the session: what came in one read, behind a request that is answered first. */
#define IN_MAX (2 * READ_SIZE)
#define KEEP_ROOM 2048u
#define ENDING_SECONDS 1u
#define ACCEPTS 64

static http_peer_t *closed; /* to be freed */

static void grant(http_peer_t *p)
{
	uint64_t now = sodns_now();
	p->deadline = now + HTTP_REQUEST_SECONDS * SODNS_SECOND;
	p->idle = now + HTTP_IDLE_SECONDS * SODNS_SECOND;
}

static void watch_for(http_peer_t *p, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = p};
	if (events != p->events)
		epoll_ctl(http_epoll, EPOLL_CTL_MOD, p->watched.fd, &e);
	p->events = events;
}

static void count_unread(http_peer_t *p)
{
	size_t now = p->out_len - p->out_at;
	p->listener->unread += now - p->unread;
	p->unread = now;
}

static void suspend(http_peer_t *p, bool yes)
{
	if (p->suspended != yes)
		p->listener->suspended += yes ? 1 : -1u;
	p->suspended = yes;
}

/* Takes it off its listener; its memory stays until the thread is done with its events. */
static void end_peer(http_peer_t *p)
{
	struct sodns_http *h = p->listener;
	if (p->watched.fd < 0)
		return;
	sodns_tls_end(p->tls);
	p->tls = NULL;
	close(p->watched.fd);
	p->watched.fd = -1;
	p->out_len = p->out_at = 0;
	count_unread(p);
	h->peer_count--;
	suspend(p, false);
	sodns_fair_release(h->fair, &p->claim);
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	p->next = closed;
	closed = p;
}

void http_peers_bury(void)
{
	while (closed) {
		http_peer_t *p = closed;
		closed = p->next;
		/* The session's streams go without a word, and have exchanges in them. */
		for (sodns_http_stream_t *s = http_session_next(p->session, NULL); s;
		     s = http_session_next(p->session, s))
			http_exchange_clear(http_stream_state(s));
		http_session_end(p->session);
		free(p->in);
		free(p->out);
		free(p);
	}
}

void http_peers_end(struct sodns_http *h)
{
	while (h->peers)
		end_peer(h->peers);
}

/* Bytes for the socket, of the session, or of TLS. */
static void put(void *arg, const uint8_t *bytes, size_t len)
{
	http_peer_t *p = arg;
	if (p->watched.fd < 0)
		return;
	uint8_t *out = http_room(p->out, &p->out_room, p->out_len, len);
	if (!out) {
		p->broken = true;
		return;
	}
	p->out = out;
	memcpy(p->out + p->out_len, bytes, len);
	p->out_len += len;
}

static void seal(void *arg, const uint8_t *bytes, size_t len)
{
	http_peer_t *p = arg;
	if (p->tls && sodns_tls_write(p->tls, bytes, len))
		p->broken = true;
	else if (!p->tls)
		put(p, bytes, len);
}

/* True: all of it has left. */
static bool flush(http_peer_t *p)
{
	while (p->out_at < p->out_len) {
		ssize_t n = send(p->watched.fd, p->out + p->out_at, p->out_len - p->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			p->broken |= errno != EAGAIN;
			return false;
		}
		p->out_at += (size_t)n;
		p->idle = sodns_now() + HTTP_IDLE_SECONDS * SODNS_SECOND;
	}
	p->out_at = p->out_len = 0;
	if (p->out_room > KEEP_ROOM) {
		free(p->out);
		p->out = NULL;
		p->out_room = 0;
	}
	return true;
}

static void on_head(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head)
{
	(void)arg;
	http_exchange_take(http_stream_state(s), head);
}

static void on_data(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len)
{
	sodns_http_exchange_t *x = http_stream_state(s);
	(void)arg;
	(void)bytes;
	x->received += len;
	if (x->received > HTTP_BODY_MAX)
		http_stream_answer(s, 413, NULL, 0, NULL, 0);
}

static void on_end(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers)
{
	http_peer_t *p = arg;
	(void)trailers;
	p->ready = http_stream_state(s);
}

static void on_closed(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		      const char *why)
{
	http_peer_t *p = arg;
	sodns_http_exchange_t *x = http_stream_state(s);
	(void)how;
	(void)why;
	if (p->ready == x)
		p->ready = NULL;
	http_exchange_clear(x);
}

/* A client that asks for much, much at a time, waits until others have been answered. */
static bool has_turn(const http_peer_t *p)
{
	uint64_t *note = sodns_fair_note(&p->claim);
	uint32_t round = p->listener->round;
	if (!note)
		return true;
	if (*note >> 32 != round)
		*note = (uint64_t)round << 32;
	return (uint32_t)(*note)++ < HTTP_TURNS;
}

/* Answers wait in memory for their clients: the one that has left one there longest makes room. */
static void bound_unread(const http_peer_t *mine)
{
	struct sodns_http *h = mine->listener;
	while (h->unread > HTTP_UNREAD_MAX) {
		http_peer_t *oldest = NULL;
		for (http_peer_t *p = h->peers; p; p = p->next)
			if (p != mine && p->unread && (!oldest || p->deadline < oldest->deadline))
				oldest = p;
		if (!oldest)
			return;
		sodns_limit_reached("unread bytes", 1);
		end_peer(oldest);
	}
}

static void answer(http_peer_t *p)
{
	sodns_http_exchange_t *x = p->ready;
	p->ready = NULL;
	grant(p);
	http_exchange_answer(p->listener, x);
	sodns_fair_renew(p->listener->fair, &p->claim);
	count_unread(p);
	bound_unread(p);
}

/* What the session has not read yet comes to it again. */
static void read_on(http_peer_t *p)
{
	ptrdiff_t used = http_session_receive(p->session, p->in, p->in_len);
	if (used < 0)
		used = (ptrdiff_t)p->in_len;
	p->in_len -= (size_t)used;
	memmove(p->in, p->in + used, p->in_len);
	if (!p->in_len && p->in_room > KEEP_ROOM) {
		free(p->in);
		p->in = NULL;
		p->in_room = 0;
	}
}

/* All is said. The client is to close first: with something unread on our side the system would take
 * back what was written. */
static void bid_farewell(http_peer_t *p)
{
	sodns_tls_end(p->tls);
	p->tls = NULL;
	p->ending = true;
	p->deadline = sodns_now() + ENDING_SECONDS * SODNS_SECOND;
	if (flush(p))
		shutdown(p->watched.fd, SHUT_WR);
}

/* Does what can be done now: has the answer before taken, answers, reads on. */
static void pump(http_peer_t *p)
{
	while (!p->broken && flush(p) && (p->ready || p->in_len)) {
		if (!p->ready) {
			read_on(p);
			continue;
		}
		if (!has_turn(p)) {
			suspend(p, true);
			break;
		}
		answer(p);
	}
	if (!p->broken && !p->out_len && !p->ending && http_session_over(p->session))
		bid_farewell(p);
	count_unread(p);
	if (p->broken)
		end_peer(p);
	else
		watch_for(p, p->out_len ? EPOLLOUT : p->suspended ? 0 : EPOLLIN);
}

static bool keep(http_peer_t *p, const uint8_t *bytes, size_t len)
{
	if (p->in_len + len > p->in_room) {
		size_t room = p->in_len + len;
		uint8_t *more = room <= IN_MAX ? realloc(p->in, room) : NULL;
		if (!more)
			return false;
		p->in = more;
		p->in_room = room;
	}
	memcpy(p->in + p->in_len, bytes, len);
	p->in_len += len;
	return true;
}

/* What came, without its seal. */
static void take(http_peer_t *p, const uint8_t *bytes, size_t len)
{
	ptrdiff_t used = p->in_len || p->ready ? 0 : http_session_receive(p->session, bytes, len);
	if (used < 0)
		used = (ptrdiff_t)len;
	if ((size_t)used < len && !keep(p, bytes + used, len - (size_t)used))
		p->broken = true;
}

static void take_sealed(http_peer_t *p, const uint8_t *bytes, size_t len)
{
	static uint8_t plain[READ_SIZE];
	ptrdiff_t n = 0;
	sodns_tls_input(p->tls, bytes, len);
	while (!p->broken && (n = sodns_tls_read(p->tls, plain, sizeof(plain))) > 0)
		take(p, plain, (size_t)n);
	p->broken |= n == SODNS_ECANCELLED;
	/* What is wrong with it has been said to the client, which is to read it. */
	if (n < 0 && !p->broken) {
		flush(p);
		p->broken = true;
	}
}

static void receive(http_peer_t *p)
{
	static uint8_t bytes[READ_SIZE];
	ssize_t n = recv(p->watched.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_peer(p);
		return;
	}
	if (p->ending)
		return;
	p->idle = sodns_now() + HTTP_IDLE_SECONDS * SODNS_SECOND;
	if (p->tls)
		take_sealed(p, bytes, (size_t)n);
	else
		take(p, bytes, (size_t)n);
	pump(p);
}

void http_peer_event(http_peer_t *p, uint32_t events)
{
	if (p->watched.fd < 0)
		return;
	if (events & (EPOLLIN | EPOLLRDHUP) && p->events & EPOLLIN)
		receive(p);
	else if (events & (EPOLLERR | EPOLLHUP))
		end_peer(p);
	else if (events & EPOLLOUT) {
		pump(p);
		if (p->watched.fd >= 0 && !p->out_len)
			grant(p);
	}
}

static bool open_session(http_peer_t *p)
{
	static const sodns_http_session_options_t options = {
		.size = sizeof(options),
		.server = true,
		.stream_size = sizeof(sodns_http_exchange_t),
		.target_max = HTTP_TARGET_MAX,
		.head_max = HTTP_HEAD_MAX};
	static const sodns_http_owner_t owner = {.size = sizeof(owner),
						 .send = seal,
						 .head = on_head,
						 .data = on_data,
						 .end = on_end,
						 .closed = on_closed};
	p->session = http_session_new(&options, &owner, p);
	if (p->session && p->listener->tls)
		p->tls = sodns_tls_session(p->listener->tls, NULL, "http/1.1", put, p);
	return p->session && (p->tls || !p->listener->tls);
}

static void let_in(struct sodns_http *h, int fd, const sodns_address_t *from)
{
	http_peer_t *p = calloc(1, sizeof(*p));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
	int yes = 1;
	if (p)
		*p = (http_peer_t){
			.watched = {.is_peer = true, .fd = fd}, .listener = h, .events = EPOLLIN};
	if (!p || !open_session(p) || epoll_ctl(http_epoll, EPOLL_CTL_ADD, fd, &e)) {
		close(fd);
		if (p) {
			sodns_tls_end(p->tls);
			http_session_end(p->session);
		}
		free(p);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	grant(p);
	sodns_fair_claim(h->fair, &p->claim, from);
	p->next = h->peers;
	p->at = &h->peers;
	if (p->next)
		p->next->at = &p->next;
	h->peers = p;
	/* The last one: the next takes the place of another. */
	if (++h->peer_count == HTTP_CONNECTIONS)
		sodns_limit_reached("http connections", 1);
}

/* A new client is always let in: in place of a connection of the client that has most, or else of its
 * own, the one that has gone longest without an answer. */
static bool make_room(struct sodns_http *h, const sodns_address_t *peer)
{
	unsigned most, own;
	if (h->peer_count < HTTP_CONNECTIONS)
		return true;
	sodns_claim_t *richest = sodns_fair_most(h->fair, &most);
	sodns_claim_t *mine = sodns_fair_of(h->fair, peer, &own);
	bool from_richest = most > own + 1;
	sodns_claim_t *claim = from_richest || !mine ? richest : mine;
	sodns_limit_reached("http connections", 1);
	if (!claim)
		return false;
	if (from_richest)
		sodns_fair_taken("http connections");
	end_peer((http_peer_t *)(void *)((char *)claim - offsetof(http_peer_t, claim)));
	return true;
}

/* Without descriptors the door would be knocked at without end. */
static void rest(struct sodns_http *h)
{
	struct epoll_event e = {.data.ptr = h};
	h->rest = sodns_now() + SODNS_SECOND / 2;
	epoll_ctl(http_epoll, EPOLL_CTL_MOD, h->watched.fd, &e);
}

void http_accept(struct sodns_http *h)
{
	for (unsigned i = 0; i < ACCEPTS; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		sodns_address_t peer;
		int fd = accept4(h->watched.fd, (struct sockaddr *)(void *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (fd < 0) {
			if (errno != EAGAIN)
				rest(h);
			return;
		}
		sodns_address_from_sockaddr((const struct sockaddr *)(const void *)&from, &peer);
		if (make_room(h, &peer))
			let_in(h, fd, &peer);
		else
			close(fd);
	}
}

/* One on which nothing happens, and one on which little happens. */
void http_peers_expire(struct sodns_http *h)
{
	uint64_t now = h->peers || h->rest ? sodns_now() : 0;
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = h};
	for (http_peer_t *p = h->peers, *next; p; p = next) {
		next = p->next;
		if (now <= p->idle && now <= p->deadline)
			continue;
		if (now <= p->idle && !p->ending)
			sodns_limit_reached("slow http clients", 1);
		end_peer(p);
	}
	if (h->rest && now > h->rest) {
		h->rest = 0;
		epoll_ctl(http_epoll, EPOLL_CTL_MOD, h->watched.fd, &e);
	}
}

void http_peers_resume(struct sodns_http *h)
{
	h->round++;
	for (http_peer_t *p = h->suspended ? h->peers : NULL, *next; p; p = next) {
		next = p->next;
		if (!p->suspended)
			continue;
		suspend(p, false);
		pump(p);
	}
}
