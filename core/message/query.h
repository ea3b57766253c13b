/*
 * A query as the core knows it. The SDK shows it by functions only (sodns/query.h).
 */
#ifndef CORE_MESSAGE_QUERY_H
#define CORE_MESSAGE_QUERY_H

#include <sodns/query.h>
#include <sodns/reply.h>

#include <stdatomic.h>

#include "message/arena.h"
#include "message/name.h"

/* Offset of the question's name in every message. */
#define QUESTION_AT 12

struct query_shared;
struct query_hook; /* finishers, observers, cleanups: most recent first */
struct query_metadata;
struct query_view; /* versions of zones that this query sees (core/zone) */

/* What becomes of those when the query is put aside for the first time, and when it has ended. */
struct query_view_calls {
	void (*pin)(struct query_shared *s);
	void (*unpin)(struct query_shared *s);
};

/* What a query that is put aside needs when it goes on; only its worker counts. */
struct query_parking {
	unsigned count;
	void (*emptied)(struct query_parking *p); /* NULL: nothing waits for that */
};

/* What all derived copies and sub-queries of one client query share. */
typedef struct query_shared {
	arena_t arena;
	uint64_t received, deadline; /* ns, sodns_now() */
	struct query_hook *finishers, *observers, *cleanups;
	struct query_metadata *metadata;
	struct query_view *views;
	const struct query_view_calls *view_calls; /* set with the first view */
	size_t reserved;                           /* bytes kept free for finishers */
	uint16_t size_limit;                       /* of the client's EDNS size, 0: none */
	bool trusted;                              /* the client's address is its own */
	bool parked;                               /* has waited at least once: views are pinned */
	bool is_private;                           /* the answer is its client's alone */
	bool streaming;                            /* holds no epoch when it waits */
	_Atomic(long) *in_flight;                  /* of the generation: counts queries put aside */
	struct query_parking *parking;             /* of the socket, NULL: none */
	const sodns_address_t *client;             /* the client that it waits for; NULL: none */
	_Atomic(const struct handler *) *in_hand;  /* of the worker: the plugin that runs */
} query_shared_t;

struct sodns_query {
	const uint8_t *name;     /* lower case */
	const uint8_t *original; /* as asked; equals name where nothing was a capital */
	uint16_t id, flags;      /* flags: the header's second word */
	uint16_t type, rclass;
	uint8_t opcode, name_len, protocol, depth;
	bool has_upper, has_edns, derived, collects; /* collects: keeps metadata */
	bool unrouted; /* it was found that no block is there for it */
	uint8_t edns_version;
	uint16_t edns_size, edns_flags;
	const uint8_t *options; /* of the OPT record, checked */
	uint16_t options_len;
	uint16_t set_options_len;   /* derived: */
	const uint8_t *set_options; /* those that plugins set, which are among the options */
	uint16_t tsig_at;           /* offset of a TSIG record in the packet, or 0 */
	uint16_t question_end;      /* offset behind the question, 0 if it could not be read */

	const uint8_t *packet;
	uint32_t packet_len;

	query_shared_t *shared;
	const struct handler *hand;  /* the plugin in whose hands the query is */
	const struct server *server; /* the listener's server: routing begins there */
	const struct block *block;   /* the server block that serves it */
	const char *zone, *view;     /* of the block, as text */
	const struct handler *chain; /* where it begins there */
	const sodns_address_t *peer, *local;
	name_labels_t labels;
	uint8_t name_buffer[SODNS_NAME_MAX + 9];
};

/* What parsing says of a packet. */
enum parse_verdict {
	PARSE_OK,
	PARSE_DROP,    /* not a query: no answer */
	PARSE_FORMERR, /* answer by header and question */
	PARSE_NOTIMP,
	PARSE_REFUSED, /* by a plugin that admits: header only */
};

/* Reads a packet into q, which has its shared part already. The packet must stay as long as q. */
enum parse_verdict query_parse(sodns_query_t *q, const uint8_t *packet, size_t len);
/* Whether the client's address may be that of another host, which did not ask. */
bool query_may_be_forged(const sodns_query_t *q);
/* Sets name and labels from a wire name in any case. */
void query_set_name(sodns_query_t *q, const uint8_t *name);
/* Calls and forgets the cleanups. */
void query_run_cleanups(sodns_query_t *q);

struct query_hook {
	struct query_hook *next;
	union {
		sodns_finish_f finish;
		sodns_observe_f observe;
		void (*cleanup)(void *arg);
	} call;
	void *arg;
};

#endif
