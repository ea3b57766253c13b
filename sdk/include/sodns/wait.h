/*
 * Everything that may pause. A query, a detached query and a service are tasks: straight-line code
 * on a stack of its own. A call below puts the calling task aside and lets others of its thread
 * run; it comes back with the result on the same thread. Each wait is bounded by the task's
 * deadline (a query's is 4 s) and says SODNS_ETIMEOUT when that passes, SODNS_ECANCELLED when the
 * daemon stops. Locals survive; what was read from shared state must be read again. No lock may be
 * held across a wait.
 */
#ifndef SODNS_WAIT_H
#define SODNS_WAIT_H

#include <sodns/net.h>

/* In prepare there is no task: what follows is called within sodns_prepare_wait() (setup.h).
 *
 * Sleeps. 0, SODNS_ETIMEOUT if the deadline came first, or SODNS_ECANCELLED. [may wait] */
SODNS_API int sodns_sleep(uint64_t length) SODNS_MAY_WAIT;

/* Waits until a descriptor can be read from, or written to, as `events` says, or has failed, which reading or
 * writing it then tells. 0, SODNS_ETIMEOUT, SODNS_ECANCELLED; the descriptor stays the caller's. In prepare, which
 * is no task, it blocks. [may wait] */
enum { SODNS_READABLE = 1, SODNS_WRITABLE = 2 };
SODNS_API int sodns_wait_fd(int fd, unsigned events, uint64_t patience) SODNS_MAY_WAIT;

/* One question to a server, once (for many there is upstream.h): sends `query` over UDP from a fresh
 * random port, and waits for one answer with the same id and question. Answers that do not match are ignored;
 * after 16 of them the question is asked over TCP. Returns the answer's length,
 * SODNS_ETIMEOUT after `patience` (or the deadline), SODNS_EIO when the system or an ICMP error says that
 * nothing listens there. In prepare, which is no task, it blocks. [may wait] */
SODNS_API int sodns_exchange_udp(const sodns_address_t *server, const uint8_t *query, size_t len,
				 uint8_t *answer, size_t size, uint64_t patience) SODNS_MAY_WAIT;
/* The same from a local address (its port is ignored) instead of the one that the system chooses.
 * [may wait] */
SODNS_API int sodns_exchange_udp_from(const sodns_address_t *local, const sodns_address_t *server,
				      const uint8_t *query, size_t len, uint8_t *answer,
				      size_t size, uint64_t patience) SODNS_MAY_WAIT;
/* The same over a TCP connection of its own. [may wait] */
SODNS_API int sodns_exchange_tcp(const sodns_address_t *server, const uint8_t *query, size_t len,
				 uint8_t *answer, size_t size, uint64_t patience) SODNS_MAY_WAIT;

/* Runs fn(work) on a pool thread, for what blocks or takes long. `work` is a copy of `size` bytes
 * at `arg`, copied back into arg when fn has ended. If a query's wait ends first (TIMEOUT,
 * CANCELLED) fn runs on with its copy, and `abandon`, unless NULL, is called with it afterwards. A
 * service always waits for fn to end, also one that is stopped. Another negative value: fn was not
 * called. [may wait] */
SODNS_API int sodns_blocking(void (*fn)(void *work), void *arg, size_t size,
			     void (*abandon)(void *work)) SODNS_MAY_WAIT;

/* Single flight: of all tasks of one thread that call this with the same key at the same time one
 * run of fn serves all. fn runs as a detached task with a deadline of its own and returns an
 * object; every caller gets it, counted: the caller hands it back by sodns_flight_release(). NULL:
 * timeout. [may wait] */
typedef struct sodns_flight sodns_flight_t;
SODNS_API sodns_flight_t *sodns_join(const void *key, size_t key_len, void *(*fn)(void *arg),
				     const void *arg, size_t arg_size,
				     void (*release)(void *result),
				     uint64_t patience) SODNS_MAY_WAIT;
