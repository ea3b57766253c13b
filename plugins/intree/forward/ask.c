/*
 * Asking upstreams within a query's time. The first one gets a head start that follows its round trip
 * (200 to 500 ms); one that has not answered by then stays in the race while the next ones are asked
 * too, one, then two, then four at a time. A failure or a rcode that calls for failover moves on at
 * once. The first good answer ends it; one that has to be asked for in another way (judge.c) is, at the same
 * upstream and at once.
 */
#include "forward.h"

#include <string.h>

#include <sodns/random.h>

/* In flight at a time; the one that waits longest makes room. */
#define SLOTS_MAX 8u
/* Attempts of one query, whatever max_connect_attempts allows. */
#define ATTEMPTS_MAX 64u
/* Between the rounds after the first one. */
#define ROUND_NS (250 * SODNS_MS)
/* Kept of the deadline, for the way back. */
#define MARGIN_NS (50 * SODNS_MS)
/* Ways of asking one upstream, one after the other. */
#define WAYS_MAX 4u

/* What this query has found out about an upstream. */
enum state {
	SPENT = 1,   /* its answer calls for failover */
	ASKED = 2,   /* at least once */
	PLAIN = 4,   /* does not like EDNS */
	UNMIXED = 8, /* does not keep the case */
	BY_TCP = 16, /* answers over UDP do not fit */
	SILENT = 32, /* PLAIN for no other reason than that it said nothing */
};

struct slot {
	struct upstream *to; /* NULL: free */
	uint64_t expires;
	bool late;
	unsigned ways;   /* it was asked in before this one */
	enum reason why; /* it is asked over TCP */
	struct sent sent;
};

struct asking {
	struct forward *f;
	sodns_query_t *q;
	const struct question *what;
	uint8_t *order, *state; /* state: by index of the upstream */
	unsigned next;          /* in the order */
	unsigned round;         /* how many were begun */
	uint64_t next_round, end;
	unsigned attempts, attempts_max;
	unsigned slot_count;
	sodns_exchange_t *x;
	struct slot *slots;
	bool mismatched, exhausted;
	struct outcome *out;
};

static enum sodns_protocol protocol_for(const struct asking *a, const struct upstream *u)
{
	const struct forward *f = a->f;
	if (f->force_tcp || u->transport != TRANSPORT_DNS)
		return SODNS_TCP;
	if (a->state[u->index] & BY_TCP)
		return SODNS_TCP;
	return f->prefer_udp || sodns_query_proto(a->q)[0] == 'u' ? SODNS_UDP : SODNS_TCP;
}

/* The text is that of the last failure. */
static void note_error(struct asking *a, const sodns_exchange_t *x)
{
	char text[256];
	sodns_exchange_error(x, text, sizeof(text));
	a->mismatched |= x->mismatched;
	a->out->error = sodns_printf(a->q, "%s", text);
}

static void leave(struct asking *a, unsigned i)
{
	sodns_exchange_end(&a->x[i]);
	a->slots[i].to = NULL;
}

/* A free slot, or the one whose question is oldest. */
static unsigned make_room(struct asking *a)
{
	unsigned oldest = 0;
	for (unsigned i = 0; i < a->slot_count; i++) {
		if (!a->slots[i].to)
			return i;
		if (a->x[i].began < a->x[oldest].began)
			oldest = i;
	}
	leave(a, oldest);
	return oldest;
}

/* Without EDNS: where it is not known. */
static bool is_plain(const struct asking *a, const struct upstream *u)
{
	return a->state[u->index] & PLAIN || manners_no_edns(u);
}

/* Where EDNS was never seen and a question with it brought nothing, the next one goes without. But DNSSEC
 * cannot do without. */
static void suspect_edns(struct asking *a, const struct upstream *u)
{
	uint8_t *state = &a->state[u->index];
	if (*state & ASKED && !a->what->dnssec_ok && !a->what->options_len &&
	    !atomic_load_explicit(&u->manners.edns_seen, memory_order_relaxed))
		*state |= PLAIN | SILENT;
}

static bool is_mixed(const struct asking *a, const struct upstream *u)
{
	return a->f->random_case && u->transport == TRANSPORT_DNS &&
	       !(a->state[u->index] & UNMIXED) && !manners_recases(u);
}

static struct slot *send_to(struct asking *a, struct upstream *u, enum sodns_protocol protocol)
{
	unsigned i = make_room(a);
	sodns_exchange_t *x = &a->x[i];
	struct slot *s = &a->slots[i];
	*s = (struct slot){.to = u};
	message_make(a->q, a->what, u, is_plain(a, u), is_mixed(a, u), &s->sent);
	memset(x, 0, sizeof(*x));
	x->upstream = u->up;
	x->protocol = protocol;
	x->query = s->sent.query;
	x->len = s->sent.len;
	x->exact = s->sent.mixed && protocol == SODNS_UDP;
	x->name_hash = sodns_query_name_hash(a->q, 0);
	a->state[u->index] |= ASKED;
	a->out->upstream = u;
	sodns_exchange_begin(x);
	s->expires = x->began + a->f->read_timeout;
	metrics_begun(u, x);
	return s;
}

