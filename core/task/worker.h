/*
 * A worker: a loop with its own sockets, and the batch of queries in its hands.
 *
 * Whatever a transport receives becomes a slot of the batch: the query with its packet and arena. A
 * batch runs on one task; the cursor lives here, so that when a query waits its slot goes with it,
 * a spare takes the place, and another task goes on at the cursor. What happens to a query is not
 * known here: the server's three functions are.
 */
#ifndef CORE_TASK_WORKER_H
#define CORE_TASK_WORKER_H

#include <netinet/in.h>

#include <sodns/ability.h>

#include "reclaim/worker_index.h"
#include "task/loop.h"

#define BATCH 32u
/* Biggest query taken in; what is longer is malformed (FORMERR). */
#define PACKET_MAX 1472u
#define SLOT_SIZE 8192u
#define REPLY_MAX 65535u

typedef struct worker worker_t;
typedef struct slot slot_t;
struct handler;
struct udp_socket;

union slot_from {
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	struct sockaddr any;
};

struct slot {
	sodns_query_t q;
	query_shared_t shared;
	worker_t *worker;
	slot_t *next; /* in the spare list */
	/* where the reply goes */
	void (*send)(slot_t *s, uint8_t *packet, size_t len);
	/* A message before the last one; may wait. NULL where there can be only one. */
	int (*send_more)(slot_t *s, uint8_t *packet, size_t len);
	void *channel;
	void *listener; /* where it came from: the server's */
	uint64_t token;
	union slot_from from;
	socklen_t from_len;
	uint8_t asked[16]; /* destination address, wildcard sockets */
	uint32_t asked_if;
	sodns_address_t peer, local;
	uint32_t packet_len;
	enum parse_verdict verdict;
	_Alignas(16) uint8_t packet[PACKET_MAX + 16];
	_Alignas(16) uint8_t arena[];
};

/* What the server does with a batch. */
typedef struct worker_server {
	/* Admits, parses, routes; for all slots first. */
	void (*arrive)(slot_t *s);
	/* Hints to the caches: stage 0, then 1. */
	void (*prefetch)(slot_t *s, unsigned stage);
	/* Answers, on a task; may wait. */
	void (*serve)(slot_t *s);
	/* The last query of a batch is done or put aside. */
	void (*batch_done)(worker_t *w);
	/* The first bytes of a connection to this listener, as sodns_preface_ability_t's; NULL:
	 * connections have none. */
	ptrdiff_t (*preface)(void *listener, sodns_packet_t *p);
} worker_server_t;

struct worker {
	loop_t loop;
	unsigned index;
	pthread_t thread;
	const worker_server_t *server;
	_Atomic(long) *in_flight; /* of the generation that new queries begin in */
	slot_t *batch[BATCH];
	unsigned count, cursor;
	slot_t *spare;
	unsigned spares, spares_low;             /* the fewest since the loop shrank last */
	unsigned freed;                          /* since the system was told last */
	uint64_t now;                            /* when the batch began, ns */
	_Atomic(const struct handler *) in_hand; /* the plugin that runs */
	uint8_t *out;                            /* REPLY_MAX + room for a length in front */
	void *dirty;                             /* connections with something to write */
	struct udp_socket *udp;                  /* sockets of this worker, current and retiring */
	void *tcp;
	void *conns;
	unsigned conn_count;
	size_t unread;            /* by clients, of what was sent to them */
	uint64_t turn, turn_ends; /* the loop's, and until when heavy work is done in it */
	uint32_t round;           /* of turns, each connection's once */
	bool was_short;           /* of time, in the turn before */
	uint32_t quota;           /* turns of a client in a round; 0: one */
	bool put_off,
		held_back; /* a connection's turn: for want of time, or as its client had its quota */
	uv_timer_t tick;
};

extern worker_t *workers;

/* min(CPU affinity, cgroup quota), at least 1. */
unsigned worker_default_count(void);
/* Makes `count` workers; their threads begin with workers_start(). */
int workers_make(unsigned count, const worker_server_t *server);
int workers_start(void);
/* Makes one worker that is the calling thread (tests). */
int workers_adopt(const worker_server_t *server);
/* Calls fn(worker, arg) on each worker's loop, one after the other, and waits. */
void workers_each(void (*fn)(worker_t *w, void *arg), void *arg);

/* A slot for the next query of the batch, NULL when the batch is full. */
slot_t *batch_slot(worker_t *w);
/* Runs the batch; afterwards it is empty. From the base. */
void batch_run(worker_t *w);
/* A slot outside of a batch, for detached queries. */
slot_t *slot_take(worker_t *w);
void slot_give(slot_t *s);

static inline worker_t *worker_of(loop_t *l)
{
	return l && l->worker >= 0 ? (worker_t *)(void *)l : NULL;
}

#endif
