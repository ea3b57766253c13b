/*
 * A connection, as the files that make up core/runtime/tcp.h share it: conn.c has its life, conn_in.c
 * what it reads, conn_out.c what it writes.
 */
#ifndef CORE_NET_CONN_H
#define CORE_NET_CONN_H

#include "net/tcp.h"

/* A client that reads no answers gets no more queries read. */
#define PENDING_MAX 262144u
/* A client that takes less of what is pending than this in the time of a reply is too slow. */
#define SLOW_BYTES 16384u

/* Bytes on their way out, from `at` to `len`. */
typedef struct pending {
	uint8_t *bytes;
	size_t at, len, room;
} pending_t;

/* A task that waits until what is pending has left. */
struct sender {
	struct sender *next;
	task_t *task;
};

struct sodns_conn {
	struct sodns_conn *next, *previous; /* all of the worker's */
	struct sodns_conn *older,
		*younger;    /* of its listener's: the one that brought a query last is youngest */
	sodns_claim_t claim; /* of its client, in the same order */
	unsigned cost_kib;   /* of memory, as counted */
	struct sodns_conn *next_dirty;
	worker_t *worker;
	uv_poll_t poll;
	int fd;
	const sodns_transport_t *transport;
	sodns_tls_session_t *tls; /* NULL: none */
	tcp_limits_t limits;
	tcp_listener_t *from; /* NULL when that has closed */
	const char *server;
	void *listener;
	sodns_address_t peer, local;
	uint64_t
		deadline; /* ns: closed when it has passed, unless a query or an answer is on its way */
	uint64_t write_deadline; /* ns: closed when it has passed; 0: the socket takes all */
	size_t sent, sent_then;  /* bytes that the socket took, now and when that was set */
	uint64_t heard;          /* ns: when it brought something last, or was opened */
	unsigned in_flight;
	uint32_t queries; /* that it brought so far */
	uint32_t answers; /* that it has had */
	bool dirty, closing, finishing, prefaced, waking, streaming;
	bool failed;   /* to be closed as soon as the transport is not running */
	bool answered; /* has been, since its deadline was set */
	bool put_off;  /* its handshake, once at least */
	bool reading;  /* has begun to bring something, by the deadline that was set then */
	bool stalled,
		resuming; /* has too much in flight or unsent, and bytes that wait in `rest` */
	bool much;        /* brought as much as is read at a time */
	uint32_t round;   /* of the worker's, in which it had its turn */
	bool ending;      /* takes no more than the `owed` bytes that had arrived before */
	bool lingering;   /* has said its last, and waits until the client closes, too */
	int owed;
	int events;
	struct sender *senders;
	uint8_t *
		rest; /* of an unfinished message, decrypted; of an unfinished preface as it came */
	size_t rest_len;
	pending_t plain; /* what TLS has to encrypt */
	pending_t out;   /* what the socket has to take */
	size_t held;     /* bytes that the transport says it keeps for it */
	size_t unread;   /* of all three, as far as counted among the worker's */
	_Alignas(16) uint8_t state[];
};

/* conn.c */
/* Opens what was accepted and has been counted among the group's. */
void conn_open(tcp_listener_t *l, int fd, const struct sockaddr_storage *from);
void conn_close(sodns_conn_t *c);
/* Its client is another one than it seemed to be. */
void conn_set_peer(sodns_conn_t *c, const sodns_address_t *peer);
/* The listener is about to go. */
void conn_leave_listener(sodns_conn_t *c);
/* Closes in order, when all has been written: the client sees the end behind the last answer, even if
 * more from it is on the way. */
void conn_part(sodns_conn_t *c);
/* It has brought a query: the last of its listener's to be closed for a new one. */
void conn_rejuvenate(sodns_conn_t *c);
/* Frees a closed connection that nothing holds any more; closes one that is to finish, if it has. */
void conn_release(sodns_conn_t *c);
void conn_set_deadline(sodns_conn_t *c, uint32_t ms);
void conn_poll(sodns_conn_t *c, int events);

/* conn_room.c */
/* A connection was accepted: opens it, for which another one may have to go, or closes it. */
void conn_accept(tcp_listener_t *l, int fd, const struct sockaddr_storage *from);
/* Closes a connection of the listener so that the client at `peer` (NULL: not known) can have one more: of
 * the client that has most, if that is not itself; else its own that has gone longest without a query, if
 * that waits for nothing or has been answered before; or, if it has none, whichever has gone longest and
 * waits for nothing. False: there is none. */
bool conn_make_room(tcp_listener_t *l, const sodns_address_t *peer);
/* Counts it among the process's, and no more. */
void conn_room_take(sodns_conn_t *c);
void conn_room_give(sodns_conn_t *c);

/* conn_in.c */
void conn_read(sodns_conn_t *c);
/* If it is to take no more than it has. */
void conn_end_if_read(sodns_conn_t *c);
/* What comes while it lingers. */
void conn_discard(sodns_conn_t *c);
/* Takes up the bytes that were left when too much was in flight; soon, from the base. */
void conn_resume(sodns_conn_t *c);

/* conn_out.c */
/* Bytes for the socket, past TLS. */
void conn_write_out(void *conn, const uint8_t *bytes, size_t len);
void conn_flush(sodns_conn_t *c);
/* Counts what it leaves unread among the worker's. */
void conn_count_unread(sodns_conn_t *c, size_t bytes);
/* Goes on with tasks that wait for the connection's pending bytes. */
void conn_call_senders(sodns_conn_t *c);
static inline size_t conn_pending(const sodns_conn_t *c)
{
	return c->out.len - c->out.at + c->plain.len;
}
/* How replies leave by it: a slot's functions. */
void conn_send(slot_t *s, uint8_t *packet, size_t len);
int conn_send_more(slot_t *s, uint8_t *packet, size_t len);

#endif
