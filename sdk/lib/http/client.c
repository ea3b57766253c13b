/*
 * The client: one request after another on a connection, straight-line code that waits for its socket.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodns/query.h>
#include <sodns/setup.h>

#include "dial.h"
#include "table.h"
#include "room.h"

#define KEPT_MAX 8u
#define KEPT_SECONDS 60u
#define PATIENCE (10 * SODNS_SECOND)
#define DEFAULT_MAX (1u << 20)
#define READ_SIZE 16384u
#define RESPONSE_HEAD_MAX 65536u
#define READS_AT_ONCE 16u

struct sodns_http_response {
	unsigned status;
	size_t len, room, field_count;
	char *body;
	sodns_http_field_t *fields; /* with their texts, in one piece */
};

/* One request on its way. */
struct call {
	const sodns_http_request_t *request;
	sodns_http_response_t *response;
	bool heard, done, failed; /* heard: a byte has come */
	bool enough;              /* the caller has seen what it wanted */
	char *err;
	size_t err_size;
};

struct link {
	struct link *next;
	char place[288]; /* scheme and place */
	uint64_t since;  /* it is idle */
	int fd;
	bool broken;
	sodns_tls_session_t *tls;
	sodns_http_session_t *session;
	struct call *call;
	uint8_t *out;
	size_t out_len, out_at, out_room;
};

struct sodns_http_client {
	sodns_tls_t *tls;
	pthread_mutex_t lock; /* kept */
	struct link *kept;
};

