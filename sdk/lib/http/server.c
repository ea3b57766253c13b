/*
 * The HTTP server's listeners and its one thread. A listener is shared by all plugins that ask for its
 * address with the same TLS files; its socket is bound when it is opened, accepts when it has a
 * path, and is closed with the last path, so that what a reload removed is gone when the reload is
 * done and not when the last old query has ended.
 *
 * The thread may have been told of a listener or a client that another thread closes in that moment: what is
 * closed is freed by the thread alone, when it is done with what it was told.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sodns/listen.h>
#include <sodns/log.h>

#include "table.h"

#define BACKLOG 1024
#define EXPIRE_MS 500
#define EVENTS 64

int http_epoll = -1;
static sodns_http_t *listeners, *dead;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(unsigned) callers; /* those that want the lock and are not the thread */
static http_watched_t waker = {.fd = -1};

/* The thread lets others go first: it would come back to the lock before they wake up. */
static void enter(void)
{
	atomic_fetch_add(&callers, 1);
	pthread_mutex_lock(&lock);
	atomic_fetch_sub(&callers, 1);
}

static void leave(void)
{
	pthread_mutex_unlock(&lock);
}

static void wake(void)
{
	uint64_t one = 1;
	if (waker.fd >= 0)
		(void)!write(waker.fd, &one, sizeof(one));
}

static void listener_free(sodns_http_t *h)
{
	while (h->paths) {
		http_path_t *next = h->paths->next;
		free(h->paths->path);
		free(h->paths);
		h->paths = next;
	}
	sodns_fair_free(h->fair);
	sodns_tls_release(h->tls);
	free(h->text);
	free(h->cert);
	free(h->key);
	free(h->ca);
	free(h);
}

static void take_event(const struct epoll_event *e)
{
	http_watched_t *w = e->data.ptr;
	uint64_t n;
	if (w == &waker)
		(void)!read(w->fd, &n, sizeof(n));
	else if (w->is_peer)
		http_peer_event((http_peer_t *)(void *)w, e->events);
	else if (w->fd >= 0 && ((sodns_http_t *)(void *)w)->listening)
		http_accept((sodns_http_t *)(void *)w);
}

static void bury_the_dead(void)
{
	http_peers_bury();
	while (dead) {
		sodns_http_t *h = dead;
		dead = h->next;
		listener_free(h);
	}
}

/* What time brings; and for how long to wait at most. */
static int look_around(void)
{
	int wait = -1;
	for (sodns_http_t *h = listeners; h; h = h->next) {
		http_peers_expire(h);
		http_peers_resume(h);
		if (h->suspended)
			wait = 0;
		else if ((h->peers || h->rest) && wait)
			wait = EXPIRE_MS;
	}
	return wait;
}

static void *thread_main(void *arg)
{
	int wait = -1;
	(void)arg;
	pthread_setname_np(pthread_self(), "sodns-http");
	for (;;) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(http_epoll, events, EVENTS, wait);
		while (atomic_load(&callers))
			poll(NULL, 0, 1);
		pthread_mutex_lock(&lock);
		for (int i = 0; i < n; i++)
			take_event(&events[i]);
		wait = look_around();
		bury_the_dead();
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void watch(http_watched_t *w)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = w};
	epoll_ctl(http_epoll, EPOLL_CTL_ADD, w->fd, &e);
}

/* Once, and for as long as the process lives. */
static bool thread_start(void)
{
	sigset_t all, old;
	pthread_t t;
	if (http_epoll >= 0)
		return true;
	http_epoll = epoll_create1(EPOLL_CLOEXEC);
	waker.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	watch(&waker);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&t, NULL, thread_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return false;
	pthread_detach(t);
	return true;
}

static void bring_down(sodns_http_t *h)
{
	if (h->watched.fd < 0)
		return;
	sodns_listen_release(&h->wanted, h->number);
	http_peers_end(h);
	close(h->watched.fd);
	h->watched.fd = -1;
	h->listening = false;
}

