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
#define PASSED_MAX 32u
#define COOKIE_CLIENT 8u
#define COOKIE_SERVER_MAX 32u

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

/* The cookie that a server gave: written seldom, read often, by all workers (manners.c). */
struct server_cookie {
	_Atomic(uint32_t) version; /* odd while it is written */
	_Atomic(uint32_t) len;     /* 0: none */
	_Atomic(uint64_t) words[COOKIE_SERVER_MAX / 8];
	_Atomic(uint64_t) written; /* sodns_now() */
};

/* What an upstream makes of questions; found out by asking (manners.c). */
struct manners {
	_Atomic(uint64_t) recases_until; /* loses the letters' case, until when this holds */
	_Atomic(uint64_t) no_edns_until; /* does not know EDNS */
	_Atomic(bool) edns_seen;         /* knows EDNS */
	_Atomic(uint32_t) recased;       /* answers over UDP in a row with other letters */
	_Atomic(uint32_t) silent;        /* questions with EDNS in a row that brought nothing */
	uint8_t cookie[COOKIE_CLIENT];   /* ours for this upstream alone */
	struct server_cookie server;
};

struct upstream {
	struct forward *forward;
	unsigned index;
	char text[96]; /* address and port */
	enum transport transport;
	const char *server_name;
	sodns_upstream_t *up;

	struct standing *standing;
	struct manners manners;

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
	bool max_attempts_set, force_tcp, prefer_udp, failfast, next_on_nodata;
	bool random_case, cookies;
	uint16_t passed[PASSED_MAX]; /* options that clients may send on */
	unsigned passed_count;
	bool next_is_forward;
	uint64_t expire, max_age, read_timeout, interval; /* ns */
	uint32_t next, failover;                          /* bits of rcodes */
	_Atomic(int64_t) concurrent;
	int64_t max_concurrent;
	const char *max_concurrent_text;
	const char *server_name, *http_method, **tls_files, **to; /* to: as they are written */
	size_t to_count;
	size_t tls_file_count;
	bool tls_wanted;
	sodns_tls_t *tls; /* one context for all its TLS upstreams */
	sodns_address_t source;
	sodns_address_t *resolvers;
	size_t resolver_count;

	uint8_t check_name[SODNS_NAME_MAX];
	const uint8_t *check_domain; /* as it is written; NULL: it is not */
	bool check_no_rd;
	_Atomic(sodns_service_t *) checker; /* NULL for the first queries after a reload */
	struct probe *probes;
	sodns_metric_t *broken, *rejects;
};

/* What asking the upstreams came to; shared by all queries that wait for the same answer. */
struct outcome {
	int rcode;                       /* where there is no answer */
	const char *error;               /* the same; NULL: none */
	const struct upstream *upstream; /* asked last */
	bool subnet;                     /* the client's went along */
	size_t len;                      /* of the answer; 0: there is none */
	uint8_t *answer;
	sodns_reply_t *reply; /* the asker's own, made of a copy of it */
};

/* What is asked, whichever upstream it goes to. */
struct question {
	uint16_t flags; /* the header's second word */
	const uint8_t *name;
	size_t name_len;
	uint16_t type, rclass;
	bool dnssec_ok, edns; /* edns: the client's */
	uint16_t size;
	bool subnet;            /* among the options */
	const uint8_t *options; /* that go along */
	size_t options_len;
};

/* One message to one upstream. */
struct sent {
	uint8_t *query;
	size_t len;
	bool edns, cookie, mixed;
};

/* What came of it. */
enum verdict {
	VERDICT_GOOD,
	VERDICT_BY_TCP,  /* cut off, forged perhaps, or makes no sense: to be asked over TCP */
	VERDICT_PLAINLY, /* it does not know EDNS */
	VERDICT_COOKIE,  /* it wants its new cookie back */
	VERDICT_BAD,     /* there is nothing to be had from this upstream */
};
/* Why TCP. */
enum reason { REASON_OTHER, REASON_CASE, REASON_COOKIE };

/* The directive's occurrences in a block (setup.c). */
int forward_setup(sodns_setup_t *s);
extern const sodns_options_t forward_options;
/* One word after FROM: adds targets (to.c). */
int to_read(sodns_setup_t *s, struct forward *f, const char *word);
/* Addresses of the targets that are names; then f->upstreams (resolve.c). */
int upstreams_make(struct forward *f, sodns_prepare_t *p);

/* What q asks (message.c). */
void question_make(const struct forward *f, sodns_query_t *q, struct question *out);
/* What two queries must have in common to be answered by one answer; *len is set. */
uint8_t *question_key(const struct forward *f, sodns_query_t *q, const struct question *w,
		      size_t *len);
/* The message for u: without EDNS if it is to be plain or u does not know it. */
void message_make(sodns_query_t *q, const struct question *w, struct upstream *u, bool plain,
		  bool mixed, struct sent *out);
/* "DOMAIN NS" for checks; the length. */
size_t message_check(const struct forward *f, uint8_t *out);
/* The letters of the question are the client's again, in the question and in the owners that were
 * taken from it. */
void message_restore_case(const sodns_query_t *q, uint8_t *answer, size_t len);

/* What an exchange with u that has an outcome is worth; *reply, where there is one (judge.c). */
enum verdict judge(sodns_query_t *q, struct upstream *u, const struct sent *sent,
		   const sodns_exchange_t *x, sodns_reply_t **reply, enum reason *why);

/* manners.c */
void manners_begin(struct upstream *u);
bool manners_recases(const struct upstream *u);
bool manners_no_edns(const struct upstream *u);
/* It lost the case where it can't have been forged. */
void manners_note_recased(struct upstream *u);
/* The same over UDP; after some in a row it is believed. And that it did keep it. */
void manners_note_recased_udp(struct upstream *u);
void manners_note_kept(struct upstream *u);
/* It lost the case, it seems, and there is no other way to ask: for a minute. */
void manners_bear_recasing(struct upstream *u);
void manners_note_edns(struct upstream *u);
/* It answered to a question without, and refused the one with; or left it unanswered (silent), which is
 * believed after some in a row. */
void manners_note_plain(struct upstream *u, bool silent);
/* Its cookie's bytes, 0: it has given none. */
size_t cookie_get(const struct upstream *u, uint8_t out[COOKIE_SERVER_MAX]);
void cookie_set(struct upstream *u, const uint8_t *bytes, size_t len);

/* Indexes of the upstreams in the order in which they are to be tried: the policy's, suspected ones
 * behind, those that are down last (policy.c). */
void policy_order(struct forward *f, uint8_t *order);

/* Asks until there is an answer or nothing more to try. [may wait] (ask.c) */
void ask_upstreams(struct forward *f, sodns_query_t *q, const struct question *w,
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
/* An answer that is not taken: "malformed", "cookie". */
void metrics_unwanted(const struct upstream *u, const char *reason);

#endif
