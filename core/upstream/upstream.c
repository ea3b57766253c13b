/*
 * Upstreams: exchanges and the tasks that wait for them (sodns/upstream.h).
 */
#include "upstream/upstream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/metrics.h>
#include <sodns/share.h>

#include "report/limits.h"
#include "system/random.h"
#include "system/seam.h"

#define PATIENCE_MIN 200u
#define PATIENCE_MAX 500u
#define EXPIRE (10 * SODNS_SECOND)
#define TICK_MS 500u
#define FAKE_MAX 65535u

sodns_upstream_t *sodns_upstream_new(const sodns_upstream_options_t *options)
{
	unsigned lanes = sodns_workers() + 1;
	sodns_upstream_t *u = calloc(1, sizeof(*u) + lanes * sizeof(*u->lanes));
	if (!u)
		return NULL;
	/* A plugin built with an older SDK has shorter ones. */
	memcpy(&u->options, options,
	       options->size < sizeof(u->options) ? options->size : sizeof(u->options));
	u->https = u->options.http_method;
	u->http_get = u->https && !strcmp(u->options.http_method, "GET");
	if (!u->options.expire)
		u->options.expire = EXPIRE;
	u->refs = 1;
	u->lane_count = lanes;
	upstream_put_endpoint(u->text, sizeof(u->text), &u->options.address);
	if (u->options.tls_name)
		u->tls_name = strdup(u->options.tls_name);
	if (u->options.tls)
		sodns_tls_keep(u->options.tls);
	if (!u->https || (u->options.tls && https_load()))
		return u;
	sodns_upstream_free(u);
	return NULL;
}

static void upstream_release(sodns_upstream_t *u)
{
	if (atomic_fetch_sub(&u->refs, 1) > 1)
		return;
	sodns_tls_release(u->options.tls);
	free(u->tls_name);
	free(u);
}

static void lane_closed(uv_handle_t *h)
{
	lane_t *l = h->data;
	upstream_release(l->upstream);
	free(l);
}

static void lane_end(void *arg)
{
	lane_t *l = arg;
	l->ending = true;
	while (l->sockets)
		carrier_close(l->sockets);
	while (l->streams)
		carrier_close(l->streams);
	if (!l->handles)
		uv_close((uv_handle_t *)&l->tick, lane_closed);
}

void sodns_upstream_free(void *upstream)
{
	sodns_upstream_t *u = upstream;
	if (!u)
		return;
	for (unsigned i = 0; i < u->lane_count; i++) {
		lane_t *l = atomic_load(&u->lanes[i]);
		if (l)
			loop_post(l->loop, lane_end, l);
	}
	upstream_release(u);
}

static bool is_old(const carrier_t *c, uint64_t now)
{
	const sodns_upstream_options_t *o = &c->lane->upstream->options;
	uint64_t unused = now - c->last;
	if (o->max_age && now - c->opened > o->max_age)
		return true;
	if (c->stream && !c->connected)
		return now - c->opened > CONNECT_NS;
	if (!c->stream && now - c->opened > SOCKET_AGE_NS)
		return true;
	return !c->in_flight && unused > o->expire;
}

static void retire_old(carrier_t *c, uint64_t now)
{
	for (carrier_t *next; c; c = next) {
		next = c->next;
		if (is_old(c, now))
			carrier_retire(c);
	}
}

static void on_tick(uv_timer_t *tick)
{
	lane_t *l = tick->data;
	uint64_t now = sodns_now();
	retire_old(l->sockets, now);
	retire_old(l->streams, now);
	if (!l->sockets && !l->streams) {
		uv_timer_stop(tick);
		l->ticking = false;
	}
}

static lane_t *lane_of(sodns_upstream_t *u)
{
	loop_t *loop = loop_current();
	unsigned i = loop->worker >= 0 ? (unsigned)loop->worker : u->lane_count - 1;
	lane_t *l = atomic_load_explicit(&u->lanes[i], memory_order_acquire);
	if (l || i >= u->lane_count || !(l = calloc(1, sizeof(*l))))
		return l;
	l->upstream = u;
	l->loop = loop;
	l->tick.data = l;
	uv_timer_init(&loop->uv, &l->tick);
	atomic_fetch_add(&u->refs, 1);
	atomic_store_explicit(&u->lanes[i], l, memory_order_release);
	return l;
}

