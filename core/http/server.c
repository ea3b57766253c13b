/*
 * The HTTP server's listeners and its one thread. A listener is shared by all who ask for its
 * address with the same TLS files; its socket is bound when it is opened, accepts when it has a
 * path, and is closed with the last path, so that what a reload removed is gone when the reload is
 * done and not when the last old query has ended.
 */
#include "http/server.h"

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

#include <sodns/file.h>
#include <sodns/log.h>

#define BACKLOG 1024
#define FILE_MAX (1u << 20)
#define EXPIRE_MS 500u
#define ENDING_MS 5u

static sodns_http_t *listeners;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(unsigned) callers; /* who want the lock and are not the thread */
static int epoll_fd = -1, wake_fd = -1;

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

/* Serves what came, and says for how long to wait at most. */
static int run_all(void)
{
	unsigned long long wait = UINT64_MAX, ms;
	for (sodns_http_t *h = listeners; h; h = h->next) {
		if (!h->listening)
			continue;
		http_connections_expire(h);
		http_connections_resume(h);
		MHD_run(h->daemon);
		if (MHD_get_timeout(h->daemon, &ms) == MHD_YES && ms < wait)
			wait = ms;
		/* Once more after the last has ended: only then the library accepts again. */
		if ((h->connections || h->lively) && wait > EXPIRE_MS)
			wait = EXPIRE_MS;
		h->lively = h->connections;
		/* The library accepts again when those that have to go are gone. */
		if (h->ending && wait > ENDING_MS)
			wait = ENDING_MS;
		if (h->suspended)
			wait = 0;
	}
	return wait > 60000 ? -1 : (int)wait;
}

static void *thread_main(void *arg)
{
	int wait = -1;
	(void)arg;
	pthread_setname_np(pthread_self(), "sodns-http");
	for (;;) {
		struct epoll_event events[16];
		uint64_t n;
		epoll_wait(epoll_fd, events, 16, wait);
		(void)!read(wake_fd, &n, sizeof(n));
		while (atomic_load(&callers))
			poll(NULL, 0, 1);
		pthread_mutex_lock(&lock);
		wait = run_all();
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void wake(void)
{
	uint64_t one = 1;
	(void)!write(wake_fd, &one, sizeof(one));
}

static void watch(int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

/* Once, and for as long as the process lives. */
static bool thread_start(void)
{
	sigset_t all, old;
	pthread_t t;
	if (epoll_fd >= 0)
		return true;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	watch(wake_fd);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&t, NULL, thread_main, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return false;
	pthread_detach(t);
	return true;
}

static bool bring_up(sodns_http_t *h, char *err, size_t err_size)
{
	h->fd = http_bind(h, err, err_size);
	if (h->fd < 0)
		return false;
	if (http_daemon_start(h))
		return true;
	h->sockets->release(&h->spec);
	close(h->fd);
	snprintf(err, err_size, "listen tcp %s: %s", h->text,
		 h->cert ? "certificate and key do not make a TLS server" : "no memory");
	return false;
}

static void bring_down(sodns_http_t *h)
{
	if (!h->daemon)
		return;
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (h->listening)
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, i->listen_fd, NULL);
	h->sockets->release(&h->spec);
	http_connections_resume(h);
	MHD_stop_daemon(h->daemon);
	h->daemon = NULL;
	h->listening = false;
}

static void listener_free(sodns_http_t *h)
{
	bring_down(h);
	while (h->paths) {
		http_path_t *next = h->paths->next;
		free(h->paths->path);
		free(h->paths);
		h->paths = next;
	}
	sodns_fair_free(h->fair);
	free(h->text);
	free(h->cert);
	free(h->key);
	free(h->ca);
	free(h);
}

static char *read_file(const char *path, char *err, size_t err_size)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, FILE_MAX + 1);
	size_t n = f && text ? fread(text, 1, FILE_MAX, f) : 0;
	if (f && !ferror(f) && !n)
		snprintf(err, err_size, "open %s: the file is empty", path);
	else if (!n || ferror(f))
		sodns_file_error(err, err_size, "open", path, errno);
	if (f)
		fclose(f);
	if (n)
		return text;
	free(text);
	return NULL;
}

