/*
 * forward: what its files share. An instance is one `forward` of a server block: the names it takes,
 * and the upstreams that it asks.
 */
#ifndef FORWARD_H
#define FORWARD_H

#include <stdatomic.h>

#include <sodns/ability.h>
#include <sodns/metrics.h>
#include <sodns/plugin.h>
#include <sodns/upstream.h>
#include <sodns/wait.h>

#define TO_MAX 15
#define RCODES 24
#define MS 1000000u /* nanoseconds */

enum policy { POLICY_RANDOM, POLICY_ROUND_ROBIN, POLICY_SEQUENTIAL };
enum transport { TRANSPORT_DNS, TRANSPORT_TLS, TRANSPORT_HTTPS };

/* A destination as it stands in the Corefile or a resolv.conf; hostname: to be looked up. */
struct target {
	enum transport transport;
	sodns_address_t address;
	const char *hostname;    /* NULL: the address is known */
	const char *server_name; /* for TLS; NULL: none given */
};

/* How well an upstream is; the next generation begins with it. */
struct standing {
	_Atomic(uint32_t) fails;  /* failed checks in a row */
	_Atomic(uint32_t) misses; /* questions in a row that it left unanswered */
	_Atomic(bool) suspected;  /* to be checked */
};

struct upstream {
	struct forward *forward;
	char text[96]; /* address and port */
	enum transport transport;
	const char *server_name;
	sodns_upstream_t *up;

	struct standing *standing;

	/* the checker's own */
	uint64_t due, asked_at;
	uint32_t pause; /* in intervals */
	unsigned rises; /* good checks since it was down */
	bool checking;

	_Atomic(sodns_metric_t *) hits[2], misses_of[2]; /* of sockets and connections: UDP, TCP */
	_Atomic(sodns_metric_t *) check_failures;
	sodns_metric_t *healthy;
	_Atomic(sodns_metric_t *) duration[RCODES];
};

struct forward {
	const uint8_t *from;
	const uint8_t **except;
	size_t except_count;
	struct target *targets;
	size_t target_count, words;
	struct upstream *upstreams;
	unsigned count;

	enum policy policy;
	_Atomic(uint32_t) robin;
	uint32_t max_fails, max_attempts, max_idle;
	bool max_attempts_set, force_tcp, prefer_udp, failfast, next_on_nodata, random_case;
	bool next_is_forward;
	uint64_t expire, max_age, read_timeout, interval; /* ns */
	uint32_t next, failover;                          /* bits of rcodes */
	_Atomic(int64_t) concurrent;
	int64_t max_concurrent;
	const char *max_concurrent_text;
	const char *server_name, *http_method, *tls_files[3];
	size_t tls_file_count;
	bool tls_wanted;
	sodns_tls_t *tls; /* one context for all its TLS upstreams */
	sodns_address_t source;
	sodns_address_t *resolvers;
	size_t resolver_count;

	uint8_t check_name[SODNS_NAME_MAX];
	bool check_no_rd;
	_Atomic(sodns_service_t *) checker; /* NULL for the first queries after a reload */
	struct probe *probes;
	sodns_metric_t *broken, *rejects;
};

/* What asking the upstreams came to; shared by all who wait for the same question. */
struct outcome {
	int rcode;                       /* where there is no answer */
	const char *error;               /* the same; NULL: none */
	const struct upstream *upstream; /* asked last */
	bool udp;
	size_t len; /* of the answer; 0: there is none */
	uint8_t *answer;
};

/* The directive's occurrences in a block (setup.c). */
int forward_setup(sodns_setup_t *s);
/* One word after FROM: adds targets (to.c). */
int to_read(sodns_setup_t *s, struct forward *f, const char *word);
/* Addresses of the targets that are names; then f->upstreams (resolve.c). */
int upstreams_make(struct forward *f, sodns_prepare_t *p);

/* The message that asks an upstream what q asks. *len is set (message.c). */
uint8_t *message_build(sodns_query_t *q, size_t *len);
/* "DOMAIN NS" for checks; the length. */
size_t message_check(const struct forward *f, uint8_t *out);
/* Gives each letter of the question a case by chance (draft-vixie-dnsext-dns0x20). */
void message_mix_case(sodns_query_t *q, uint8_t *message);
/* The answer's question in the client's letters again. */
void message_restore_case(const sodns_query_t *q, uint8_t *answer, size_t len);

/* Indexes of the upstreams in the order in which they are to be tried: the policy's, suspected ones
 * behind, those that are down last (policy.c). */
void policy_order(struct forward *f, uint8_t *order);

/* Asks until there is an answer or nothing more to try. [may wait] (ask.c) */
void ask_upstreams(struct forward *f, sodns_query_t *q, uint8_t *query, size_t len,
		   struct outcome *out);

/* health.c */
bool upstream_is_down(const struct upstream *u);
bool upstream_is_suspect(const struct upstream *u);
void upstream_answered(struct upstream *u);
void upstream_missed(struct upstream *u);
int health_prepare(struct forward *f, sodns_prepare_t *p);
void health_start(struct forward *f);
void health_stop(struct forward *f);

/* metrics.c */
void metrics_prepare(struct forward *f);
void metrics_check_failed(struct upstream *u);
void metrics_begun(struct upstream *u, const sodns_exchange_t *x);
void metrics_answered(struct upstream *u, int rcode, uint64_t ns);

#endif