/* RFC 6298, 2, in microseconds. */
static void learn(lane_t *l, uint64_t ns)
{
	uint32_t r = ns > 4000000000u ? 4000000u : (uint32_t)(ns / 1000) + 1;
	if (!l->srtt) {
		l->srtt = r;
		l->rttvar = r / 2;
		return;
	}
	uint32_t off = r > l->srtt ? r - l->srtt : l->srtt - r;
	l->rttvar = l->rttvar - l->rttvar / 4 + off / 4;
	l->srtt = l->srtt - l->srtt / 8 + r / 8 + 1;
}

uint64_t sodns_upstream_patience(const sodns_upstream_t *u)
{
	loop_t *loop = loop_current();
	if (!loop)
		return PATIENCE_MAX * SODNS_MS;
	unsigned i = loop->worker >= 0 ? (unsigned)loop->worker : u->lane_count - 1;
	const lane_t *l = atomic_load_explicit(&u->lanes[i], memory_order_acquire);
	if (!l || !l->srtt)
		return PATIENCE_MAX * SODNS_MS;
	uint64_t ms = (l->srtt + 4ull * l->rttvar) / 1000;
	return SODNS_MS * (ms < PATIENCE_MIN   ? PATIENCE_MIN
			   : ms > PATIENCE_MAX ? PATIENCE_MAX
					       : ms);
}

static void carrier_freed(uv_handle_t *h)
{
	carrier_t *c = h->data;
	lane_t *l = c->lane;
	close(c->fd);
	if (!c->stream)
		upstream_socket_closed();
	https_end(c);
	sodns_tls_end(c->tls);
	free(c->out);
	free(c->in);
	free(c);
	if (!--l->handles && l->ending)
		uv_close((uv_handle_t *)&l->tick, lane_closed);
}

carrier_t *carrier_new(lane_t *l, int fd, bool stream, carrier_t **list)
{
	carrier_t *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
	if (!c || uv_poll_init(&l->loop->uv, &c->poll, fd)) {
		int error = c ? EIO : errno;
		free(c);
		if (fd >= 0)
			close(fd);
		errno = error;
		return NULL;
	}
	c->lane = l;
	c->fd = fd;
	c->stream = stream;
	c->poll.data = c;
	c->opened = c->last = sodns_now();
	c->next = *list;
	c->at = list;
	if (c->next)
		c->next->at = &c->next;
	*list = c;
	l->handles++;
	if (!l->ticking) {
		uv_update_time(&l->loop->uv);
		uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS);
		l->ticking = true;
	}
	return c;
}

void carrier_close(carrier_t *c)
{
	if (c->closed)
		return;
	c->closed = c->retired = true;
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	if (c->lane->open[c->place] == c)
		c->lane->open[c->place] = NULL;
	uv_poll_stop(&c->poll);
	uv_close((uv_handle_t *)&c->poll, carrier_freed);
}

void carrier_retire(carrier_t *c)
{
	c->retired = true;
	if (!c->in_flight)
		carrier_close(c);
}

