/*
 * Slow plugins and endless ones: noticed by other threads, named from inside.
 */
#include "task/watchdog.h"

#include <poll.h>
#include <signal.h>

#include <sodns/log.h>

#include "task/service.h"

/* Ignored unless it is caught: it does no harm where it comes too late. */
#define ASK_SIGNAL SIGURG
/* A loop is named for the first time after so many ticks, then each time twice as late. */
#define FIRST_TICKS (1000u / STALL_TICK_MS)
#define SERVICE_FIRST_TICKS (5000u / STALL_TICK_MS)
#define SERVICE_TIMES 6u
#define ANSWER_MS 200

_Atomic(uint64_t) watchdog_reports;
unsigned stall_limit = 10;

static void on_ask(int number)
{
	loop_t *l = loop_current();
	(void)number;
	if (!l || !atomic_load_explicit(&l->busy_since, memory_order_relaxed))
		return;
	blame_look(&l->held_by);
	atomic_store(&l->slow, true);
}

void watchdog_begin(void)
{
	struct sigaction a = {.sa_handler = on_ask, .sa_flags = SA_ONSTACK | SA_RESTART};
	sigaction(ASK_SIGNAL, &a, NULL);
}

void watchdog_look(void)
{
	uint64_t now = sodns_now();
	for (unsigned i = 0; i < worker_count; i++) {
		loop_t *l = &workers[i].loop;
		uint64_t began = atomic_load_explicit(&l->busy_since, memory_order_relaxed);
		if (began && now > began + WATCHDOG_NS && !atomic_load(&l->slow))
			pthread_kill(l->thread, ASK_SIGNAL);
	}
}

void watchdog_report(loop_t *l)
{
	uint64_t began = atomic_load(&l->busy_since);
	blame_text_t by = l->held_by;
	atomic_store_explicit(&l->slow, false, memory_order_relaxed);
	if (!began || l->worker < 0 || (!*by.plugin && !*by.question))
		return;
	atomic_fetch_add_explicit(&watchdog_reports, 1, memory_order_relaxed);
	sodns_log(SODNS_LOG_WARNING, NULL,
		  "worker %d did not come back to its loop for %llu ms: plugin/%s, question %s",
		  l->worker, (unsigned long long)((sodns_now() - began) / 1000000u), by.plugin,
		  by.question);
}

/* Has the loop say what it has in hand: false if it does not. */
static bool ask(loop_t *l, blame_text_t *out)
{
	atomic_store(&l->slow, false);
	pthread_kill(l->thread, ASK_SIGNAL);
	for (int ms = 0; ms < ANSWER_MS && !atomic_load(&l->slow); ms += 5)
		poll(NULL, 0, 5);
	*out = l->held_by;
	return atomic_load(&l->slow);
}

static void name(loop_t *l, unsigned seconds)
{
	blame_text_t by;
	char what[32] = "the service thread";
	if (l->worker >= 0)
		snprintf(what, sizeof(what), "worker %d", l->worker);
	if (!ask(l, &by))
		by = (blame_text_t){.plugin = ""};
	sodns_log(SODNS_LOG_ERROR, *by.plugin ? by.plugin : NULL,
		  "%s has not come back to its loop for %u s%s%s%s", what, seconds,
		  *by.question ? ", on \"" : "", by.question, *by.question ? "\"" : "");
}

static void look(loop_t *l, unsigned first, unsigned limit)
{
	uint64_t since = atomic_load(&l->busy_since);
	if (!since || since != l->stalled_since) {
		l->stalled_since = since;
		l->stalled_ticks = 0;
		l->stall_named_at = first;
		return;
	}
	unsigned ticks = ++l->stalled_ticks, seconds = ticks * STALL_TICK_MS / 1000;
	if (ticks == l->stall_named_at) {
		name(l, seconds);
		l->stall_named_at *= 2;
	}
	if (!limit || ticks != limit * (1000 / STALL_TICK_MS))
		return;
	atomic_store(&l->ended_after, seconds);
	pthread_kill(l->thread, SIGABRT);
}

void stalls_look(void)
{
	for (unsigned i = 0; i < worker_count; i++)
		look(&workers[i].loop, FIRST_TICKS, stall_limit);
	look(&service_loop, SERVICE_FIRST_TICKS, SERVICE_TIMES * stall_limit);
}

unsigned stall_seconds(void)
{
	loop_t *l = loop_current();
	return l ? atomic_load(&l->ended_after) : 0;
}
