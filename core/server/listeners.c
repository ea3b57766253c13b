/*
 * Sockets. They live as long as some generation listens at their address: a reload hands them over
 * without closing anything. Each worker has its own, and the kernel spreads clients over them
 * (SO_REUSEPORT).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/server.h"
#include "supervisor/supervisor.h"

#define KEY_MAX 160

static listener_t *all;

static socket_spec_t spec_of(const listener_t *l, int type, unsigned worker)
{
	return (socket_spec_t){.address = l->address,
			       .wildcard = l->wildcard,
			       .type = type,
			       .index = (uint16_t)worker};
}

static int *open_all(const listener_t *l, const server_t *s, int type, char *err, size_t err_size)
{
	int *fds = malloc(worker_count * sizeof(*fds));
	for (unsigned i = 0; fds && i < worker_count; i++) {
		const socket_spec_t spec = spec_of(l, type, i);
		fds[i] = supervisor_socket(&spec);
		if (fds[i] >= 0)
			continue;
		const char *proto = type == SOCK_DGRAM ? "udp" : "tcp";
		snprintf(err, err_size, "Listen: listen %s %s: bind: %s", proto,
			 s->text + strlen(s->transport) + 3, strerror(-fds[i]));
		for (char *p = err + strlen(err) - strlen(strerror(-fds[i])); *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p | 0x20);
		while (i-- > 0) {
			const socket_spec_t opened = spec_of(l, type, i);
			supervisor_release(&opened);
			close(fds[i]);
		}
		free(fds);
		return NULL;
	}
	return fds;
}

/* The same for all ways to say that it listens on all addresses. */
static void key_of(const server_t *s, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, "%s", s->text);
	if (s->wildcard)
		snprintf(key, KEY_MAX, "%s://:%u", s->transport, s->address.port);
}

static listener_t *find(const server_t *s)
{
	char key[KEY_MAX];
	key_of(s, key);
	for (listener_t *l = all; l; l = l->next)
		if (!strcmp(l->key, key))
			return l;
	return NULL;
}

/* There is no listener any more: the parent lets go of its copies. */
static void release(const listener_t *l)
{
	for (unsigned i = 0; i < worker_count; i++) {
		const socket_spec_t udp = spec_of(l, SOCK_DGRAM, i),
				    tcp = spec_of(l, SOCK_STREAM, i);
		supervisor_release(&udp);
		supervisor_release(&tcp);
	}
}

/* Closes sockets that no worker has taken. */
static void drop_sockets(listener_t *l)
{
	if (l->udp_fds || l->tcp_fds)
		release(l);
	for (unsigned i = 0; i < worker_count; i++) {
		if (l->udp_fds)
			close(l->udp_fds[i]);
		if (l->tcp_fds)
			close(l->tcp_fds[i]);
	}
	free(l->udp_fds);
	free(l->tcp_fds);
	l->udp_fds = l->tcp_fds = NULL;
}

static void listener_free(listener_t *l)
{
	for (listener_t **at = &all; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	free(l->at);
	free(l->group.at);
	free(l->key);
	free(l);
}

static listener_t *listener_new(const server_t *s)
{
	char key[KEY_MAX];
	listener_t *l = calloc(1, sizeof(*l));
	key_of(s, key);
	l->key = strdup(key);
	l->address = s->address;
	l->wildcard = s->wildcard;
	l->at = calloc(worker_count, sizeof(*l->at));
	l->group.at = calloc(worker_count, sizeof(struct tcp_listener *));
	l->next = all;
	all = l;
	return l;
}

static int reserve(server_t *s, char *err, size_t err_size)
{
	listener_t *l = find(s);
	bool udp = s->stream == &tcp_plain;
	if (!l)
		l = listener_new(s);
	/* UDP first: a client that finds TCP open may ask over either. */
	if (!l->server && !l->tcp_fds &&
	    ((udp && !(l->udp_fds = open_all(l, s, SOCK_DGRAM, err, err_size))) ||
	     !(l->tcp_fds = open_all(l, s, SOCK_STREAM, err, err_size))))
		return SODNS_EIO;
	l->incoming = s;
	s->listener = l;
	return SODNS_OK;
}

/* What was opened for a generation that does not come about. */
static void cancel(void)
{
	for (listener_t *l = all, *next; l; l = next) {
		next = l->next;
		l->incoming = NULL;
		drop_sockets(l);
		if (!l->opened)
			listener_free(l);
	}
}

int listeners_reserve(generation_t *g, char *err, size_t err_size)
{
	for (server_t *s = servers_of(g); s; s = s->next)
		if (reserve(s, err, err_size)) {
			cancel();
			return SODNS_EIO;
		}
	return SODNS_OK;
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
	at->tcp = tcp_open(w, l->tcp_fds[w->index], &bound, &l->group, at);
}

/* No client comes by it any more. */
static void retire(worker_t *w, listener_t *l)
{
	listener_worker_t *at = &l->at[w->index];
	if (at->udp)
		udp_retire(at->udp);
	if (at->tcp)
		tcp_retire(at->tcp);
	at->udp = NULL;
	at->tcp = NULL;
}

static void switch_listener(worker_t *w, listener_t *l)
{
	listener_worker_t *at = &l->at[w->index];
	const server_t *s = l->incoming;
	if (!s || s->held)
		return;
	at->server = s;
	if (l->tcp_fds)
		open_for(w, l, s);
	tcp_configure(at->tcp, s->stream, s->tls, &s->limits, l->key);
}

static void switch_worker(worker_t *w, void *arg)
{
	generation_t *g = arg;
	/* What has arrived where the new generation does not listen begins in the old one, and is
	 * counted there. Connections may bring no more: their server goes with it. */
	for (listener_t *l = all; l; l = l->next) {
		if (l->incoming)
			continue;
		retire(w, l);
		tcp_wind_down(w, &l->at[w->index]);
		l->at[w->index].server = NULL;
	}
	w->in_flight = &g->in_flight;
	for (listener_t *l = all; l; l = l->next)
		switch_listener(w, l);
}

void listeners_switch(generation_t *g)
{
	workers_each(switch_worker, g);
	for (listener_t *l = all, *next; l; l = next) {
		next = l->next;
		if (l->incoming && l->incoming->held)
			continue;
		free(l->udp_fds);
		free(l->tcp_fds);
		l->udp_fds = l->tcp_fds = NULL;
		l->opened = true;
		if (l->server && !l->incoming)
			release(l);
		l->server = l->incoming;
		l->incoming = NULL;
		/* Connections may still refer to a retired one: it is small, and stays. */
	}
}

static void close_worker(worker_t *w, void *arg)
{
	(void)arg;
	for (listener_t *l = all; l; l = l->next)
		retire(w, l);
	tcp_wind_down(w, NULL);
}

void listeners_close(void)
{
	for (listener_t *l = all; l; l = l->next)
		l->incoming = NULL;
	workers_each(close_worker, NULL);
}
