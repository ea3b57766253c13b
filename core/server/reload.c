/*
 * The next configuration: read and tried, prepared beside the one that serves, put in its place; and the old one
 * let go when its last query has ended. All that on a thread of its own, so that a signal to stop is never
 * kept waiting by a slow zone.
 */
#include <poll.h>
#include <stdio.h>

#include <sodns/metrics.h>

#include "report/log.h"
#include "server/life.h"

/* Queries end by their deadline of 4 s; what a plugin holds longer is a bug that must not stop
 * reloads. */
#define OLD_MS 10000

/* Generations whose queries did not end, to be looked at again; under `generations`. */
static generation_t *kept;
static _Atomic(bool) any_kept;

/* Frees the old one when the last query that began in it has ended. Streams, such as zone transfers, take
 * as long as their clients read. */
static void drain(generation_t *old)
{
	for (int ms = 0; atomic_load(&old->in_flight) > atomic_load(&old->streams) && ms < OLD_MS;
	     ms += 5)
		poll(NULL, 0, 5);
	long left = atomic_load(&old->in_flight), streams = atomic_load(&old->streams);
	if (left <= 0) {
		generation_free(old);
		return;
	}
	if (left > streams)
		sodns_log(SODNS_LOG_WARNING, NULL,
			  "%ld queries of the old configuration do not end; it is kept until "
			  "they do",
			  left - streams);
	old->next = kept;
	kept = old;
	atomic_store(&any_kept, true);
}

/* A reload that runs comes first. */
void reload_look_at_kept(void)
{
	if (!atomic_load(&any_kept) || pthread_mutex_trylock(&life.generations))
		return;
	for (generation_t **at = &kept, *g; (g = *at);) {
		if (atomic_load(&g->in_flight) > 0) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		generation_free(g);
		sodns_log(SODNS_LOG_INFO, NULL, "An old configuration that was kept is gone");
	}
	atomic_store(&any_kept, kept != NULL);
	pthread_mutex_unlock(&life.generations);
}

/* Puts g into force. False: the daemon is about to end, and nothing has changed. */
static bool switch_to(generation_t *g, generation_t **old)
{
	pthread_mutex_lock(&life.switching);
	bool go = !atomic_load(&life.stopping);
	if (go) {
		*old = life.serving;
		start_note_times(g);
		log_set_debug(start_debug_wanted(g));
		listeners_switch(g);
		generation_start(g);
		life.serving = g;
	}
	pthread_mutex_unlock(&life.switching);
	return go;
}

/* By a trial, where there is a parent to have it done. */
static generation_t *read_again(char *err, size_t err_size)
{
	static supervisor_verdict_t v;
	host.stage = host.staged = NULL;
	int rc = supervisor_try(&v);
	if (rc < 0) {
		snprintf(err, err_size, "%s", v.text);
		return NULL;
	}
	host.staged = rc ? NULL : v.stage;
	generation_t *g = generation_read(err, err_size);
	host.staged = NULL;
	return g;
}

/* 1: a fresh process is to do it. */
static int make_again(generation_t **out, char *err, size_t err_size)
{
	generation_t *g = read_again(err, err_size);
	*out = NULL;
	if (!g)
		return -1;
	if (generation_set_up(g, err, err_size))
		g = NULL;
	if (bounds_outgrown_by(g)) {
		if (g)
			generation_free(g);
		return 1;
	}
	*out = g ? start_prepare(g, err, err_size) : NULL;
	return *out ? 0 : -1;
}

/* The counter is the reload plugin's, but counts all of them. */
void reload_note(bool good)
{
	static const sodns_family_t failures = {
		.name = "coredns_reload_failed_total",
		.help = "Counter of the number of failed reload attempts."};
	static const sodns_family_t last = {
		.name = "sodns_reload_last_successful",
		.help = "Whether the configuration that was wanted last is the one that runs.",
		.kind = SODNS_GAUGE};
	sodns_metric_set(sodns_metric(&last, NULL), good);
	if (!good)
		sodns_metric_add(sodns_metric(&failures, NULL), 1);
}

static void *reload_main(void *arg)
{
	char err[4096];
	generation_t *old;
	(void)arg;
	void (*told)(const char *why) = atomic_exchange(&life.on_failure, NULL);
	pthread_mutex_lock(&life.generations);
	if (!told)
		sodns_log(SODNS_LOG_INFO, NULL, "SIGUSR1: Reloading");
	sodns_log(SODNS_LOG_INFO, NULL, "Reloading");
	supervisor_tell(SUPERVISOR_RELOADING);
	enum supervisor_state end = SUPERVISOR_UNCHANGED;
	generation_t *g;
	int rc = make_again(&g, err, sizeof(err));
	if (rc < 0 && !end_is_wanted())
		reload_note(false);
	if (rc > 0) {
		end = SUPERVISOR_OUTGROWN;
	} else if (!g && told) {
		told(err);
	} else if (!g) {
		sodns_log(SODNS_LOG_ERROR, NULL, "SIGUSR1: %s", err);
	} else if (switch_to(g, &old)) {
		generation_stop(old);
		sodns_log(SODNS_LOG_INFO, NULL, "Reloading complete");
		fallback_ends();
		reload_note(true);
		end = SUPERVISOR_READY;
		drain(old);
		life_changed();
	} else {
		generation_free(g);
	}
	supervisor_tell(end);
	atomic_store(&life.reloading, false);
	pthread_mutex_unlock(&life.generations);
	life_request();
	return NULL;
}

void reload_begin(void)
{
	pthread_t t;
	if (atomic_exchange(&life.reloading, true)) {
		atomic_store(&life.wanted_reload, 1);
		return;
	}
	if (pthread_create(&t, NULL, reload_main, NULL))
		atomic_store(&life.reloading, false);
	else
		pthread_detach(t);
}
