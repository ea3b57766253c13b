/*
 * A connection, as the files that make up core/runtime/tcp.h share it: conn.c has its life, conn_in.c
 * what it reads, conn_out.c what it writes.
 */
#ifndef CORE_RUNTIME_CONN_H
#define CORE_RUNTIME_CONN_H

#include "runtime/tcp.h"

/* A client that reads no answers gets no more queries read. */
#define PENDING_MAX 262144u
/* What clients of a worker may leave unread in all: beyond it, who leaves more than his share is closed. */
#define UNREAD_MAX 67108864u

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
		*younger; /* of its listener's: who brought a query last is youngest */
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
	uint64_t deadline; /* ns: closed by the tick when it has passed */
	uint64_t heard;    /* ns: when it brought something last, or was opened */
	unsigned in_flight;
	uint32_t queries; /* that it brought so far */
	bool dirty, closing, finishing, prefaced, waking, streaming;
	bool reading; /* has begun to bring something, by the deadline that was set then */
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
	size_t unread;   /* of both, as far as counted among the worker's */
	_Alignas(16) uint8_t state[];
};

/* conn.c */
void conn_open(tcp_listener_t *l, int fd, const struct sockaddr_storage *from);
void conn_close(sodns_conn_t *c);
/* Closes the connection of the listener that has gone longest without a query, if there is one that waits
 * for nothing: somebody new may mean better. */
bool conn_make_room(tcp_listener_t *l);
/* The listener is about to go. */
void conn_leave_listener(sodns_conn_t *c);
/* Closes in order, when all has been written: the client sees the end behind the last answer, even if
 * more from it is on the way. */
void conn_part(sodns_conn_t *c);
/* It has brought a query: the last of its listener's to be closed for a new one. */
void conn_rejuvenate(sodns_conn_t *c);
/* Frees a closed connection that nobody holds any more; closes one that is to finish, if it has. */
void conn_release(sodns_conn_t *c);
void conn_set_deadline(sodns_conn_t *c, uint32_t ms);
void conn_poll(sodns_conn_t *c, int events);

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
