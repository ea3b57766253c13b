/*
 * Servers: what listens at one address, and which block of the Corefile answers there for a name.
 */
#ifndef CORE_SERVER_SERVER_H
#define CORE_SERVER_SERVER_H

#include "host/host.h"
#include "server/budget.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "supervisor/supervisor.h"

/* A block that serves a zone; several only with views. */
typedef struct target {
	struct target *next;
	const block_t *block;
	const char *zone;    /* text */
	struct target *last; /* of the first one: the last of its zone */
} target_t;

typedef struct route {
	uint64_t hash;
	const uint8_t *zone;
	uint8_t zone_len;
	target_t *targets; /* in the order of their blocks */
} route_t;

typedef struct server {
	struct server *next;
	const char *text; /* "dns://:1053" */
	const char *host; /* as the block is bound to, "" for all */
	const char *transport;
	sodns_address_t address;
	bool wildcard, opens_classes, plain; /* plain: no block here has a view or wants metadata */
	bool held;                           /* can't accept connections before it is prepared */
	struct preface *prefaces;            /* what reads in front of messages (admission.c) */
	const instance_t *unrouted;
	const sodns_transport_t *stream; /* what its connections speak */
	sodns_tls_t *tls;                /* underneath, or NULL */
	tcp_limits_t limits;
	_Atomic(unsigned) closed_gates; /* blocks here that are not prepared yet (gate.c) */
	const block_key_t **zones;      /* each once, for the start-up lines */
	size_t zone_count;
	route_t *table; /* open hash, room is a power of two */
	uint32_t room, used;
	uint64_t label_counts[2]; /* bit n: some zone has n labels */
	struct listener *listener;
} server_t;

/* Makes the servers of a generation. 0, or the error in err. */
int servers_build(generation_t *g, char *err, size_t err_size);
static inline server_t *servers_of(const generation_t *g)
{
	return g->routes;
}

/* Finds the block for a query and sets q->block and what goes with it. False: no block serves the
 * name. May wait (metadata, views). */
bool route_query(sodns_query_t *q);
/* The same for servers where nothing but the name decides; no waiting. */
bool route_plain(sodns_query_t *q);

/* Takes the block's plugins among those that read what stands in front of the server's messages. 0, or
 * err says which contradicts another block's. */
int prefaces_add(generation_t *g, server_t *s, const block_t *b, char *err, size_t err_size);
/* Lets them read a datagram; where there are any. */
enum sodns_verdict prefaces_read(const server_t *server, slot_t *s);
/* The first bytes of a connection, as sodns_preface_ability_t's `stream`. */
ptrdiff_t prefaces_read_stream(worker_t *w, const server_t *server, sodns_packet_t *p);
/* Puts the block's plugins that admit in front of its chain, which has been linked. */
void admission_link(generation_t *g, block_t *b);

/* Why a packet gets no answer, or only a header. */
enum drop {
	DROP_PORT,
	DROP_ADMIT,
	DROP_REFUSED,
	DROP_MALFORMED,
	DROP_OPCODE,
	DROP_SHORT,
	DROP_RESPONSE,
	DROPS
};
void drop_count(enum drop why);

/* The functions that workers call. */
extern const worker_server_t query_server;

/* Sockets that live longer than generations: one for each address, transport and worker. */
typedef struct listener {
	struct listener *next;
	char *key;
	sodns_address_t address;
	bool wildcard;
	const server_t *server;   /* of the generation that serves; NULL: not listened on */
	const server_t *incoming; /* of the one that is being made */
	bool opened;              /* workers have read from it: it stays, connections refer to it */
	int *udp_fds, *tcp_fds;   /* for each worker, until it has them */
	tcp_group_t group;
	struct listener_worker *at;
} listener_t;

typedef struct listener_worker {
	const server_t *server; /* only this worker reads and sets it */
	udp_socket_t *udp;
	tcp_listener_t *tcp;
} listener_worker_t;

/* Opens what the generation needs and is not open yet. On an error what was opened is closed
 * again. */
int listeners_reserve(generation_t *g, char *err, size_t err_size);
/* Hands all workers over to the generation: new queries begin there. Sockets that it does not have
 * are retired; those of servers that are held wait for the next call. */
void listeners_switch(generation_t *g);
/* Stops reading; what is queued is answered first. */
void listeners_close(void);

/* After a crash, blocks serve as soon as each is prepared. Lets queries wait for all blocks of the
 * generation, which is not prepared yet. */
void gates_close(generation_t *g);
/* Prepares and starts the blocks, the quick ones first, and lets their queries in. `lenient`: what can't be
 * prepared is logged, and its queries are answered SERVFAIL; *failed counts such blocks. */
int gates_open(generation_t *g, bool lenient, unsigned *failed, char *err, size_t err_size);
/* Waits until every block of the server is prepared: false if that takes too long. [may wait] */
bool gates_wait(const server_t *s);

/* Of a process that takes a crashed one's place: which questions crashed it, as the page says. */
void suspects_learn(void);
extern unsigned suspect_count; /* 0: nothing to look for */
bool suspects_include(const sodns_query_t *q);

/* Everything is loaded: says whether it is what served before and not what lies on the disk, and of how many
 * blocks something is missing even so. */
void fallback_tell(unsigned missing);
/* A reload has put into force what lies on the disk. */
void fallback_ends(void);
/* Whether it is time to try again, as blocks are missing; called every STALL_TICK_MS. */
bool fallback_wants_reload(void);

/* What the running thread has in hand, into the page; for a signal handler. `at`: the address that it could
 * not touch, or NULL. */
void crash_look(supervisor_page_t *page, const void *at);
/* What the calling thread is about to do with a plugin (host_step). */
void crash_step(const char *plugin, const char *doing);

/* Whether a signal has come that ends the process, and was not taken yet. */
bool end_is_wanted(void);

/* The life of the process: start, signals, reload, stop. Ends the process. */
typedef struct control_options {
	bool quiet, sandbox;
	unsigned workers;
	const char *version[2];       /* lines of the start */
	char budget[BUDGET_TEXT_MAX]; /* another one, or "" */
} control_options_t;
int control_run(void *options);
/* At the beginning of a process: where its configuration is put and taken from, and what is called at crashes. */
void orders_take(void);
/* Into the sandbox, where there is one. A warning says what the kernel lacks. */
void bounds_enter(const control_options_t *o, const generation_t *g);
/* What was tried by a process without this one's bounds (NULL: and could not be set up here) needs them to be
 * wider. */
bool bounds_outgrown_by(const generation_t *g);
/* Tries what lies on the disk, in a process of its own (supervisor_options_t). */
int control_try(void *options);
/* -check and -chain: sets up and prepares, starts nothing. */
int control_check(bool show_chain);

#endif
