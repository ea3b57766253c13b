/*
 * Which upstreams are well. Suspicion comes from questions that were left unanswered, and only then checks are
 * sent: "DOMAIN NS", until one is answered. Any question that is answered clears an upstream
 * at once; one that was down has to answer two checks in a row, so that it does not flap. Checks of
 * one that stays down become rarer, down to one every four intervals.
 */
#include "forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/message.h>
#include <sodns/share.h>

#define SUSPECT_AFTER 3u
/* Of struct standing. */
#define STANDING_LAYOUT 1u
#define RISES 2u
#define PAUSE_MAX 4u
#define CHECK_NS (1000 * SODNS_MS)
#define CHECKED_MAX 16u /* at a time */
/* That something came is all there is to know. */
#define ANSWER_MAX 12u

struct probe {
	struct upstream *u;
	uint8_t query[SODNS_MESSAGE_QUERY_MAX], answer[ANSWER_MAX];
};

bool upstream_is_down(const struct upstream *u)
{
	uint32_t max = u->forward->max_fails;
	return max && atomic_load_explicit(&u->standing->fails, memory_order_relaxed) > max;
}

bool upstream_is_suspect(const struct upstream *u)
{
	return u->forward->max_fails &&
	       atomic_load_explicit(&u->standing->misses, memory_order_relaxed) >= SUSPECT_AFTER;
}

/* Written only where it changes something: the line is shared by all workers. */
void upstream_answered(struct upstream *u)
{
	if (atomic_load_explicit(&u->standing->misses, memory_order_relaxed))
		atomic_store_explicit(&u->standing->misses, 0, memory_order_relaxed);
}

void upstream_missed(struct upstream *u)
{
	struct forward *f = u->forward;
	atomic_fetch_add_explicit(&u->standing->misses, 1, memory_order_relaxed);
	if (f->max_fails && !atomic_exchange(&u->standing->suspected, true))
		sodns_service_wake(f->checker);
}

static void check_failed(struct upstream *u)
{
	metrics_check_failed(u);
	u->rises = 0;
	if (upstream_is_down(u)) {
		u->pause = u->pause * 2 < PAUSE_MAX ? u->pause * 2 : PAUSE_MAX;
		return;
	}
	u->pause = 1;
	atomic_fetch_add(&u->standing->fails, 1);
	if (!upstream_is_down(u))
		return;
	sodns_metric_set(u->healthy, 0);
	sodns_log(SODNS_LOG_WARNING, "forward", "upstream %s is down", u->text);
}

static void check_passed(struct upstream *u)
{
	bool down = upstream_is_down(u);
	u->pause = 1;
	if (down && ++u->rises < RISES)
		return;
	u->rises = 0;
	atomic_store(&u->standing->fails, 0);
	atomic_store(&u->standing->misses, 0);
	atomic_store(&u->standing->suspected, false);
	sodns_metric_set(u->healthy, 1);
	if (down)
		sodns_log(SODNS_LOG_INFO, "forward", "upstream %s is up again", u->text);
}

/* Of those under suspicion: when the next check is due. 0: none is. */
static uint64_t next_due(const struct forward *f)
{
	uint64_t first = 0;
	for (unsigned i = 0; i < f->count; i++) {
		const struct upstream *u = &f->upstreams[i];
		if (atomic_load(&u->standing->suspected) && (!first || u->due < first))
			first = u->due ? u->due : 1;
	}
	return first;
}

static void begin(struct forward *f, struct upstream *u, struct probe *p, sodns_exchange_t *x)
{
	bool tcp = f->force_tcp || u->transport != TRANSPORT_DNS;
	size_t len = message_check(f, p->query);
	memset(x, 0, sizeof(*x));
	x->upstream = u->up;
	x->protocol = tcp ? SODNS_TCP : SODNS_UDP;
	x->query = p->query;
	x->post = true;
	x->len = len;
	x->answer = p->answer;
	x->size = sizeof(p->answer);
	p->u = u;
	sodns_exchange_begin(x);
}

/* Anything that comes back is a sign of life, also what does not fit the question. */
static bool alive(const sodns_exchange_t *x)
{
	return x->result > 0 || x->mismatched || x->result == SODNS_ERANGE;
}

static unsigned begin_due(struct forward *f, sodns_exchange_t *x)
{
	unsigned n = 0;
	uint64_t now = sodns_now();
	for (unsigned i = 0; i < f->count && n < CHECKED_MAX; i++) {
		struct upstream *u = &f->upstreams[i];
		if (!atomic_load(&u->standing->suspected) || u->due > now)
			continue;
		begin(f, u, &f->probes[n], &x[n]);
		n++;
	}
	return n;
}

/* Checks all that are due, at the same time. False: the service is stopped. */
static bool check(struct forward *f)
{
	sodns_exchange_t x[CHECKED_MAX];
	unsigned n = begin_due(f, x), left = n;
	for (uint64_t now = sodns_now(), end = now + CHECK_NS; left && now < end;
	     now = sodns_now()) {
		if (!sodns_exchange_wait(x, n, end - now))
			break;
		left--;
	}
	bool stopped = !sodns_service_sleep(0);
	for (unsigned i = 0; i < n; i++) {
		struct upstream *u = f->probes[i].u;
		sodns_exchange_end(&x[i]);
		if (stopped)
			continue;
		if (alive(&x[i]))
			check_passed(u);
		else
			check_failed(u);
		u->due = sodns_now() + f->interval * u->pause;
	}
	return !stopped;
}

static void run(void *arg)
{
	struct forward *f = arg;
	for (;;) {
		uint64_t due = next_due(f), now = sodns_now();
		uint64_t left = !due ? SODNS_FOREVER : due > now ? due - now : 0;
		if (due && due <= now ? !check(f) : !sodns_service_sleep(left))
			return;
	}
}

/* A reload changes nothing about a server: one that was down stays down until a check says otherwise. */
static int inherit(struct upstream *u, sodns_prepare_t *p)
{
	char key[512], source[SODNS_ADDRESS_TEXT_MAX];
	sodns_address_to_text(&u->forward->source, source);
	snprintf(key, sizeof(key), "%u %s %s %.300s", u->transport, u->text, source,
		 u->server_name ? u->server_name : "");
	const struct standing *before = sodns_inherit(p, key, STANDING_LAYOUT);
	u->standing = calloc(1, sizeof(*u->standing));
	if (!u->standing)
		return SODNS_ENOMEM;
	if (before) {
		u->standing->fails = atomic_load(&before->fails);
		u->standing->misses = atomic_load(&before->misses);
		u->standing->suspected = atomic_load(&before->suspected);
	}
	sodns_bequeath(p, key, STANDING_LAYOUT, u->standing, free);
	u->pause = 1;
	sodns_metric_set(u->healthy, !upstream_is_down(u));
	return SODNS_OK;
}

int health_prepare(struct forward *f, sodns_prepare_t *p)
{
	for (unsigned i = 0; i < f->count; i++)
		if (inherit(&f->upstreams[i], p))
			return SODNS_ENOMEM;
	f->probes = calloc(f->count < CHECKED_MAX ? f->count + 1 : CHECKED_MAX, sizeof(*f->probes));
	return f->probes ? SODNS_OK : SODNS_ENOMEM;
}

void health_start(struct forward *f)
{
	if (!f->max_fails)
		return;
	/* None has been suspected yet, in most server blocks. */
	f->checker = sodns_service_start_asleep("forward", run, f);
	if (next_due(f))
		sodns_service_wake(f->checker);
}

void health_stop(struct forward *f)
{
	sodns_service_stop(f->checker);
	free(f->probes);
}
