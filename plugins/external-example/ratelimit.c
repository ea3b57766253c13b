/*
 * ratelimit: so many queries a second from one network over UDP. What is too much is dropped; now and
 * then it is answered "truncated" instead, so that a client whose address it really is comes by TCP.
 *
 *	ratelimit RATE {
 *		burst NUMBER	queries at once; default: as many as in a second
 *		ipv4 BITS	of a network; default 24
 *		ipv6 BITS	default 56
 *		slip NUMBER	one in so many is answered; default 2, 0: none
 *	}
 *
 * What networks have used is known to all workers, and to the next configuration.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodns/hash.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/random.h>
#include <sodns/share.h>

#define LAYOUT 1u
#define SETS 65536u
#define WAYS 4u
#define TIME_BITS 48u

/* A network has a place in one set. In it are some bits of its hash, and when, in microseconds since
 * the beginning, it will have paid for all of its queries, at one every 1/RATE seconds. If that is too
 * far in the future it has to wait; a time that has passed is as good as none, and makes room. */
struct table {
	uint64_t began;
	_Atomic(uint64_t) places[SETS][WAYS];
};

struct ratelimit {
	uint32_t rate, burst, ipv4, ipv6, slip;
	struct table *table;
	sodns_metric_t *dropped, *slipped;
};

static const sodns_option_t args[] = {
	{"RATE", SODNS_OPT_NUMBER, SODNS_FIELD(struct ratelimit, rate), .min = 1, .max = 1000000,
	 .help = "queries a second"},
};
static const sodns_option_t properties[] = {
	{"burst", SODNS_OPT_NUMBER, SODNS_FIELD(struct ratelimit, burst), .min = 1, .max = 1000000,
	 .otherwise = "RATE", .help = "queries at once"},
	{"ipv4", SODNS_OPT_NUMBER, SODNS_FIELD(struct ratelimit, ipv4), .min = 1, .max = 32,
	 .fallback = "24", .help = "bits of a network"},
	{"ipv6", SODNS_OPT_NUMBER, SODNS_FIELD(struct ratelimit, ipv6), .min = 1, .max = 128,
	 .fallback = "56", .help = "bits of a network"},
	{"slip", SODNS_OPT_NUMBER, SODNS_FIELD(struct ratelimit, slip), .max = 1000,
	 .fallback = "2", .help = "one in so many is answered truncated"},
};
static const sodns_options_t options = {.args = SODNS_ROWS(args),
					.properties = SODNS_ROWS(properties),
					.repeats = SODNS_ONCE,
					.help = "limits the queries of a network"};

/* The place of a network in its set: its own, or that of the one that has paid longest ago. */
static _Atomic(uint64_t) *place_of(struct table *t, uint64_t hash, uint64_t *value)
{
	_Atomic(uint64_t) *set = t->places[hash % SETS], *first = set;
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t v = atomic_load_explicit(&set[i], memory_order_relaxed);
		if (v >> TIME_BITS == hash >> TIME_BITS) {
			*value = v;
			return &set[i];
		}
		if (v << (64 - TIME_BITS) >= least)
			continue;
		least = v << (64 - TIME_BITS);
		first = &set[i];
	}
	*value = atomic_load_explicit(first, memory_order_relaxed);
	return first;
}

/* One more query; false: it is one too many. Of two at the same time one tries again. */
static bool take(const struct ratelimit *l, const sodns_address_t *client)
{
	uint64_t hash = sodns_hash_network(client, client->family == 4 ? l->ipv4 : l->ipv6);
	uint64_t now = (sodns_now() - l->table->began) / 1000, cost = 1000000 / l->rate, value,
		 paid;
	_Atomic(uint64_t) *place;
	do {
		place = place_of(l->table, hash, &value);
		paid = value & ((1ull << TIME_BITS) - 1);
		if (value >> TIME_BITS != hash >> TIME_BITS || paid < now)
			paid = now;
		paid += cost;
		if (paid > now + cost * l->burst)
			return false;
	} while (!atomic_compare_exchange_weak(place, &value,
					       hash >> TIME_BITS << TIME_BITS | paid));
	return true;
}

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	const struct ratelimit *l = h->self;
	if (sodns_query_protocol(q) != SODNS_UDP || sodns_query_depth(q) ||
	    take(l, sodns_query_peer(q)))
		return sodns_next(h, q);
	bool slips = l->slip && !sodns_random_below(l->slip);
	sodns_metric_add(slips ? l->slipped : l->dropped, 1);
	sodns_reply_t *r = slips ? sodns_reply(q) : sodns_drop(q);
	sodns_reply_set_flags(r, SODNS_TC, 0);
	return r;
}

/* The table of the configuration before, if it counted the same. */
static int prepare(void *self, sodns_prepare_t *p)
{
	struct ratelimit *l = self;
	char key[64];
	snprintf(key, sizeof(key), "%u %u %u", l->rate, l->ipv4, l->ipv6);
	l->table = sodns_inherit(p, key, LAYOUT);
	if (l->table)
		return SODNS_OK;
	l->table = calloc(1, sizeof(*l->table));
	if (!l->table)
		return sodns_prepare_error(p, "no memory");
	l->table->began = sodns_now();
	sodns_bequeath(p, key, LAYOUT, l->table, free);
	return SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	static const char *const labels[] = {"action", NULL};
	static const sodns_family_t family = {"ratelimit_limited_total",
					      "Queries beyond the limit.", .labels = labels};
	struct ratelimit *l = sodns_setup_alloc(s, sizeof(*l));
	l->dropped = sodns_metric(&family, (const char *const[]){"drop"});
	l->slipped = sodns_metric(&family, (const char *const[]){"slip"});
	if (sodns_setup_read_all(s, l))
		return SODNS_EINVAL;
	l->burst = l->burst ? l->burst : l->rate;
	return sodns_add_handler(s, l);
}

SODNS_PLUGIN(.name = "ratelimit", .version = "0.1", .setup = setup, .options = &options,
	     .serve_dns = serve, .prepare = prepare);
