/*
 * Sockets. They live as long as some generation listens at their address: a reload hands them over
 * without closing anything. Each worker has its own, and the kernel spreads clients over them
 * (SO_REUSEPORT).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/address.h"
#include "server/server.h"

/* The kernel's default holds a few milliseconds of a busy server's queries. */
#define RECEIVE_BUFFER (4 << 20)

static listener_t *all;

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static void set_udp_options(int fd, const server_t *s, int family)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
		set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (s->wildcard && family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (s->wildcard && family == AF_INET)
		set(fd, IPPROTO_IP, IP_PKTINFO, 1);
		/* Path MTU discovery can be fooled into tiny fragments; without it the kernel
		 * ignores what it learns. */
#ifdef IP_PMTUDISC_OMIT
	if (family == AF_INET)
		set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
#endif
}

/* A bound socket, or a negative errno. The wildcard is one IPv6 socket for both families where
 * there is IPv6. */
static int open_socket(const server_t *s, sodns_address_t *bound, int type)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(bound, &sa);
	int fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && s->wildcard && bound->family == 6) {
		bound->family = 4;
		return open_socket(s, bound, type);
	}
	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (sa.ss_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !s->wildcard);
	if (type == SOCK_DGRAM)
		set_udp_options(fd, s, sa.ss_family);
	else
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (bind(fd, (const struct sockaddr *)(void *)&sa, len) ||
	    (type == SOCK_STREAM && listen(fd, 1024))) {
		int why = -errno;
		close(fd);
		return why;
	}
	return fd;
}

static int *open_all(const server_t *s, int type, char *err, size_t err_size)
{
	int *fds = malloc(worker_count * sizeof(*fds));
	for (unsigned i = 0; fds && i < worker_count; i++) {
		sodns_address_t bound = s->address;
		fds[i] = open_socket(s, &bound, type);
		if (fds[i] >= 0)
			continue;
		const char *proto = type == SOCK_DGRAM ? "udp" : "tcp";
		snprintf(err, err_size, "Listen: listen %s %s: bind: %s", proto,
			 s->text + strlen(s->transport) + 3, strerror(-fds[i]));
		for (char *p = err + strlen(err) - strlen(strerror(-fds[i])); *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p | 0x20);
		while (i-- > 0)
			close(fds[i]);
		free(fds);
		return NULL;
	}
	return fds;
}

static listener_t *find(const char *key)
{
	for (listener_t *l = all; l; l = l->next)
		if (!strcmp(l->key, key))
			return l;
	return NULL;
}

static void listener_free(listener_t *l)
{
	for (listener_t **at = &all; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	for (unsigned i = 0; i < worker_count; i++) {
		if (l->udp_fds)
			close(l->udp_fds[i]);
		if (l->tcp_fds)
			close(l->tcp_fds[i]);
	}
	free(l->udp_fds);
	free(l->tcp_fds);
	free(l->at);
	free(l->key);
	free(l);
}

static int reserve(server_t *s, char *err, size_t err_size)
{
	listener_t *l = find(s->text);
	if (!l) {
		l = calloc(1, sizeof(*l));
		l->key = strdup(s->text);
		l->at = calloc(worker_count, sizeof(*l->at));
		l->next = all;
		all = l;
		/* UDP first: who finds TCP open may ask over either. */
		bool udp = s->stream == &tcp_plain;
		if ((udp && !(l->udp_fds = open_all(s, SOCK_DGRAM, err, err_size))) ||
		    !(l->tcp_fds = open_all(s, SOCK_STREAM, err, err_size)))
			return SODNS_EIO;
	}
	l->incoming = s;
	s->listener = l;
	return SODNS_OK;
}

int listeners_reserve(generation_t *g, char *err, size_t err_size)
{
	for (server_t *s = servers_of(g); s; s = s->next)
		if (reserve(s, err, err_size)) {
			listeners_cancel();
			return SODNS_EIO;
		}
	return SODNS_OK;
}

void listeners_cancel(void)
{
	for (listener_t *l = all, *next; l; l = next) {
		next = l->next;
		l->incoming = NULL;
		if (!l->opened)
			listener_free(l);
	}
}

/* The worker takes its sockets of a new listener. */
static void open_for(worker_t *w, listener_t *l, const server_t *s)
{
	listener_worker_t *at = &l->at[w->index];
	sodns_address_t bound = s->address;
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	if (s->wildcard &&
	    !getsockname(l->tcp_fds[w->index], (struct sockaddr *)(void *)&own, &len))
		bound.family = own.ss_family == AF_INET6 ? 6 : 4;
	if (l->udp_fds)
		at->udp = udp_open(w, l->udp_fds[w->index], &bound, s->wildcard, at);
	at->tcp = tcp_open(w, l->tcp_fds[w->index], &bound, at);
}

static void switch_listener(worker_t *w, listener_t *l)
{
	listener_worker_t *at = &l->at[w->index];
	const server_t *s = l->incoming;
	if (!s) {
		if (at->udp)
			udp_retire(at->udp);
		if (at->tcp)
			tcp_retire(at->tcp);
		at->udp = NULL;
		at->tcp = NULL;
		tcp_close_idle(w, at);
		return;
	}
	at->server = s;
	if (l->tcp_fds)
		open_for(w, l, s);
	tcp_configure(at->tcp, s->stream, s->tls, &s->limits, l->key);
}

static void switch_worker(worker_t *w, void *arg)
{
	generation_t *g = arg;
	w->in_flight = &g->in_flight;
	for (listener_t *l = all; l; l = l->next)
		switch_listener(w, l);
}

void listeners_switch(generation_t *g)
{
	workers_each(switch_worker, g);
	for (listener_t *l = all, *next; l; l = next) {
		next = l->next;
		free(l->udp_fds);
		free(l->tcp_fds);
		l->udp_fds = l->tcp_fds = NULL;
		l->opened = true;
		l->server = l->incoming;
		l->incoming = NULL;
		/* Connections may still refer to a retired one: it is small, and stays. */
	}
}

static void close_worker(worker_t *w, void *arg)
{
	(void)arg;
	for (listener_t *l = all; l; l = l->next)
		switch_listener(w, l);
	tcp_close_idle(w, NULL);
}

void listeners_close(void)
{
	for (listener_t *l = all; l; l = l->next)
		l->incoming = NULL;
	workers_each(close_worker, NULL);
}
