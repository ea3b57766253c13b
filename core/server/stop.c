/*
 * The end: what has come is answered, what waits is waited for, and connections are closed.
 */
#include <poll.h>
#include <signal.h>

#include "net/tcp.h"
#include "server/life.h"

#define DRAIN_MS 5000

bool end_is_wanted(void)
{
	sigset_t s;
	if (atomic_load(&life.stopping))
		return true;
	sigpending(&s);
	return sigismember(&s, SIGTERM) || sigismember(&s, SIGINT) || sigismember(&s, SIGQUIT);
}

struct left {
	unsigned queries, connections;
};

static void count_left(worker_t *w, void *arg)
{
	struct left *n = arg;
	n->queries += atomic_load(&w->loop.tasks_waiting);
	n->connections += w->conn_count;
}

/* Serves on for as long as a plugin wishes (health's lameduck), or until a second signal. */
static void linger(int signal_fd)
{
	uint64_t length = generation_drain(life.serving), now = sodns_now(),
		 end = in_time(now, length);
	if (supervisor_page)
		atomic_store(&supervisor_page->linger_ms, (uint32_t)in_ms(length));
	struct pollfd p = {.fd = signal_fd, .events = POLLIN};
	for (; now < end; now = sodns_now())
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) > 0 && life_ends(signal_fd))
			return;
}

static void wind_down(worker_t *w, void *left)
{
	tcp_wind_down(w, NULL);
	count_left(w, left);
}

static void close_connections(worker_t *w, void *left)
{
	tcp_close_all(w);
	count_left(w, left);
}

unsigned stop_serving(int signal_fd)
{
	struct left left;
	pthread_mutex_lock(&life.switching);
	atomic_store(&life.stopping, true);
	pthread_mutex_unlock(&life.switching);
	sockets_stay = supervisor_page && atomic_load(&supervisor_page->replaced);
	supervisor_tell(SUPERVISOR_STOPPING);
	if (!sockets_stay)
		linger(signal_fd);
	listeners_close();
	for (int ms = 0; ms < DRAIN_MS; ms += 5) {
		left = (struct left){0};
		workers_each(wind_down, &left);
		if (!left.queries && !left.connections)
			break;
		poll(NULL, 0, 5);
	}
	left = (struct left){0};
	workers_each(close_connections, &left);
	return left.queries;
}