sodns_http_client_t *http_client_new(sodns_tls_t *tls)
{
	sodns_http_client_t *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->tls = tls ? sodns_tls_keep(tls) : NULL;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void link_close(struct link *l)
{
	if (!l)
		return;
	http_session_end(l->session);
	sodns_tls_end(l->tls);
	if (l->fd >= 0)
		close(l->fd);
	free(l->out);
	free(l);
}

void http_client_free(sodns_http_client_t *c)
{
	while (c->kept) {
		struct link *l = c->kept;
		c->kept = l->next;
		link_close(l);
	}
	sodns_tls_release(c->tls);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* One to this place, or NULL. Those that have been idle for too long go. */
static struct link *take_kept(sodns_http_client_t *c, const char *place)
{
	struct link *found = NULL, *old = NULL;
	uint64_t now = sodns_now();
	pthread_mutex_lock(&c->lock);
	for (struct link **at = &c->kept; *at;) {
		struct link *l = *at;
		bool stale = now - l->since > KEPT_SECONDS * SODNS_SECOND;
		if (!stale && (found || strcmp(l->place, place))) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		if (stale) {
			l->next = old;
			old = l;
		} else {
			found = l;
		}
	}
	pthread_mutex_unlock(&c->lock);
	while (old) {
		struct link *next = old->next;
		link_close(old);
		old = next;
	}
	return found;
}

static void keep(sodns_http_client_t *c, struct link *l)
{
	unsigned count = 0;
	l->call = NULL;
	l->since = sodns_now();
	pthread_mutex_lock(&c->lock);
	for (const struct link *i = c->kept; i; i = i->next)
		count++;
	bool kept = count < KEPT_MAX;
	if (kept) {
		l->next = c->kept;
		c->kept = l;
	}
	pthread_mutex_unlock(&c->lock);
	if (!kept)
		link_close(l);
}

static void fail(struct call *call, const char *why)
{
	if (!call->failed && !call->done)
		snprintf(call->err, call->err_size, "%s", why);
	call->failed = true;
}

/* Bytes for the socket, of the session, or of TLS. */
static void put(void *arg, const uint8_t *bytes, size_t len)
{
	struct link *l = arg;
	uint8_t *out = http_room(l->out, &l->out_room, l->out_len, len);
	if (!out) {
		l->broken = true;
		return;
	}
	l->out = out;
	memcpy(l->out + l->out_len, bytes, len);
	l->out_len += len;
}

static void seal(void *arg, const uint8_t *bytes, size_t len)
{
	struct link *l = arg;
	if (l->tls && sodns_tls_write(l->tls, bytes, len))
		l->broken = true;
	else if (!l->tls)
		put(l, bytes, len);
}

static bool copy_fields(sodns_http_response_t *r, const sodns_http_head_t *head)
{
	size_t size = head->field_count * sizeof(*r->fields);
	for (size_t i = 0; i < head->field_count; i++)
		size += head->fields[i].name_len + head->fields[i].value_len + 2;
	r->fields = malloc(size ? size : 1);
	if (!r->fields)
		return false;
	char *at = (char *)(r->fields + head->field_count);
	for (size_t i = 0; i < head->field_count; i++) {
		sodns_http_field_t *f = &r->fields[i];
		*f = head->fields[i];
		f->name = memcpy(at, f->name, f->name_len + 1);
		at += f->name_len + 1;
		f->value = memcpy(at, f->value, f->value_len + 1);
		at += f->value_len + 1;
	}
	r->field_count = head->field_count;
	return true;
}

static void on_head(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *head)
{
	struct call *call = ((struct link *)arg)->call;
	(void)s;
	if (!call || head->status < 200)
		return;
	call->response->status = head->status;
	if (!copy_fields(call->response, head))
		fail(call, "no memory");
}

static bool append(sodns_http_response_t *r, const uint8_t *bytes, size_t len)
{
	char *body = http_room(r->body, &r->room, r->len, len + 1);
	if (!body)
		return false;
	r->body = body;
	memcpy(r->body + r->len, bytes, len);
	r->len += len;
	r->body[r->len] = 0;
	return true;
}

static void on_data(void *arg, sodns_http_stream_t *s, const uint8_t *bytes, size_t len)
{
	struct call *call = ((struct link *)arg)->call;
	(void)s;
	if (!call || call->failed || call->enough)
		return;
	const sodns_http_request_t *q = call->request;
	sodns_http_response_t *r = call->response;
	size_t max = q->max ? q->max : DEFAULT_MAX;
	char why[80];
	if (q->data && r->status / 100 == 2) {
		call->enough = !q->data(q->arg, bytes, len);
	} else if (len > max - r->len) {
		snprintf(why, sizeof(why), "the answer has more than %zu bytes", max);
		fail(call, why);
	} else if (!append(r, bytes, len)) {
		fail(call, "no memory");
	}
}

static void on_end(void *arg, sodns_http_stream_t *s, const sodns_http_head_t *trailers)
{
	struct call *call = ((struct link *)arg)->call;
	(void)s;
	(void)trailers;
	if (call)
		call->done = true;
}

static void on_closed(void *arg, sodns_http_stream_t *s, enum sodns_http_closed how,
		      const char *why)
{
	struct call *call = ((struct link *)arg)->call;
	(void)s;
	(void)how;
	if (call && !call->done)
		fail(call, why ? why : "the request was given up");
}

static bool begin_session(struct link *l, bool http2)
{
	const sodns_http_session_options_t options = {.size = sizeof(options),
						      .http2 = http2,
						      .head_max = RESPONSE_HEAD_MAX,
						      .window = 1u << 20};
	static const sodns_http_owner_t owner = {.size = sizeof(owner),
						 .send = seal,
						 .head = on_head,
						 .data = on_data,
						 .end = on_end,
						 .closed = on_closed};
	return (l->session = http_session_new(&options, &owner, l));
}

static void begin_request(struct link *l, const http_url_t *url, struct call *call)
{
	const sodns_http_request_t *q = call->request;
	const sodns_http_ask_t ask = {.method = q->method ? q->method
						: q->len  ? "POST"
							  : "GET",
				      .scheme = url->tls ? "https" : "http",
				      .authority = url->authority,
				      .target = *url->target ? url->target : "/",
				      .fields = q->fields,
				      .field_count = q->field_count,
				      .body = q->body,
				      .len = q->len};
	if (!http_session_ask(l->session, &ask))
		fail(call, "the request is none, or there is no memory for it");
}

/* What came, without its seal. */
static void take(struct link *l, const uint8_t *bytes, size_t len)
{
	l->call->heard = true;
	if (http_session_receive(l->session, bytes, len) < 0)
		fail(l->call, http_session_why(l->session));
}

/* What a connection says before there is a session: TLS agrees on one. */
static void look_at_handshake(struct link *l)
{
	if (!l->session && l->tls && sodns_tls_ready(l->tls) &&
	    !begin_session(l, !strcmp(sodns_tls_alpn(l->tls), "h2")))
		fail(l->call, "no memory");
}

static void take_sealed(struct link *l, const uint8_t *bytes, size_t len)
{
	uint8_t plain[READ_SIZE / 4];
	char why[192];
	ptrdiff_t n;
	sodns_tls_input(l->tls, bytes, len);
	while ((n = sodns_tls_read(l->tls, plain, sizeof(plain))) > 0) {
		look_at_handshake(l);
		if (l->session && !l->call->failed)
			take(l, plain, (size_t)n);
	}
	look_at_handshake(l);
	if (n == SODNS_ECANCELLED && l->session)
		http_session_closed(l->session);
	else if (n < 0) {
		snprintf(why, sizeof(why), "tls: %s", sodns_tls_why(l->tls));
		fail(l->call, n == SODNS_ECANCELLED ? "tls: the server ended the handshake" : why);
	}
}

static void flush(struct link *l)
{
	while (l->out_at < l->out_len) {
		ssize_t n = send(l->fd, l->out + l->out_at, l->out_len - l->out_at,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* What the server had to say about it may still be read. */
			if (errno != EAGAIN)
				l->out_at = l->out_len = 0;
			return;
		}
		l->out_at += (size_t)n;
	}
	l->out_at = l->out_len = 0;
}

/* Reads once. False: there was nothing to read. */
static bool receive(struct link *l)
{
	uint8_t bytes[READ_SIZE / 2];
	ssize_t n = recv(l->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		char why[96];
		snprintf(why, sizeof(why), "read: %s", n ? strerror(errno) : "EOF");
		if (!n && l->session)
			http_session_closed(l->session);
		if (!l->call->done)
			fail(l->call, why);
		l->broken = true;
		return true;
	}
	if (l->tls)
		take_sealed(l, bytes, (size_t)n);
	else
		take(l, bytes, (size_t)n);
	return true;
}

static uint64_t patience_of(const sodns_http_request_t *q)
{
	return q->patience ? q->patience : PATIENCE;
}

static void explain_wait(struct call *call, int rc, uint64_t patience)
{
	char why[64], time[40];
	sodns_duration_to_text((int64_t)patience, time);
	snprintf(why, sizeof(why), "no answer within %s", time);
	fail(call, rc == SODNS_ETIMEOUT     ? why
		   : rc == SODNS_ECANCELLED ? "cancelled"
					    : "no descriptor to wait for");
}

/* Something was read, or the connection is no more. */
static void look_at_time(struct link *l, struct call *call, uint64_t patience, uint64_t *end)
{
	if (call->request->data)
		*end = sodns_now() + patience;
	else if (!http_left(*end) && !call->done)
		explain_wait(call, SODNS_ETIMEOUT, patience);
	if (l->broken && !call->done)
		fail(call, "the connection has failed");
}

/* Until the call has ended, one way or the other. */
static void converse(struct link *l, const http_url_t *url, struct call *call, uint64_t end)
{
	uint64_t patience = patience_of(call->request);
	bool begun = false;
	unsigned reads = 0;
	while (!call->done && !call->failed && !call->enough) {
		if (!begun && l->session && (begun = true))
			begin_request(l, url, call);
		flush(l);
		bool read = receive(l);
		if (read)
			look_at_time(l, call, patience, &end);
		/* A server that has always more to say is not the only one that is waited for. */
		if (read && ++reads % READS_AT_ONCE)
			continue;
		bool writes = l->out_len || read;
		uint64_t left = http_left(end);
		int rc = left ? sodns_wait_fd(l->fd, SODNS_READABLE | (writes ? SODNS_WRITABLE : 0),
					      left)
			      : SODNS_ETIMEOUT;
		if (rc && !call->done)
			explain_wait(call, rc, patience);
	}
}

static struct link *link_new(const sodns_http_client_t *c, const http_url_t *url, const char *place,
			     uint64_t end, char *err, size_t err_size)
{
	sodns_address_t at;
	if (url->tls && !c->tls) {
		snprintf(err, err_size, "https://%s: no TLS was set up for it", url->place);
		return NULL;
	}
	int fd = http_dial(url, end, &at, err, err_size);
	struct link *l = fd < 0 ? NULL : calloc(1, sizeof(*l));
	if (!l) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	snprintf(l->place, sizeof(l->place), "%s", place);
	l->fd = fd;
	if (url->tls)
		l->tls = sodns_tls_session_to(c->tls, &at, url->host, "h2,http/1.1", put, l);
	if (url->tls ? l->tls != NULL : begin_session(l, false))
		return l;
	snprintf(err, err_size, "%s", url->tls ? "tls: no certificates are loaded" : "no memory");
	link_close(l);
	return NULL;
}

static void response_clear(sodns_http_response_t *r)
{
	free(r->body);
	free(r->fields);
	*r = (sodns_http_response_t){0};
}

/* One try. False: it failed; *again: on a kept connection that has said nothing. */
static bool try(sodns_http_client_t *c, const http_url_t *url, struct call *call, uint64_t end,
		bool fresh, bool *again)
{
	char place[sizeof(((struct link *)NULL)->place)];
	snprintf(place, sizeof(place), "%s%s", url->tls ? "s" : "", url->place);
	struct link *l = fresh ? NULL : take_kept(c, place);
	bool reused = l;
	if (!l)
		l = link_new(c, url, place, end, call->err, call->err_size);
	if (!l)
		return false;
	l->call = call;
	converse(l, url, call, end);
	bool good = !call->failed && (call->done || call->enough);
	*again = !good && reused && !call->heard && http_left(end);
	if (good && call->done && !call->enough && !l->broken && !l->out_len &&
	    http_session_free(l->session))
		keep(c, l);
	else
		link_close(l);
	return good;
}

sodns_http_response_t *http_client_fetch(sodns_http_client_t *c,
					 const sodns_http_request_t *request, char *err,
					 size_t err_size)
{
	http_url_t url;
	sodns_http_request_t q = {0};
	memcpy(&q, request, request->size < sizeof(q) ? request->size : sizeof(q));
	uint64_t end = sodns_now() + patience_of(&q);
	bool again = false;
	sodns_http_response_t *r = calloc(1, sizeof(*r));
	struct call call = {.request = &q, .response = r, .err = err, .err_size = err_size};
	snprintf(err, err_size, "no memory");
	if (!r || !http_url_parse(q.url, &url, err, err_size)) {
		free(r);
		return NULL;
	}
	bool good = try(c, &url, &call, end, false, &again);
	if (again) {
		response_clear(r);
		call = (struct call){
			.request = &q, .response = r, .err = err, .err_size = err_size};
		good = try(c, &url, &call, end, true, &again);
	}
	if (good)
		return r;
	http_response_free(r);
	return NULL;
}

unsigned http_response_status(const sodns_http_response_t *r)
{
	return r->status;
}

const char *http_response_field(const sodns_http_response_t *r, const char *name)
{
	const sodns_http_head_t head = {.fields = r->fields, .field_count = r->field_count};
	return http_field(&head, name);
}

const char *http_response_body(const sodns_http_response_t *r, size_t *len)
{
	if (len)
		*len = r->len;
	return r->body ? r->body : "";
}

void http_response_free(sodns_http_response_t *r)
{
	response_clear(r);
	free(r);
}