int carrier_connect(const sodns_upstream_t *u, int type)
{
	struct sockaddr_storage to, from;
	socklen_t len = sodns_address_to_sockaddr(&u->options.address, &to), from_len = 0;
	if (u->options.source.family)
		from_len = sodns_address_to_sockaddr(&u->options.source, &from);
	int fd = socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			limit_reached(LIMIT_DESCRIPTORS, 1);
		return -1;
	}
	if ((from_len && bind(fd, (const struct sockaddr *)(const void *)&from, from_len)) ||
	    (connect(fd, (const struct sockaddr *)(const void *)&to, len) &&
	     errno != EINPROGRESS)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static sodns_exchange_t **bucket(lane_t *l, uint16_t id)
{
	return &l->by_id[id % LANE_TABLE];
}

sodns_exchange_t *exchange_of(carrier_t *c, uint16_t id)
{
	sodns_exchange_t *x = *bucket(c->lane, id);
	while (x && (own(x)->id != id || own(x)->carrier != c))
		x = own(x)->next;
	return x;
}

void exchange_hang(sodns_exchange_t *x, carrier_t *c)
{
	do
		own(x)->id = random_id();
	while (exchange_of(c, own(x)->id));
	x->query[0] = (uint8_t)(own(x)->id >> 8);
	x->query[1] = (uint8_t)own(x)->id;
	own(x)->carrier = c;
	sodns_exchange_t **in = bucket(c->lane, own(x)->id), **on = &c->exchanges;
	own(x)->next = *in;
	own(x)->at = in;
	own(x)->beside = *on;
	own(x)->beside_at = on;
	if (own(x)->next)
		own(own(x)->next)->at = &own(x)->next;
	if (own(x)->beside)
		own(own(x)->beside)->beside_at = &own(x)->beside;
	*in = *on = x;
	c->in_flight++;
	c->used++;
	c->lane->asked += !c->stream;
}

void exchange_unhang(sodns_exchange_t *x)
{
	carrier_t *c = own(x)->carrier;
	if (!c)
		return;
	*own(x)->at = own(x)->next;
	if (own(x)->next)
		own(own(x)->next)->at = own(x)->at;
	*own(x)->beside_at = own(x)->beside;
	if (own(x)->beside)
		own(own(x)->beside)->beside_at = own(x)->beside_at;
	own(x)->carrier = NULL;
	c->lane->asked -= !c->stream;
	upstream_uncount_name(x);
	if (!--c->in_flight && c->retired)
		carrier_close(c);
}

/* Letters compare equal in any case (RFC 4343) unless the exchange wants them exact. */
static enum question compare_question(const uint8_t *a, const uint8_t *b, size_t len, bool exact)
{
	if (!memcmp(a, b, len))
		return QUESTION_SAME;
	for (size_t i = 0; i < len - 4; i++) {
		uint8_t x = a[i], y = b[i];
		if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
			return QUESTION_OTHER;
	}
	if (memcmp(a + len - 4, b + len - 4, 4))
		return QUESTION_OTHER;
	return exact ? QUESTION_RECASED : QUESTION_SAME;
}

/* Bytes of the question in a query of our own making. */
static size_t question_length(const uint8_t *query, size_t len)
{
	size_t end = QUESTION_AT;
	while (end < len && query[end])
		end += query[end] + 1u;
	return end + 5 <= len ? end + 5 - QUESTION_AT : 0;
}

sodns_exchange_t *exchange_find(carrier_t *c, const uint8_t *m, size_t len, enum question *question)
{
	if (len < QUESTION_AT || !(m[2] & 0x80))
		return NULL;
	sodns_exchange_t *x = exchange_of(c, (uint16_t)(m[0] << 8 | m[1]));
	if (!x)
		return NULL;
	size_t n = question_length(x->query, x->len);
	*question = QUESTION_OTHER;
	if (!(m[4] | m[5]))
		*question = QUESTION_NONE;
	else if (!m[4] && m[5] == 1 && n && QUESTION_AT + n <= len)
		*question = compare_question(x->query + QUESTION_AT, m + QUESTION_AT, n, x->exact);
	return x;
}

bool upstream_question_hash(const sodns_exchange_t *x, uint64_t *hash)
{
	uint8_t name[SODNS_NAME_MAX];
	size_t n = question_length(x->query, x->len);
	if (!n || n > SODNS_NAME_MAX + 4)
		return false;
	*hash = x->name_hash;
	if (*hash)
		return true;
	sodns_name_lower(x->query + QUESTION_AT, name);
	*hash = sodns_name_hash(name);
	return true;
}

void upstream_unwanted(const sodns_upstream_t *u, enum unwanted reason)
{
	static const char *const reasons[] = {"id", "question", "case"};
	static const char *const labels[] = {"to", "reason", NULL};
	static const sodns_family_t family = {
		.name = "sodns_upstream_unwanted_total",
		.help = "Messages from an upstream's address that answered nothing as it was "
			"asked.",
		.labels = labels};
	const char *const values[] = {u->text, reasons[reason]};
	sodns_metric_count(&family, values, 1);
}

void exchange_receive(sodns_exchange_t *x, const uint8_t *message, size_t len,
		      enum question question)
{
	carrier_t *c = own(x)->carrier;
	c->heard = true;
	if (question == QUESTION_SAME) {
		x->ended = c->last;
		exchange_unhang(x);
		exchange_answer(x, message, len);
		return;
	}
	x->mismatched = true;
	upstream_unwanted(x->upstream,
			  question == QUESTION_RECASED ? UNWANTED_CASE : UNWANTED_QUESTION);
	/* A guess, perhaps: the right one may still come. There is no guessing on a connection. */
	if (question == QUESTION_OTHER && !c->stream)
		return;
	x->recased = question == QUESTION_RECASED;
	if (question == QUESTION_NONE)
		x->header = (uint16_t)(message[2] << 8 | message[3]);
	exchange_unhang(x);
	exchange_done(x, SODNS_EINVAL);
}

static enum sodns_exchange_why why_of_error(int error)
{
	switch (error) {
	case 0:
	case ECONNRESET:
	case EPIPE:
		return SODNS_WHY_CLOSED;
	case ECONNREFUSED:
		return SODNS_WHY_REFUSED;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case ENETDOWN:
		return SODNS_WHY_UNREACHABLE;
	case ETIMEDOUT:
		return SODNS_WHY_TIME;
	case EPROTO:
		return SODNS_WHY_PROTOCOL;
	default:
		return SODNS_WHY_SYSTEM;
	}
}

static enum sodns_exchange_why why_of(const sodns_exchange_t *x)
{
	switch (x->result) {
	case SODNS_EBUSY:
		return SODNS_WHY_NONE;
	case SODNS_ETIMEOUT:
		return SODNS_WHY_TIME;
	case SODNS_ECANCELLED:
		return SODNS_WHY_STOPPED;
	case SODNS_EINVAL:
		return SODNS_WHY_BAD_ANSWER;
	case SODNS_ERANGE:
		return SODNS_WHY_TOO_LARGE;
	case SODNS_EIO:
		return why_of_error(x->error);
	default:
		return x->result > 0 ? SODNS_WHY_ANSWERED : SODNS_WHY_SYSTEM;
	}
}

void exchange_done(sodns_exchange_t *x, int result)
{
	x->result = result;
	x->why = (uint8_t)why_of(x);
	if (own(x)->task)
		task_ready(own(x)->task, SODNS_OK);
}

void exchange_answer(sodns_exchange_t *x, const uint8_t *message, size_t len)
{
	task_t *t = own(x)->task;
	if (!x->answer && t->query) {
		x->answer = arena_alloc(&t->query->arena, len);
		x->size = len;
	}
	if (len > x->size) {
		exchange_done(x, SODNS_ERANGE);
		return;
	}
	memcpy(x->answer, message, len);
	exchange_done(x, (int)len);
}

/* In tests the answer is known at once, and due later. */
static void begin_fake(sodns_exchange_t *x)
{
	static __thread uint8_t buffer[FAKE_MAX];
	uint32_t ms = 0;
	x->query[0] = (uint8_t)(random_id() >> 8);
	int n = seam.exchange(&x->upstream->options.address, x->query, x->len, buffer, FAKE_MAX,
			      &ms);
	own(x)->due = ms == UINT32_MAX ? UINT64_MAX : x->began + (uint64_t)ms * 1000000u;
	void *task = own(x)->task;
	x->error = n == SODNS_EIO ? ECONNREFUSED : 0;
	if (n < 0) {
		x->result = n;
		x->why = (uint8_t)why_of(x);
	} else if (own(x)->due != UINT64_MAX) {
		x->ended = own(x)->due;
		exchange_answer(x, buffer, (size_t)n);
	}
	own(x)->task = task;
}

void sodns_exchange_begin(sodns_exchange_t *x)
{
	x->result = SODNS_EBUSY;
	x->why = SODNS_WHY_NONE;
	own(x)->task = task_current();
	own(x)->carrier = NULL;
	x->reused = x->mismatched = own(x)->again = own(x)->counted = x->recased = x->forged =
		false;
	x->header = 0;
	x->connecting = true;
	x->error = 0;
	own(x)->due = 0;
	x->local.family = 0;
	x->began = sodns_now();
	lane_t *l = own(x)->task ? lane_of(x->upstream) : NULL;
	if (!l || x->len < QUESTION_AT) {
		x->error = EINVAL;
		x->result = SODNS_EIO;
		x->why = SODNS_WHY_SYSTEM;
	} else if (seam.exchange) {
		begin_fake(x);
	} else if (x->protocol == SODNS_UDP) {
		upstream_send_udp(l, x);
	} else {
		upstream_send_stream(l, x);
	}
}

/* One that has an outcome which was not told yet. */
static sodns_exchange_t *take_done(sodns_exchange_t *all, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		sodns_exchange_t *x = &all[i];
		if (!own(x)->task || x->result == SODNS_EBUSY ||
		    (own(x)->due && own(x)->due > sodns_now()))
			continue;
		own(x)->task = NULL;
		if (x->result > 0 && x->upstream)
			learn(lane_of(x->upstream), x->ended - x->began);
		return x;
	}
	return NULL;
}

