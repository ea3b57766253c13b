/*
 * Room for connections. A limit belongs to a listener of one worker, to one of all workers, or to the
 * process; when it is reached, the client that has most loses a connection to one that has less. What
 * has least to lose goes first: connections that wait for nothing, then those that have had an answer.
 */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/conn.h"
#include "report/limits.h"

/* So many may be busy before one is found that can make room. */
#define LOOK_AT 64u
/* Connections of a listener that wait for other workers' answers; more are closed. */
#define ASKING_MAX 64u
/* What a connection takes, roughly: the session is most of it. */
#define COST_KIB 4u
#define COST_TLS_KIB 40u

/* Of the process: they must leave descriptors, and memory, for all else. */
static _Atomic(unsigned) open_conns, open_kib;

static unsigned cost_of(const tcp_listener_t *l)
{
	return l->tls ? COST_TLS_KIB : COST_KIB;
}

void conn_room_take(sodns_conn_t *c)
{
	c->cost_kib = cost_of(c->from);
	atomic_fetch_add(&open_conns, 1);
	atomic_fetch_add(&open_kib, c->cost_kib);
}

void conn_room_give(sodns_conn_t *c)
{
	atomic_fetch_sub(&open_conns, 1);
	atomic_fetch_sub(&open_kib, c->cost_kib);
}

/* Which of a client's connections may go. */
enum loss { LOSS_IDLE, LOSS_ANSWERED, LOSS_ANY };

static sodns_conn_t *oldest(sodns_claim_t *claim, enum loss most)
{
	for (unsigned i = 0; claim && i < LOOK_AT; i++, claim = sodns_claim_younger(claim)) {
		sodns_conn_t *c = (sodns_conn_t *)(void *)((char *)claim -
							   offsetof(sodns_conn_t, claim));
		if (!c->in_flight || most == LOSS_ANY || (most == LOSS_ANSWERED && c->answers))
			return c;
	}
	return NULL;
}

static sodns_conn_t *choose(sodns_claim_t *claim, enum loss most)
{
	sodns_conn_t *c = NULL;
	for (enum loss i = LOSS_IDLE; !c && i <= most; i++)
		c = oldest(claim, i);
	return c;
}

/* Anybody's. */
static sodns_conn_t *oldest_idle(const tcp_listener_t *l)
{
	sodns_conn_t *c = l->oldest;
	for (unsigned i = 0; c && i < LOOK_AT; i++, c = c->younger)
		if (!c->in_flight)
			return c;
	return NULL;
}

/* For a client that has `elsewhere` connections of the listener on another worker. */
static bool make_room(tcp_listener_t *l, const sodns_address_t *peer, unsigned elsewhere)
{
	unsigned most, own = 0;
	sodns_claim_t *richest = sodns_fair_most(l->fair, &most);
	sodns_claim_t *mine = peer ? sodns_fair_of(l->fair, peer, &own) : NULL;
	sodns_conn_t *c = NULL;
	own = own > elsewhere ? own : elsewhere;
	if (most > own + 1 && (c = choose(richest, peer ? LOSS_ANY : LOSS_ANSWERED)))
		sodns_fair_taken("connections");
	else if (mine)
		c = choose(mine, LOSS_ANSWERED);
	else if (!own)
		c = oldest_idle(l);
	if (c)
		conn_close(c);
	return c;
}

bool conn_make_room(tcp_listener_t *l, const sodns_address_t *peer)
{
	return make_room(l, peer, 0);
}

/* The worker's listener of which some client has most. */
static tcp_listener_t *fullest(tcp_listener_t *than)
{
	unsigned most, n;
	sodns_fair_most(than->fair, &most);
	for (tcp_listener_t *l = than->worker->tcp; l; l = l->next) {
		sodns_fair_most(l->fair, &n);
		if (n > most) {
			most = n;
			than = l;
		}
	}
	return than;
}