static bool may_be_asked(const struct asking *a, const struct upstream *u)
{
	return !(a->state[u->index] & SPENT) && !upstream_is_down(u);
}

/* The next in the order; one that is down only where all are, and then any of them. */
static struct upstream *choose(struct asking *a)
{
	struct forward *f = a->f;
	for (unsigned i = 0; i < f->count; i++) {
		unsigned at = (a->next + i) % f->count;
		struct upstream *u = &f->upstreams[a->order[at]];
		if (!may_be_asked(a, u))
			continue;
		a->next = at + 1;
		return u;
	}
	/* There is an answer from each that is there. */
	if (a->out->len) {
		a->exhausted = true;
		return NULL;
	}
	sodns_metric_add(f->broken, 1);
	if (f->failfast) {
		a->exhausted = true;
		return NULL;
	}
	a->next = 0;
	return &f->upstreams[sodns_random_below(f->count)];
}

static bool may_send(const struct asking *a)
{
	return a->attempts < a->attempts_max && !a->exhausted;
}

static unsigned in_flight(const struct asking *a)
{
	unsigned n = 0;
	for (unsigned i = 0; i < a->slot_count; i++)
		n += a->slots[i].to != NULL;
	return n;
}

/* What has had its time is evidently slow, but may still answer; where something else came, TCP may tell
 * what is true. */
static void mark_late(struct asking *a)
{
	for (unsigned i = 0; i < a->slot_count; i++) {
		struct upstream *u = a->slots[i].to;
		if (!u)
			continue;
		if (a->x[i].mismatched)
			a->state[u->index] |= BY_TCP;
		if (!a->slots[i].late)
			upstream_missed(u);
		a->slots[i].late = true;
	}
}

/* A connection repeats for itself what got lost: a second question on it would gain nothing. */
static bool repeats_itself(const struct asking *a, const struct upstream *u)
{
	for (unsigned i = 0; i < a->slot_count; i++)
		if (a->slots[i].to == u && a->x[i].protocol != SODNS_UDP)
			return true;
	return false;
}

static void send_round(struct asking *a, uint64_t now)
{
	unsigned many = a->round < 2 ? 1 : 1u << (a->round < 5 ? a->round - 1 : 4);
	uint64_t patience = ROUND_NS;
	for (; many && may_send(a); many--) {
		struct upstream *u = choose(a);
		if (!u)
			return;
		if (!a->round)
			patience = sodns_upstream_patience(u->up);
		if (repeats_itself(a, u))
			continue;
		a->attempts++;
		suspect_edns(a, u);
		send_to(a, u, protocol_for(a, u));
	}
	a->round++;
	a->next_round = now + patience;
}

/* Nothing came of a slot's question: the next upstream is asked at once. What made it go over TCP has to
 * be borne where there is no TCP. */
static void fail(struct asking *a, const struct slot *s, const sodns_exchange_t *x)
{
	struct upstream *u = s->to;
	if (x->protocol != SODNS_UDP && x->result <= 0 && !x->mismatched && s->ways) {
		a->state[u->index] &= (uint8_t)~BY_TCP;
		if (s->why == REASON_COOKIE)
			cookie_set(u, NULL, 0);
		if (s->why == REASON_CASE) {
			a->state[u->index] |= UNMIXED;
			manners_bear_recasing(u);
		}
	}
	a->next_round = 0;
}

/* The same upstream in another way. False: it was asked in enough. */
static bool ask_again(struct asking *a, const struct slot *before, enum verdict v, enum reason why,
		      enum sodns_protocol protocol)
{
	struct upstream *u = before->to;
	unsigned ways = before->ways + 1;
	if (ways >= WAYS_MAX)
		return false;
	/* A cookie that does not please the second time, neither. */
	if (v == VERDICT_BY_TCP || (v == VERDICT_COOKIE && before->ways)) {
		protocol = SODNS_TCP;
		a->state[u->index] |= BY_TCP;
	}
	if (v == VERDICT_PLAINLY)
		a->state[u->index] |= PLAIN;
	struct slot *s = send_to(a, u, protocol);
	s->ways = ways;
	s->why = why;
	return true;
}

static void note_bad(struct asking *a, const sodns_exchange_t *x, const struct upstream *u)
{
	a->mismatched |= x->mismatched;
	if (x->result <= 0)
		note_error(a, x);
	else
		a->out->error = sodns_printf(a->q, "malformed answer from %s", u->text);
}

static bool all_spent(const struct asking *a)
{
	for (unsigned i = 0; i < a->f->count; i++)
		if (!(a->state[i] & SPENT))
			return false;
	return true;
}