/* Until the first fake answer, and no longer than `ms`. */
static uint64_t time_to_wait(const sodns_exchange_t *all, unsigned count, uint64_t now, uint64_t ms)
{
	for (unsigned i = 0; i < count; i++)
		if (own(&all[i])->task && own(&all[i])->due > now &&
		    own(&all[i])->due != UINT64_MAX && in_ms(own(&all[i])->due - now) < ms)
			ms = in_ms(own(&all[i])->due - now);
	return ms;
}

sodns_exchange_t *sodns_exchange_wait(sodns_exchange_t *all, unsigned count, uint64_t patience)
{
	sodns_exchange_t *x = take_done(all, count);
	const task_t *t = task_current();
	uint64_t now = x ? 0 : sodns_now(), end = in_time(now, patience);
	while (!x && now < end) {
		uint64_t left = in_ms(end - now);
		int rc = task_wait_from(now,
					seam.exchange ? time_to_wait(all, count, now, left) : left);
		if (rc && rc != SODNS_ETIMEOUT)
			return NULL;
		x = take_done(all, count);
		now = x ? end : sodns_now();
		if (t->deadline && now >= t->deadline)
			break;
	}
	return x;
}

void exchange_note_local(sodns_exchange_t *x)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	const carrier_t *c = own(x)->carrier;
	if (c && !getsockname(c->fd, (struct sockaddr *)(void *)&sa, &len))
		sodns_address_from_sockaddr((const struct sockaddr *)(const void *)&sa, &x->local);
}

