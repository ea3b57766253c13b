/*
 * An upstream's sockets on one thread, and how an exchange gets its outcome.
 *
 * A lane is what one loop has of an upstream; only that loop touches it. A carrier is a UDP socket or
 * a connection of a lane: exchanges in flight hang on it, and in the lane's table by their id.
 */
#ifndef CORE_UPSTREAM_UPSTREAM_H
#define CORE_UPSTREAM_UPSTREAM_H

#include <sodns/http_session.h>
#include <sodns/upstream.h>

#include "task/loop.h"

/* A forger that does not know the port of a question has one of the system's range to guess, 28,000 as a rule,
 * however many questions share it; one that finds ports out has them for a second. Up to 64 questions in flight
 * have a port each, nearly; more share 32: each socket that something comes to is one more to be told of and
 * to be read, and with as many sockets as questions an answer costs a fifth more. Opening one costs
 * as much as asking twice. */
#define LANE_SOCKETS 128u /* open for new questions at a time */
#define LANE_BUSY 64u     /* questions in flight: further ones share */
#define LANE_SHARED 32u   /* of those sockets */
#define SOCKET_USES 64u
#define STRANGERS_MAX 16u /* messages that were not asked for, at a port; then it is left */
#define SAME_NAME_MAX 16u /* questions for one name that are in flight over UDP */
#define SOCKET_AGE_NS 1000000000u
#define LANE_STREAMS 8u   /* connections, before questions share one */
#define QUERY_MAX 4096u   /* bytes of a question over a connection */
#define STREAM_DEPTH 256u /* questions in flight on one connection */
#define HTTPS_DEPTH 100u  /* the same over HTTPS, before another one is opened */
#define LANE_TABLE 256u
#define CONNECT_NS 5000000000u /* a connection that is not made by then is given up */

typedef struct lane lane_t;

typedef struct carrier {
	struct carrier *next, **at; /* of its kind in the lane */
	lane_t *lane;
	uv_poll_t poll;
	int fd;
	bool stream, retired, closed;
	unsigned used, in_flight;
	unsigned left;         /* without their answer, which may come later */
	unsigned strangers;    /* messages that were not asked for */
	uint16_t place;        /* in the lane's `open` */
	uint64_t opened, last; /* ns: when something last came */
	sodns_exchange_t *exchanges;

	/* connections only */
	sodns_tls_session_t *tls;
	sodns_http_session_t *http; /* HTTP/2, once it is connected */
	bool connected;             /* and the TLS handshake done */
	bool made;                  /* the TCP connection is */
	bool broken;                /* memory ran out for what is to be written */
	bool heard;                 /* it has brought an answer */
	int events;
	uint8_t *out, *in;
	size_t out_len, out_at, out_room, in_len, in_room;
} carrier_t;

/* What an exchange keeps for itself, in the room that its struct has for that. */
struct __attribute__((may_alias)) exchange_own {
	sodns_exchange_t *next, **at;          /* in the lane's table */
	sodns_exchange_t *beside, **beside_at; /* of those in flight on its carrier */
	task_t *task;                          /* that waits for it */
	carrier_t *carrier;                    /* it is in flight on */
	uint64_t due;                          /* where tests answer: when */
	uint16_t id, name_slot;
	bool again, counted;
};
_Static_assert(sizeof(struct exchange_own) <= sizeof(((sodns_exchange_t *)0)->own),
	       "room for what an exchange keeps");

static inline struct exchange_own *own(const sodns_exchange_t *x)
{
	return (struct exchange_own *)(void *)(uintptr_t)x->own;
}

struct lane {
	sodns_upstream_t *upstream;
	loop_t *loop;
	carrier_t *sockets, *streams;
	carrier_t *open[LANE_SOCKETS];
	sodns_exchange_t *by_id[LANE_TABLE];
	uv_timer_t tick;
	unsigned handles; /* that libuv has still to close */
	unsigned asked;   /* over UDP, in flight */
	bool ticking, ending;
	uint32_t srtt, rttvar; /* microseconds; 0: nothing known */
	char why[80];          /* what TLS had to object last */
};

struct sodns_upstream {
	sodns_upstream_options_t options;
	char *tls_name;
	char text[96]; /* address and port */
	bool https, http_get;
	_Atomic(unsigned) refs; /* lanes and the owner */
	unsigned lane_count;
	_Atomic(lane_t *) lanes[]; /* by worker, the service thread's last */
};

/* The outcome is there: hands it to the task that waits for it. */
void exchange_done(sodns_exchange_t *x, int result);
/* An answer: copied for the caller. */
void exchange_answer(sodns_exchange_t *x, const uint8_t *message, size_t len);
/* Gives it an id that nothing else has on this carrier, and hangs it there. */
void exchange_hang(sodns_exchange_t *x, carrier_t *c);
/* Takes it off its carrier. */
void exchange_unhang(sodns_exchange_t *x);
/* Writes down where it was asked from, while it hangs. */
void exchange_note_local(sodns_exchange_t *x);
/* The one in flight on c that a message of len bytes is for; NULL if it is for none. *question tells
 * whether its question is that exchange's, too. */
enum question { QUESTION_SAME, QUESTION_RECASED, QUESTION_OTHER, QUESTION_NONE };
sodns_exchange_t *exchange_find(carrier_t *c, const uint8_t *message, size_t len,
				enum question *question);
/* The one in flight on c with this id, or NULL. */
sodns_exchange_t *exchange_of(carrier_t *c, uint16_t id);
/* What a message with the right id is to its exchange. */
void exchange_receive(sodns_exchange_t *x, const uint8_t *message, size_t len,
		      enum question question);

carrier_t *carrier_new(lane_t *l, int fd, bool stream, carrier_t **list);
/* No new questions; closed when nothing is in flight any more. */
void carrier_retire(carrier_t *c);
void carrier_close(carrier_t *c);
/* A descriptor bound to the upstream's source, connecting to its address; -1 and errno. */
int carrier_connect(const sodns_upstream_t *u, int type);

/* Over UDP; over TCP if there are too many questions for the name already. */
void upstream_send_udp(lane_t *l, sodns_exchange_t *x);
void upstream_socket_closed(void);
void upstream_uncount_name(sodns_exchange_t *x);
/* Something came that is not taken. */
enum unwanted { UNWANTED_ID, UNWANTED_QUESTION, UNWANTED_CASE };
void upstream_unwanted(const sodns_upstream_t *u, enum unwanted reason);
/* The hash of the question's name in lower case; false: there is none. */
bool upstream_question_hash(const sodns_exchange_t *x, uint64_t *hash);
void upstream_send_stream(lane_t *l, sodns_exchange_t *x);
/* The exchange ends before its answer has come: its stream, if it has one of its own, is closed. */
void upstream_forget(carrier_t *c, uint16_t id);
/* "192.0.2.1:53", "[2001:db8::1]:53"; the length. */
size_t upstream_put_endpoint(char *out, size_t size, const sodns_address_t *a);

/* Whether it goes as a GET. */
static inline bool https_gets(const sodns_exchange_t *x)
{
	return x->upstream->http_get && !x->post;
}
/* upstream_https.c: the library; false: the reason is logged. */
bool https_load(void);
/* HTTP/2 on a connection whose handshake is done. False: no memory. */
bool https_begin(carrier_t *c);
bool https_ask(carrier_t *c, const sodns_exchange_t *x);
void https_forget(carrier_t *c, uint16_t id);
/* What TLS has opened. False: the connection is of no use any more, as the lane's `why` says. */
bool https_input(carrier_t *c, const uint8_t *bytes, size_t len);
void https_end(carrier_t *c);

#endif
