/*
 * Asking other servers, over and over: forwarding, transfers, checks. An upstream is one server; each
 * thread keeps its own sockets and connections to it, so that an exchange costs a send and a share
 * of a receive.
 *
 * UDP: up to 128 connected sockets per thread, each opened on a random port and replaced after 64
 * questions or one second, whichever is first; a question goes by one that is idle, but where more than
 * 64 are in flight, which share 32 of them. TCP (and TLS, and HTTPS): connections are kept and questions pipelined, answers in any
 * order (RFC 7766). A question that was sent on a kept connection which the other side had closed is
 * sent again on a fresh one.
 *
 * Forging an answer (RFC 5452): ids are random; an answer counts if it comes from the upstream's
 * address, with the id and the question. No more than 16 questions for one name are in flight over UDP
 * in the whole process, and a port at which more than 16 messages arrive that were not asked for is left:
 * what would be too many, and what was asked on that port, goes over TCP (`protocol` tells). What came
 * in vain is counted, sodns_upstream_unwanted_total{to,reason}.
 *
 * An exchange is one question to one upstream. A caller may have several in flight, and waits for the
 * first that has an outcome:
 *
 *	sodns_exchange_t x = {.upstream = u, .protocol = SODNS_UDP, .query = query, .len = len};
 *	sodns_exchange_begin(&x);
 *	if (sodns_exchange_wait(&x, 1, 500 * SODNS_MS) && x.result > 0)
 *		use(x.answer, (size_t)x.result);
 *	sodns_exchange_end(&x);
 */
#ifndef SODNS_UPSTREAM_H
#define SODNS_UPSTREAM_H

#include <sodns/net.h>
#include <sodns/query.h>
#include <sodns/tls.h>

typedef struct sodns_upstream sodns_upstream_t;

typedef struct sodns_upstream_options {
	uint32_t size; /* sizeof(sodns_upstream_options_t) */
	sodns_address_t address;
	sodns_address_t source; /* to ask from; family 0: whatever the system takes */
	uint64_t expire;        /* after which an unused socket or connection is closed; 0: 10 s */
	uint64_t max_age;       /* closed when this old, once nothing is in flight; 0: never */
	uint32_t max_idle;      /* unused connections that a thread keeps; 0: any number */
	sodns_tls_t *tls;       /* a client's context, loaded: connections speak TLS; counted */
	const char *tls_name;   /* copied; as sodns_tls_session()'s server_name */
	const char *
		http_method; /* with tls: what goes over connections goes as DNS over HTTPS (RFC 8484),
				    HTTP/2, by "POST" or "GET" to /dns-query; NULL: plainly */
} sodns_upstream_options_t;

/* NULL without memory, or without the library for HTTPS (which is logged; it is opened with the first
 * upstream that wants it, and blocks that long). Opens no connection yet. [any thread] */
SODNS_API sodns_upstream_t *sodns_upstream_new(const sodns_upstream_options_t *options);
/* Closes its sockets and frees it, on each thread in its time. No query may have an exchange with it or
 * begin one: teardown is the place. NULL is allowed. [any thread] */
SODNS_API void sodns_upstream_free(void *upstream);
/* The time after which an answer is late enough to ask elsewhere, by what the calling thread saw
 * of the server: smoothed round trip and four times its deviation (RFC 6298), within 200 and 500. */
SODNS_API uint64_t sodns_upstream_patience(const sodns_upstream_t *u);

/* Why an exchange ended as it did. */
enum sodns_exchange_why {
	SODNS_WHY_NONE, /* it has not ended */
	SODNS_WHY_ANSWERED,
	SODNS_WHY_TIME,        /* nothing came in time */
	SODNS_WHY_STOPPED,     /* the caller was: the daemon stops, or the client has gone */
	SODNS_WHY_REFUSED,     /* the host is there, nothing listens */
	SODNS_WHY_UNREACHABLE, /* there is no way to the host */
	SODNS_WHY_CLOSED,      /* the other side closed the connection */
	SODNS_WHY_PROTOCOL,    /* TLS or HTTP had an objection: a certificate, a status */
	SODNS_WHY_BAD_ANSWER,  /* what came is no answer to the question */
	SODNS_WHY_TOO_LARGE,   /* the answer does not fit the caller's room */
	SODNS_WHY_SYSTEM,      /* this host is at fault: descriptors, memory, permission */
};

typedef struct sodns_exchange {
	/* set by the caller; what the pointers lead to stays until the exchange ends */
	sodns_upstream_t *upstream;
	uint8_t protocol; /* SODNS_UDP or SODNS_TCP */
	uint8_t *query;   /* a message; its id is overwritten */
	size_t len;
	uint8_t *answer; /* room for the answer; NULL: it comes from the query's arena */
	size_t size;
	bool exact; /* the question must come back letter for letter, not only in any case */
	bool post;  /* over HTTPS: by POST, whatever the upstream's method is */
	/* sodns_query_name_hash(q, 0) where the question's name is the query's; 0: it is found out */
	uint64_t name_hash;

	/* the outcome */
	int result;      /* SODNS_EBUSY: none yet. The answer's length; SODNS_ETIMEOUT, SODNS_EIO,
			     SODNS_EINVAL (an answer without question), … */
	bool reused;     /* the socket or connection was there already */
	bool mismatched; /* something came with the right id and another question: not taken */
	bool recased;    /* `exact`: all was right but for the letters' case; the result is
			    SODNS_EINVAL */
	bool forged;     /* so much came in vain that it was asked over TCP instead */
	uint16_t header; /* SODNS_EINVAL: flags and rcode of an answer that has no question */
	uint64_t began;  /* sodns_now() */
	uint64_t ended;  /* the same of an answer: when it was read */
	uint8_t why;     /* enum sodns_exchange_why */
	int error;       /* SODNS_EIO: the system's errno, 0: the connection was closed */
	bool connecting; /* it never got as far as sending */
	sodns_address_t local; /* where it was asked from; set when it failed */

	uint64_t own[10]; /* the exchange's own, and room */
} sodns_exchange_t;

/* Sends the question. Does not wait; what goes wrong at once is in `result`. [query] or a service */
SODNS_API void sodns_exchange_begin(sodns_exchange_t *x);
/* Waits until one of `count` exchanges has an outcome that was not returned yet, and returns it; NULL
 * after `patience`, at the deadline, or when the daemon stops (then every further wait is NULL at once).
 * [may wait] */
SODNS_API sodns_exchange_t *sodns_exchange_wait(sodns_exchange_t *all, unsigned count,
						uint64_t patience) SODNS_MAY_WAIT;
/* Lets go of it, whatever its state; if it was in flight the result is SODNS_ETIMEOUT. Every exchange
 * that was begun must be ended before its memory goes. */
SODNS_API void sodns_exchange_end(sodns_exchange_t *x);
/* Why it failed, worded as "read udp 10.0.0.1:4242->192.0.2.1:53: i/o timeout". */
SODNS_API void sodns_exchange_error(const sodns_exchange_t *x, char *out, size_t size);

#endif
