/*
 * Requests: curl's multi interface on a libuv loop. curl says which descriptors it waits for and when
 * it wants to be called; libuv calls it.
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define CONNECT_MS 10000L
/* A peer that is gone is noticed by the kernel after so long, while something is under way or not. */
#define DEAD_PEER_MS 30000
#define IN_FLIGHT_MS 20u
/* A server that lists writes object by object, each a record of TLS of its own. Waking for each would
 * cost more than reading it: a descriptor that was read a moment ago is left to fill up so long. */
#define REST_MS 1u
#define BUSY_NS 4000000u

static CURLM *multi;
static uv_timer_t timer;
static uv_loop_t *loop;
static uint64_t slice_began;

/* A descriptor that curl waits for. */
struct waited {
	uv_poll_t poll;
	uv_timer_t rest;
	curl_socket_t fd;
	int events;
	unsigned handles; /* of libuv, that are closing */
	uint64_t emptied; /* ns of uv_hrtime() */
};

static void finished(CURL *easy, CURLcode code);

/* What is through is told; on_end may begin another request, or drop one. */
static void look_for_ends(void)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(multi, &left)))
		if (m->msg == CURLMSG_DONE)
			finished(m->easy_handle, m->data.result);
}

static void act(curl_socket_t fd, int events)
{
	int running;
	curl_multi_socket_action(multi, fd, events, &running);
	look_for_ends();
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_rested(uv_timer_t *t)
{
	struct waited *w = t->data;
	uv_poll_start(&w->poll, w->events, on_poll);
}

/* What came is read to its end, as long as others may be kept waiting: curl takes one record of TLS
 * at a time. curl may have done with the descriptor meanwhile. */
static void read_on(struct waited *w)
{
	int left = 0;
	while (!w->handles && w->events == UV_READABLE && !ioctl(w->fd, FIONREAD, &left) && left) {
		if (uv_hrtime() - slice_began > SLICE_NS)
			return;
		act(w->fd, CURL_CSELECT_IN);
	}
	if (w->handles || w->events != UV_READABLE)
		return;
	uint64_t now = uv_hrtime();
	if (now - w->emptied < BUSY_NS) {
		uv_poll_stop(&w->poll);
		uv_timer_start(&w->rest, on_rested, REST_MS, 0);
	}
	w->emptied = now;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct waited *w = poll->data;
	slice_began = uv_hrtime();
	act(w->fd, status < 0 ? CURL_CSELECT_ERR
			      : (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
					(events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
	read_on(w);
}

static void on_timer(uv_timer_t *t)
{
	(void)t;
	slice_began = uv_hrtime();
	act(CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *m, long ms, void *arg)
{
	(void)m;
	(void)arg;
	if (ms < 0) {
		uv_timer_stop(&timer);
		return 0;
	}
	uv_update_time(loop);
	uv_timer_start(&timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct waited *w = h->data;
	if (!--w->handles)
		free(w);
}

static struct waited *waited_new(curl_socket_t fd)
{
	struct waited *w = calloc(1, sizeof(*w));
	if (!w || uv_poll_init_socket(loop, &w->poll, fd)) {
		free(w);
		return NULL;
	}
	uv_timer_init(loop, &w->rest);
	w->fd = fd;
	w->poll.data = w->rest.data = w;
	curl_multi_assign(multi, fd, w);
	return w;
}

static void waited_close(struct waited *w)
{
	curl_multi_assign(multi, w->fd, NULL);
	w->handles = 2;
	uv_close((uv_handle_t *)&w->poll, on_closed);
	uv_close((uv_handle_t *)&w->rest, on_closed);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct waited *w = known;
	(void)easy;
	(void)arg;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			waited_close(w);
		return 0;
	}
	if (!w && !(w = waited_new(fd)))
		return -1;
	w->events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
		    (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_timer_stop(&w->rest);
	uv_poll_start(&w->poll, w->events, on_poll);
	return 0;
}

/* On the loop's thread, when the first request is made. */
static bool client_begin(uv_loop_t *l)
{
	if (multi)
		return true;
	multi = curl_multi_init();
	if (!multi)
		return false;
	loop = l;
	uv_timer_init(l, &timer);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	return true;
}

bool client_admits(sodns_api_t *a, uint64_t *wait_ms)
{
	uint64_t now = uv_hrtime();
	if (a->max_inflight && a->inflight >= a->max_inflight) {
		*wait_ms = IN_FLIGHT_MS;
		return false;
	}
	if (a->qps <= 0)
		return true;
	a->tokens += a->tokens_at ? (double)(now - a->tokens_at) / 1e9 * a->qps : a->burst;
	a->tokens_at = now;
	if (a->tokens > a->burst)
		a->tokens = a->burst;
	if (a->tokens >= 1) {
		a->tokens -= 1;
		return true;
	}
	double ms = (1 - a->tokens) / a->qps * 1000;
	*wait_ms = ms < 60000 ? (uint64_t)ms + 1 : 60000;
	return false;
}

/* From here on the server does not owe an answer any more. */
static void answered(request_t *r)
{
	long status = 0;
	if (r->answered)
		return;
	r->answered = true;
	r->api->inflight--;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	request_t *r = arg;
	size_t len = size * count;
	static const char retry[] = "retry-after:";
	r->last_byte = uv_hrtime();
	if (len > sizeof(retry) && !strncasecmp(line, retry, sizeof(retry) - 1)) {
		unsigned s = 0;
		for (const char *p = line + sizeof(retry) - 1; p < line + len && s < 3600; p++)
			if (*p >= '0' && *p <= '9')
				s = s * 10 + (unsigned)(*p - '0');
		r->retry_after = s;
	}
	if (len <= 2) {
		long status = 0;
		curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
		/* 1xx: the answer comes later. */
		if (status >= 200) {
			answered(r);
			r->on_answer(r);
		}
	}
	return len;
}

static void on_resume(uv_idle_t *idle)
{
	request_t *r = idle->data;
	uv_idle_stop(idle);
	r->paused = false;
	slice_began = uv_hrtime();
	CURLcode rc = curl_easy_pause(r->easy, CURLPAUSE_CONT);
	if (rc)
		finished(r->easy, rc);
	else
		look_for_ends();
}

/* A transfer that has much to bring lets others go on in between. */
static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	request_t *r = arg;
	size_t len = size * count;
	uint64_t now = uv_hrtime();
	r->last_byte = now;
	if (now - slice_began > SLICE_NS) {
		r->paused = true;
		uv_idle_start(&r->resume, on_resume);
		return CURL_WRITEFUNC_PAUSE;
	}
	return r->on_bytes(r, bytes, len) ? len : 0;
}

static int set_dead_peer(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const int ms = DEAD_PEER_MS;
	(void)arg;
	if (purpose == CURLSOCKTYPE_IPCXN)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static void set_file(CURL *e, CURLoption file, const char *path, CURLoption blob,
		     const access_blob_t *data)
{
	struct curl_blob b = {.data = data->at, .len = data->len, .flags = CURL_BLOB_COPY};
	if (data->at)
		curl_easy_setopt(e, blob, &b);
	else if (path)
		curl_easy_setopt(e, file, path);
}

/* Certificates: files are read for each connection, so that new ones are taken. What a kubeconfig has in
 * it is copied: it may be read again while the transfer lasts. */
static void set_tls(CURL *e, const access_t *a)
{
	set_file(e, CURLOPT_CAINFO, a->ca_file, CURLOPT_CAINFO_BLOB, &a->ca);
	set_file(e, CURLOPT_SSLCERT, a->cert_file, CURLOPT_SSLCERT_BLOB, &a->cert);
	set_file(e, CURLOPT_SSLKEY, a->key_file, CURLOPT_SSLKEY_BLOB, &a->key);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (a->insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void add_header(request_t *r, const char *name, const char *value)
{
	char *line = NULL;
	if (asprintf(&line, "%s: %s", name, value) < 0)
		abort();
	r->headers = curl_slist_append(r->headers, line);
	free(line);
}

/* The token never goes anywhere but to the server that it is for: redirects are not followed. */
static void set_who(request_t *r)
{
	const access_t *a = &r->api->access;
	char *token = access_token(a), *bearer = NULL;
	if (token && asprintf(&bearer, "Bearer %s", token) >= 0)
		add_header(r, "Authorization", bearer);
	free(bearer);
	free(token);
	if (a->user) {
		curl_easy_setopt(r->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(r->easy, CURLOPT_USERNAME, a->user);
		curl_easy_setopt(r->easy, CURLOPT_PASSWORD, a->password ? a->password : "");
	}
	if (a->as)
		add_header(r, "Impersonate-User", a->as);
}

/* The URL; where the certificate has another name than the URL, the URL takes that name, and the
 * connection goes where it should. */
static void set_where(request_t *r, const char *path)
{
	const access_t *a = &r->api->access;
	char *url = NULL;
	const char *host = strstr(a->url, "://");
	if (a->server_name && host) {
		const char *base = strchr(host + 3, '/');
		if (asprintf(&url, "%.*s%s%s%s", (int)(host + 3 - a->url), a->url, a->server_name,
			     base ? base : "", path) < 0)
			abort();
		add_header(r, "Host", r->api->host);
		char *to = NULL;
		if (asprintf(&to, "::%s", r->api->host) < 0)
			abort();
		struct curl_slist *list = curl_slist_append(NULL, to);
		free(to);
		curl_easy_setopt(r->easy, CURLOPT_CONNECT_TO, list);
		r->connect_to = list;
	} else if (asprintf(&url, "%s%s", a->url, path) < 0) {
		abort();
	}
	curl_easy_setopt(r->easy, CURLOPT_URL, url);
	free(url);
}

static void set_rest(request_t *r, bool compressed)
{
	CURL *e = r->easy;
	curl_easy_setopt(e, CURLOPT_PRIVATE, r);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "sodns/" SODNS_SDK_VERSION);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	/* One connection a watch: what a paused one does not take stays with the server. */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 15L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, set_dead_peer);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	if (compressed)
		curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (r->api->access.proxy)
		curl_easy_setopt(e, CURLOPT_PROXY, r->api->access.proxy);
}

void client_get(request_t *r, const char *path, bool compressed)
{
	api_renew(r->api);
	if (!client_begin(r->api->loop) || !(r->easy = curl_easy_init()))
		abort();
	r->paused = r->answered = false;
	r->status = 0;
	r->retry_after = 0;
	*r->error = 0;
	r->sent = r->last_byte = uv_hrtime();
	r->api->inflight++;
	add_header(r, "Accept", "application/json");
	set_where(r, path);
	set_who(r);
	set_tls(r->easy, &r->api->access);
	set_rest(r, compressed);
	curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
	curl_multi_add_handle(multi, r->easy);
}

void client_drop(request_t *r)
{
	if (!r->easy)
		return;
	if (!r->answered)
		r->api->inflight--;
	r->answered = true;
	uv_idle_stop(&r->resume);
	curl_multi_remove_handle(multi, r->easy);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->connect_to);
	r->easy = NULL;
	r->headers = r->connect_to = NULL;
}

static void finished(CURL *easy, CURLcode code)
{
	request_t *r;
	char why[CURL_ERROR_SIZE];
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &r);
	snprintf(why, sizeof(why), "%s", *r->error ? r->error : curl_easy_strerror(code));
	client_drop(r);
	r->on_end(r, code == CURLE_OK ? NULL : why);
}

char *client_escape(const char *text)
{
	return curl_easy_escape(NULL, text, 0);
}

SODNS_LIBRARY(kubewatch, kubewatch_table_t) = {
	.head = {.id = KUBEWATCH_ID,
		 .version = KUBEWATCH_VERSION,
		 .size = sizeof(kubewatch_table_t)},
	.open = api_open,
	.close = api_close,
	.host = api_host,
	.create = watcher_create,
	.start = watcher_start,
	.stop = watcher_stop,
};