static bool load_tls(sodns_http_t *h, char *err, size_t err_size)
{
	const sodns_tls_options_t options = {.size = sizeof(options),
					     .server = true,
					     .cert = h->cert,
					     .key = h->key,
					     .ca = h->ca,
					     .client_auth = h->ca ? SODNS_TLS_REQUIRE_AND_VERIFY
								  : SODNS_TLS_NO_CERT};
	if (!h->cert)
		return true;
	h->tls = sodns_tls_new(&options);
	return sodns_tls_load(h->tls, err, err_size) >= 0;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static sodns_http_t *listener_new(const char *address, const http_tls_t *tls, char *err,
				  size_t err_size)
{
	sodns_http_t *h = calloc(1, sizeof(*h));
	if (!h || !(h->fair = sodns_fair_new())) {
		free(h);
		return NULL;
	}
	h->watched.fd = -1;
	h->text = copy(address);
	h->cert = copy(tls->cert);
	h->key = copy(tls->key);
	h->ca = copy(tls->ca);
	if (http_resolve(address, &h->wanted, err, err_size)) {
		listener_free(h);
		return NULL;
	}
	h->bound = h->wanted;
	return h;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_place(const sodns_http_t *a, const sodns_http_t *b)
{
	return sodns_address_equal(&a->wanted, &b->wanted) && a->wanted.port == b->wanted.port &&
	       a->wanted.scope == b->wanted.scope;
}

/* A listener that serves the same already. */
static sodns_http_t *find_like(const sodns_http_t *h)
{
	sodns_http_t *i = listeners;
	while (i && (!same_place(i, h) || !same_text(i->cert, h->cert) ||
		     !same_text(i->key, h->key) || !same_text(i->ca, h->ca)))
		i = i->next;
	return i;
}

/* Another listener at the same address has the socket. */
static bool taken(const sodns_http_t *h)
{
	const sodns_http_t *i = listeners;
	while (i && (!same_place(i, h) || i->number != h->number))
		i = i->next;
	return i;
}

/* One user more; its files are read anew. */
static sodns_http_t *join(sodns_http_t *like, char *err, size_t err_size)
{
	if (like->tls && sodns_tls_load(like->tls, err, err_size) < 0)
		return NULL;
	like->users++;
	return like;
}

static bool begin(sodns_http_t *h, char *err, size_t err_size)
{
	while (taken(h))
		h->number++;
	if (!load_tls(h, err, err_size) || !thread_start())
		return false;
	h->watched.fd = http_bind(h, err, err_size);
	if (h->watched.fd < 0)
		return false;
	h->users = 1;
	h->next = listeners;
	listeners = h;
	return true;
}

sodns_http_t *http_open(const char *address, const http_tls_t *tls, char *err, size_t err_size)
{
	sodns_http_t *h = listener_new(address, tls, err, err_size), *like;
	if (!h)
		return NULL;
	enter();
	if ((like = find_like(h)) || !begin(h, err, err_size)) {
		listener_free(h);
		h = like ? join(like, err, err_size) : NULL;
	}
	leave();
	return h;
}

void http_address(const sodns_http_t *h, sodns_address_t *out)
{
	*out = h->bound;
}

static void start_listening(sodns_http_t *h)
{
	char err[512];
	if (h->listening)
		return;
	if (h->watched.fd < 0 && (h->watched.fd = http_bind(h, err, sizeof(err))) < 0) {
		sodns_log(SODNS_LOG_ERROR, NULL, "%s", err);
		return;
	}
	if (listen(h->watched.fd, BACKLOG)) {
		sodns_log(SODNS_LOG_ERROR, NULL, "listen tcp %s: %s", h->text, strerror(errno));
		return;
	}
	h->listening = true;
	watch(&h->watched);
}

void http_serve(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg)
{
	enter();
	http_path_t *p = h->paths;
	while (p && strcmp(p->path, path))
		p = p->next;
	if (!p && (p = calloc(1, sizeof(*p)))) {
		p->path = strdup(path);
		p->next = h->paths;
		h->paths = p;
	}
	if (p) {
		p->fn = fn;
		p->arg = arg;
		start_listening(h);
	}
	leave();
}

void http_remove(sodns_http_t *h, const char *path, void *arg)
{
	enter();
	for (http_path_t **at = &h->paths; *at; at = &(*at)->next) {
		http_path_t *p = *at;
		if (strcmp(p->path, path) || p->arg != arg)
			continue;
		*at = p->next;
		free(p->path);
		free(p);
		if (!h->paths)
			bring_down(h);
		break;
	}
	wake();
	leave();
}

void http_close(sodns_http_t *h)
{
	enter();
	if (!--h->users) {
		sodns_http_t **at = &listeners;
		while (*at != h)
			at = &(*at)->next;
		*at = h->next;
		bring_down(h);
		h->next = dead;
		dead = h;
		wake();
	}
	leave();
}
