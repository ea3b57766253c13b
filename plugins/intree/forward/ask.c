/*
 * Asking upstreams within a query's time. The first one gets a head start that follows its round trip
 * (200 to 500 ms); whoever has not answered by then stays in the race while the next ones are asked
 * too, one, then two, then four at a time. A failure or a rcode that calls for failover moves on at
 * once. The first good answer ends it.
 */
#include "forward.h"

#include <string.h>

#include <sodns/random.h>

/* In flight at a time; the one that waits longest makes room. */
#define SLOTS_MAX 8u
/* Attempts of one query, whatever max_connect_attempts allows. */
#define ATTEMPTS_MAX 64u
/* Between the rounds after the first one. */
#define ROUND_NS (250ull * MS)
/* Kept of the deadline, for the way back. */
#define MARGIN_NS (50ull * MS)

struct slot {
	struct upstream *to; /* NULL: free */
	uint64_t expires;
	bool late;
};

struct asking {
	struct forward *f;
	sodns_query_t *q;
	uint8_t *query;
	size_t len;
	uint8_t *order;
	unsigned next;  /* in the order */
	unsigned round; /* how many were begun */
	uint64_t next_round, end;
	unsigned attempts, attempts_max, failovers;
	unsigned slot_count;
	sodns_exchange_t *x;
	struct slot slots[SLOTS_MAX];
	bool mismatched, failed_fast;
	struct outcome *out;
};

static enum sodns_protocol protocol_for(const struct asking *a, const struct upstream *u)
{
	const struct forward *f = a->f;
	if (f->force_tcp || u->transport != TRANSPORT_DNS)
		return SODNS_TCP;
	/* Who does not keep the letters' case is asked where it does not matter. */
	if (f->random_case && a->mismatched)
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

static void send_to(struct asking *a, struct upstream *u, enum sodns_protocol protocol)
{
	unsigned i = make_room(a);
	sodns_exchange_t *x = &a->x[i];
	memset(x, 0, sizeof(*x));
	x->upstream = u->up;
	x->protocol = protocol;
	x->query = a->query;
	x->len = a->len;
	x->exact = a->f->random_case && protocol == SODNS_UDP;
	a->slots[i] = (struct slot){.to = u};
	a->out->upstream = u;
	sodns_exchange_begin(x);
	a->slots[i].expires = x->began + a->f->read_timeout;
	metrics_begun(u, x);
}

/* The next in the order; one that is down only where all are, and then any of them. */
static struct upstream *choose(struct asking *a)
{
	struct forward *f = a->f;
	if (a->next >= f->count)
		a->next = 0;
	struct upstream *u = &f->upstreams[a->order[a->next++]];
	if (!upstream_is_down(u))
		return u;
	if (!upstream_is_down(&f->upstreams[a->order[0]])) {
		/* Those behind are down, too: from the start again. */
		a->next = 1;
		return &f->upstreams[a->order[0]];
	}
	sodns_metric_add(f->broken, 1);
	if (f->failfast) {
		a->failed_fast = true;
		return NULL;
	}
	a->next = 0;
	return &f->upstreams[sodns_random_below(f->count)];
}

static bool may_send(const struct asking *a)
{
	return a->attempts < a->attempts_max && !a->failed_fast;
}

static unsigned in_flight(const struct asking *a)
{
	unsigned n = 0;
	for (unsigned i = 0; i < a->slot_count; i++)
		n += a->slots[i].to != NULL;
	return n;
}

/* Who has had his time is evidently slow, but may still answer. */
static void mark_late(struct asking *a)
{
	for (unsigned i = 0; i < a->slot_count; i++)
		if (a->slots[i].to && !a->slots[i].late) {
			a->slots[i].late = true;
			upstream_missed(a->slots[i].to);
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
			patience = (uint64_t)sodns_upstream_patience(u->up) * MS;
		if (repeats_itself(a, u))
			continue;
		a->attempts++;
		send_to(a, u, protocol_for(a, u));
	}
	a->round++;
	a->next_round = now + patience;
}

/* An answer: whether it ends the search. */
static bool take_answer(struct asking *a, unsigned i)
{
	const struct forward *f = a->f;
	sodns_exchange_t *x = &a->x[i];
	struct upstream *u = a->slots[i].to;
	int rcode = x->answer[3] & 15;
	bool udp = x->protocol == SODNS_UDP, truncated = x->answer[2] & 2;
	upstream_answered(u);
	metrics_answered(u, rcode, sodns_now() - x->began);
	uint8_t *answer = x->answer;
	size_t len = (size_t)x->result;
	leave(a, i);
	if (truncated && udp && f->prefer_udp) {
		send_to(a, u, SODNS_TCP);
		return false;
	}
	a->out->answer = answer;
	a->out->len = len;
	a->out->udp = udp;
	a->out->upstream = u;
	if (!(f->failover >> rcode & 1) || ++a->failovers >= f->count)
		return true;
	a->next_round = 0;
	return false;
}

static bool take(struct asking *a, sodns_exchange_t *x)
{
	unsigned i = (unsigned)(x - a->x);
	if (x->result > 0 && x->answer && x->result >= 12)
		return take_answer(a, i);
	note_error(a, x);
	upstream_missed(a->slots[i].to);
	leave(a, i);
	a->next_round = 0;
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
		sodns_exchange_end(&a->x[i]);
		note_error(a, &a->x[i]);
		a->slots[i].to = NULL;
		a->next_round = 0;
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
		uint64_t at = next_event(a), wait = at > now ? (at - now + MS - 1) / MS : 0;
		sodns_exchange_t *x = sodns_exchange_wait(a->x, a->slot_count, (uint32_t)wait);
		if (x && take(a, x))
			return;
		/* The daemon stops: no wait takes time any more. */
		if (!x && wait && sodns_now() < now + wait * MS / 2)
			return;
	}
}

/* At the deadline nobody has failed: they are only still silent. */
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

void ask_upstreams(struct forward *f, sodns_query_t *q, uint8_t *query, size_t len,
		   struct outcome *out)
{
	struct asking a = {.f = f, .q = q, .query = query, .len = len, .out = out};
	uint32_t attempts = f->max_attempts_set ? f->max_attempts : 2 * f->count;
	a.attempts_max = attempts && attempts < ATTEMPTS_MAX ? attempts : ATTEMPTS_MAX;
	a.slot_count = a.attempts_max + 1 < SLOTS_MAX ? a.attempts_max + 1 : SLOTS_MAX;
	a.x = sodns_alloc(q, a.slot_count * sizeof(*a.x));
	memset(a.x, 0, a.slot_count * sizeof(*a.x));
	a.order = sodns_alloc(q, f->count);
	a.end = sodns_query_deadline(q) - MARGIN_NS;
	policy_order(f, a.order);
	if (f->random_case)
		message_mix_case(q, query);
	out->error = "no healthy proxies";
	search(&a);
	leave_all(&a);
	if (f->random_case && out->len)
		message_restore_case(q, out->answer, out->len);
	if (!out->len && a.mismatched)
		out->rcode = SODNS_FORMERR;
}