/* A connection that brought nothing while this question waited may be dead without saying so. */
static void suspect(carrier_t *c, const sodns_exchange_t *x)
{
	if (c->stream && (c->last <= x->began || !c->heard))
		c->retired = true;
}

void sodns_exchange_end(sodns_exchange_t *x)
{
	carrier_t *c = own(x)->carrier;
	own(x)->task = NULL;
	if (x->result == SODNS_EBUSY || own(x)->due > sodns_now()) {
		const task_t *t = task_current();
		x->result = SODNS_ETIMEOUT;
		x->why = t && t->cancelled ? SODNS_WHY_STOPPED : SODNS_WHY_TIME;
	}
	if (!c)
		return;
	exchange_note_local(x);
	suspect(c, x);
	c->left++;
	upstream_forget(c, own(x)->id);
	exchange_unhang(x);
}

size_t upstream_put_endpoint(char *out, size_t size, const sodns_address_t *a)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	sodns_address_to_text(a, text);
	int n = snprintf(out, size, a->family == 6 ? "[%s]:%u" : "%s:%u", text, a->port);
	return n < 0 ? 0 : (size_t)n;
}

static const char *tls_objection(sodns_upstream_t *u)
{
	const lane_t *l = loop_current() ? lane_of(u) : NULL;
	return l && *l->why ? l->why : strerror(EPROTO);
}

/* As Go's HTTP client does it, but for the question in a GET's address. */
static size_t put_request(char *out, size_t size, bool get, const char *to)
{
	int n = snprintf(out, size, "%s \"https://%s/dns-query\": ", get ? "Get" : "Post", to);
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

void sodns_exchange_error(const sodns_exchange_t *x, char *out, size_t size)
{
	char to[96], from[96] = "";
	const sodns_upstream_t *u = x->upstream;
	const char *net = x->protocol == SODNS_UDP ? "udp" : "tcp";
	upstream_put_endpoint(to, sizeof(to), &u->options.address);
	if (x->local.family)
		upstream_put_endpoint(from, sizeof(from), &x->local);
	size_t n = u->https ? put_request(out, size, https_gets(x), to) : 0;
	out += n;
	size -= n;
	const char *arrow = *from ? "->" : "";
	const char *why = x->error == ECONNREFUSED   ? "connection refused"
			  : x->error == EHOSTUNREACH ? "no route to host"
			  : x->error == ENETUNREACH  ? "network is unreachable"
			  : x->error == ECONNRESET   ? "connection reset by peer"
			  : x->error == EPROTO       ? tls_objection(x->upstream)
						     : strerror(x->error);
	if (x->result == SODNS_ETIMEOUT && u->https)
		snprintf(out, size,
			 "context deadline exceeded (Client.Timeout exceeded while awaiting "
			 "headers)");
	else if (x->result == SODNS_ETIMEOUT && x->connecting && x->protocol != SODNS_UDP)
		snprintf(out, size, "dial %s %s: i/o timeout", net, to);
	else if (x->result == SODNS_ETIMEOUT)
		snprintf(out, size, "read %s %s%s%s: i/o timeout", net, from, arrow, to);
	else if (x->result == SODNS_EIO && !x->error)
		snprintf(out, size, "EOF");
	else if (x->result == SODNS_EIO && x->error == EPROTO)
		snprintf(out, size, "%s", why);
	else if (x->result == SODNS_EIO && x->connecting)
		snprintf(out, size, "dial %s %s: connect: %s", net, to, why);
	else if (x->result == SODNS_EIO)
		snprintf(out, size, "read %s %s%s%s: read: %s", net, from, arrow, to, why);
	else
		snprintf(out, size, "read %s %s%s%s: bad answer", net, from, arrow, to);
}