static sodns_http_t *listener_new(const char *address, const http_tls_t *tls, char *err,
				  size_t err_size)
{
	sodns_http_t *h = calloc(1, sizeof(*h));
	if (!h || !(h->text = strdup(address)) || !(h->fair = sodns_fair_new()) ||
	    http_resolve(address, &h->wanted, err, err_size) ||
	    (tls->cert && !(h->cert = read_file(tls->cert, err, err_size))) ||
	    (tls->key && !(h->key = read_file(tls->key, err, err_size))) ||
	    (tls->ca && !(h->ca = read_file(tls->ca, err, err_size)))) {
		if (h)
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

/* A listener that serves the same already. */
static sodns_http_t *find_like(const sodns_http_t *h)
{
	sodns_http_t *i = listeners;
	while (i &&
	       (memcmp(&i->wanted, &h->wanted, sizeof(h->wanted)) || !same_text(i->cert, h->cert) ||
		!same_text(i->key, h->key) || !same_text(i->ca, h->ca)))
		i = i->next;
	return i;
}

/* Another listener at the same address has the socket. */
static bool taken(const sodns_http_t *h)
{
	const sodns_http_t *i = listeners;
	while (i && (memcmp(&i->wanted, &h->wanted, sizeof(h->wanted)) ||
		     i->spec.index != h->spec.index))
		i = i->next;
	return i;
}

static void choose_socket(sodns_http_t *h, const http_sockets_t *sockets)
{
	unsigned nth = 0;
	h->sockets = sockets;
	do
		http_spec(&h->wanted, nth++, &h->spec);
	while (taken(h));
}

static sodns_http_t *provider_open(const char *address, const http_tls_t *tls,
				   const http_sockets_t *sockets, char *err, size_t err_size)
{
	sodns_http_t *h = listener_new(address, tls, err, err_size);
	if (!h)
		return NULL;
	enter();
	sodns_http_t *like = find_like(h);
	if (like) {
		listener_free(h);
		h = like;
		goto out;
	}
	choose_socket(h, sockets);
	if (!thread_start() || !bring_up(h, err, err_size)) {
		listener_free(h);
		leave();
		return NULL;
	}
	h->next = listeners;
	listeners = h;
out:
	h->users++;
	leave();
	return h;
}

static void provider_address(const sodns_http_t *h, sodns_address_t *out)
{
	http_address(&h->bound, out);
}

static void start_listening(sodns_http_t *h)
{
	char err[512];
	if (h->listening)
		return;
	if ((!h->daemon && !bring_up(h, err, sizeof(err))) || listen(h->fd, BACKLOG)) {
		sodns_log(SODNS_LOG_ERROR, NULL, "listen tcp %s: %s", h->text, strerror(errno));
		return;
	}
	h->listening = true;
	watch(MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->listen_fd);
	wake();
}

static void provider_serve(sodns_http_t *h, const char *path, sodns_http_f fn, void *arg)
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

static void provider_remove(sodns_http_t *h, const char *path, void *arg)
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
	leave();
}

static void provider_close(sodns_http_t *h)
{
	enter();
	if (!--h->users) {
		sodns_http_t **at = &listeners;
		while (*at != h)
			at = &(*at)->next;
		*at = h->next;
		listener_free(h);
	}
	leave();
}

SODNS_LIBRARY(http, http_provider_t) = {
	.head = {.id = HTTP_ID, .version = HTTP_VERSION, .size = sizeof(http_provider_t)},
	.open = provider_open,
	.address = provider_address,
	.serve = provider_serve,
	.remove = provider_remove,
	.close = provider_close,
	.method = http_method,
	.path = http_path,
	.header = http_header,
	.status = http_status,
	.add_header = http_add_header,
	.write = http_write,
};