/* An answer that can be passed on: whether it ends the search. */
static bool take_good(struct asking *a, const struct slot *s, const sodns_exchange_t *x,
		      sodns_reply_t *r)
{
	int rcode = sodns_reply_rcode(r);
	struct upstream *u = s->to;
	if (a->state[u->index] & PLAIN && rcode != SODNS_FORMERR && rcode != SODNS_NOTIMP)
		manners_note_plain(u, a->state[u->index] & SILENT);
	if (s->why == REASON_CASE && s->sent.mixed)
		manners_note_recased_udp(u);
	a->out->answer = x->answer;
	a->out->len = (size_t)x->result;
	a->out->reply = r;
	a->out->upstream = u;
	if (!(rcode < 32 && a->f->failover >> rcode & 1))
		return true;
	a->state[u->index] |= SPENT;
	a->next_round = 0;
	return all_spent(a);
}

/* Something came of x: whether it ends the search. */
static bool take(struct asking *a, sodns_exchange_t *ended)
{
	unsigned i = (unsigned)(ended - a->x);
	struct upstream *u = a->slots[i].to;
	enum reason why;
	sodns_reply_t *r;
	enum verdict v = judge(a->q, u, &a->slots[i].sent, ended, &r, &why);
	if (r) {
		upstream_answered(u);
		metrics_answered(u, sodns_reply_rcode(r) & 15, ended->ended - ended->began);
	}
	const struct slot s = a->slots[i];
	leave(a, i);
	if (v == VERDICT_GOOD)
		return take_good(a, &s, ended, r);
	sodns_exchange_t x = *ended;
	if (v != VERDICT_BAD && ask_again(a, &s, v, why, x.protocol))
		return false;
	note_bad(a, &x, u);
	upstream_missed(u);
	fail(a, &s, &x);
	return false;
}

/* Ends those that have had the whole read_timeout. */
static void expire(struct asking *a, uint64_t now)
{
	for (unsigned i = 0; i < a->slot_count; i++) {
		struct upstream *u = a->slots[i].to;
		if (!u || now < a->slots[i].expires)
			continue;
		if (!a->slots[i].late)
			upstream_missed(u);
		const struct slot s = a->slots[i];
		sodns_exchange_end(&a->x[i]);
		note_error(a, &a->x[i]);
		a->slots[i].to = NULL;
		if (a->x[i].mismatched)
			a->state[u->index] |= BY_TCP;
		fail(a, &s, &a->x[i]);
	}
}

static uint64_t next_event(const struct asking *a)
{
	uint64_t at = a->end;
	if (may_send(a) && a->next_round < at)
		at = a->next_round;
	for (unsigned i = 0; i < a->slot_count; i++)
		if (a->slots[i].to && a->slots[i].expires < at)
			at = a->slots[i].expires;
	return at;
}

static void search(struct asking *a)
{
	for (uint64_t now = sodns_now(); now < a->end; now = sodns_now()) {
		expire(a, now);
		if (may_send(a) && now >= a->next_round) {
			mark_late(a);
			send_round(a, now);
		}
		if (!in_flight(a) && !may_send(a))
			return;
		uint64_t at = next_event(a), wait = at > now ? at - now : 0;
		sodns_exchange_t *x = sodns_exchange_wait(a->x, a->slot_count, wait);
		if (x && take(a, x))
			return;
		/* The daemon stops: no wait takes time any more. */
		if (!x && wait && sodns_now() < now + wait / 2)
			return;
	}
}

/* At the deadline none has failed: they are only still silent. */
static void leave_all(struct asking *a)
{
	for (unsigned i = 0; i < a->slot_count; i++) {
		struct upstream *u = a->slots[i].to;
		if (!u)
			continue;
		sodns_exchange_end(&a->x[i]);
		if (!a->out->len)
			note_error(a, &a->x[i]);
	}
}

void ask_upstreams(struct forward *f, sodns_query_t *q, const struct question *what,
		   struct outcome *out)
{
	struct asking a = {.f = f, .q = q, .what = what, .out = out};
	uint32_t attempts = f->max_attempts_set ? f->max_attempts : 2 * f->count;
	a.attempts_max = attempts && attempts < ATTEMPTS_MAX ? attempts : ATTEMPTS_MAX;
	a.slot_count = a.attempts_max + 1 < SLOTS_MAX ? a.attempts_max + 1 : SLOTS_MAX;
	a.x = sodns_alloc(q, a.slot_count * sizeof(*a.x));
	memset(a.x, 0, a.slot_count * sizeof(*a.x));
	a.slots = sodns_alloc(q, a.slot_count * sizeof(*a.slots));
	memset(a.slots, 0, a.slot_count * sizeof(*a.slots));
	a.order = sodns_alloc(q, 2 * f->count);
	a.state = memset(a.order + f->count, 0, f->count);
	a.end = sodns_query_deadline(q) - MARGIN_NS;
	policy_order(f, a.order);
	out->error = "no healthy proxies";
	search(&a);
	leave_all(&a);
	if (!out->len && a.mismatched)
		out->rcode = SODNS_FORMERR;
}