/* Limits of the process, and of the listener on this worker. */
static bool admit_here(tcp_listener_t *l, const sodns_address_t *peer)
{
	bool descriptors = atomic_load(&open_conns) >= tcp_descriptors();
	if (!descriptors && atomic_load(&open_kib) + cost_of(l) <= tcp_memory_kib) {
		if (l->conns < l->limits.connections)
			return true;
		limit_reached(LIMIT_CONNECTIONS, 1);
		return make_room(l, peer, 0);
	}
	limit_reached(descriptors ? LIMIT_DESCRIPTORS : LIMIT_CONNECTIONS, 1);
	return make_room(fullest(l), peer, 0);
}

/* One client may have only so many, whatever others want: it has, and keeps them all. Of a limit of all
 * workers each looks at its own part. */
static bool has_its_part(tcp_listener_t *l, const sodns_address_t *peer)
{
	unsigned own, limit = l->limits.connections;
	if (l->limits.total != UINT_MAX)
		limit = (l->limits.total + worker_count - 1) / worker_count;
	sodns_claim_t *mine = sodns_fair_of(l->fair, peer, &own);
	if (sodns_fair_part(limit) >= limit || own < sodns_fair_part(limit))
		return false;
	limit_reached(LIMIT_CONNECTIONS, 1);
	sodns_conn_t *c = choose(mine, LOSS_ANSWERED);
	if (c)
		conn_close(c);
	return !c;
}

/* The limit of all workers: counts one more, if it may be. */
static bool count_in_group(tcp_listener_t *l)
{
	if (atomic_fetch_add(&l->group->conns, 1) < l->limits.total)
		return true;
	atomic_fetch_sub(&l->group->conns, 1);
	return false;
}

/* A connection that has been accepted, while one worker after the other is asked to make room. */
struct asking {
	tcp_group_t *group;
	unsigned from, at; /* workers: that wants to know, that is asked */
	unsigned has;      /* connections of the client on the first */
	bool made;
	int fd;
	struct sockaddr_storage address;
	sodns_address_t peer;
};

static void be_told(void *arg)
{
	struct asking *a = arg;
	tcp_listener_t *l = a->group->at[a->from];
	if (l && l->asking)
		l->asking--;
	if (l && a->made && count_in_group(l))
		conn_open(l, a->fd, &a->address);
	else
		close(a->fd);
	free(a);
}

static void be_asked(void *arg)
{
	struct asking *a = arg;
	tcp_listener_t *l = a->group->at[a->at];
	a->made = l && make_room(l, &a->peer, a->has);
	a->at = (a->at + 1) % worker_count;
	if (a->made || a->at == a->from)
		loop_post(&workers[a->from].loop, be_told, a);
	else
		loop_post(&workers[a->at].loop, be_asked, a);
}

static bool ask_others(tcp_listener_t *l, int fd, const struct sockaddr_storage *from,
		       const sodns_address_t *peer)
{
	struct asking *a = NULL;
	if (worker_count > 1 && l->asking < ASKING_MAX)
		a = calloc(1, sizeof(*a));
	if (!a)
		return false;
	*a = (struct asking){.group = l->group,
			     .from = l->worker->index,
			     .at = (l->worker->index + 1) % worker_count,
			     .fd = fd,
			     .address = *from,
			     .peer = *peer};
	sodns_fair_of(l->fair, peer, &a->has);
	l->asking++;
	loop_post(&workers[a->at].loop, be_asked, a);
	return true;
}

void conn_accept(tcp_listener_t *l, int fd, const struct sockaddr_storage *from)
{
	sodns_address_t peer;
	sodns_address_from_sockaddr((const struct sockaddr *)(const void *)from, &peer);
	if (has_its_part(l, &peer) || !admit_here(l, &peer)) {
		close(fd);
		return;
	}
	bool counted = count_in_group(l);
	if (!counted) {
		limit_reached(LIMIT_CONNECTIONS, 1);
		counted = make_room(l, &peer, 0) && count_in_group(l);
	}
	if (counted)
		conn_open(l, fd, from);
	else if (!ask_others(l, fd, from, &peer))
		close(fd);
}