/* The same without a task of its own: the first that comes with a key leads (*leads): it does the
 * work and lands the flight, always. Every other that comes with that key until then waits here for
 * what it lands with, up to `patience`. `owner` keeps the keys of different users apart. NULL: timeout, or no
 * result. [may wait] */
SODNS_API sodns_flight_t *sodns_flight_lead(const void *owner, const void *key, size_t key_len,
					    uint64_t patience, bool *leads) SODNS_MAY_WAIT;
/* How many wait for the leader: a result for which none waits need not be made to last. */
SODNS_API unsigned sodns_flight_followers(const sodns_flight_t *f);
/* The leader's end of it: the followers get result (or NULL), which release() frees when the last has
 * let go. The flight is gone for the leader. Does not wait. */
SODNS_API void sodns_flight_land(sodns_flight_t *f, void *result, void (*release)(void *result));
SODNS_API void *sodns_flight_result(const sodns_flight_t *f);
SODNS_API void sodns_flight_release(sodns_flight_t *f);

/* Starts a task of this worker that belongs to no client: work after the answer (prefetch,
 * refresh). It gets a copy of q (question, client, block) with its own arena and a deadline
 * `life` from now, and a copy of `size` bytes at arg. Returns SODNS_EBUSY when too many run. Does not wait.
 * [query] */
typedef void (*sodns_detached_f)(sodns_query_t *q, void *arg);
SODNS_API int sodns_detach(sodns_query_t *q, sodns_detached_f fn, const void *arg, size_t size,
			   uint64_t life);
/* The same, and waits up to `patience` for fn to end: then SODNS_OK, and what fn has
 * made of its copy is in arg. SODNS_ETIMEOUT, SODNS_ECANCELLED: fn runs on without a query that waits for
 * it; another negative value: it does not run. What fn retires is still there for the one that has waited.
 * [query] [may wait] */
SODNS_API int sodns_detach_wait(sodns_query_t *q, sodns_detached_f fn, void *arg, size_t size,
				uint64_t life, uint64_t patience) SODNS_MAY_WAIT;

/* A service: a task on the service thread that runs from an instance's start to its teardown:
 * watches, reloads, health checks. fn loops until sodns_service_sleep() says that it is stopped, and then
 * returns. The instance's teardown stops it: sodns_service_stop() returns when fn has. It waits whatever
 * the limits of queries say and however little memory there is. sodns_service_start() never returns NULL:
 * fn begins soon, on the service thread. `name`, the plugin's directive, and arg have to outlive it. [any
 * thread], not from a task. */
typedef struct sodns_service sodns_service_t;
SODNS_API sodns_service_t *sodns_service_start(const char *name, void (*fn)(void *arg), void *arg);
/* The same, asleep: it begins, and takes a stack, when sodns_service_wake() wakes it first. */
SODNS_API sodns_service_t *sodns_service_start_asleep(const char *name, void (*fn)(void *arg),
						      void *arg);
SODNS_API void sodns_service_stop(sodns_service_t *s);
/* Ends the service's sleep, if it sleeps: it goes on as if the time had passed. [any thread] */
SODNS_API void sodns_service_wake(sodns_service_t *s);
/* How a service sleeps. True: the time has passed, or it was woken; false: it is stopped, and fn
 * returns. There is no third thing that it could say. What the service does in between may fail as it
 * likes; it comes back here. False outside of a service. [may wait] */
SODNS_API bool sodns_service_sleep(uint64_t length) SODNS_MAY_WAIT;

/* A round: fn(arg) is called on the service thread every `length`, the first time after as
 * much, counted from the end of the call before. It may wait, as a service may. Between its calls a round
 * is a few words and no stack: for what each server block has one of, such as a file that is looked at.
 * Few run at a time, one that waits long holds up others: checks over the network are a service's work.
 * `name` is the plugin's. Stopping it returns when fn does not run and will not. [any thread], not
 * from a task. */
typedef struct sodns_round sodns_round_t;
SODNS_API sodns_round_t *sodns_round_start(const char *name, uint64_t length, void (*fn)(void *arg),
					   void *arg);
SODNS_API void sodns_round_stop(sodns_round_t *r);

#endif
