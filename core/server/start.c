/*
 * The first configuration of a process: prepared as a whole before it serves; in parts, while it serves,
 * after a crash; or beside a process that serves until this one does.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodns/metrics.h>

#include "report/log.h"
#include "server/life.h"

#define AWAIT_MS 5

/* For what is outside; at the start, instances that tell of the process's life begin before. */
static int await(generation_t *g, char *err, size_t err_size)
{
	if (!life.serving)
		generation_begin(g);
	while (generation_waits(g)) {
		if (end_is_wanted()) {
			snprintf(err, err_size, "stopped before it served");
			return SODNS_ECANCELLED;
		}
		poll(NULL, 0, AWAIT_MS);
	}
	return SODNS_OK;
}

generation_t *start_prepare(generation_t *g, char *err, size_t err_size)
{
	if (!servers_build(g, err, err_size) && !generation_prepare(g, err, err_size) &&
	    !await(g, err, err_size) && !listeners_reserve(g, err, err_size))
		return g;
	generation_stop(g);
	generation_free(g);
	return NULL;
}

bool start_debug_wanted(const generation_t *g)
{
	for (const block_t *b = g->blocks; b; b = b->next)
		if (b->debug)
			return true;
	return false;
}

void start_note_times(const generation_t *g)
{
	size_t i = 0;
	if (!supervisor_page)
		return;
	for (const block_t *b = g->blocks; b && i < BLOCKS_NOTED; b = b->next)
		supervisor_page->prepare_us[i++] = b->prepare_us;
}

_Noreturn void start_refuse(const char *err, enum supervisor_finish how)
{
	log_stop();
	log_last_words("%s", err);
	plugins_cleanup();
	supervisor_explain(err);
	supervisor_finish(how);
	_exit(1);
}

static int by_text(const void *a, const void *b)
{
	return strcmp((*(const block_key_t *const *)a)->zone_text,
		      (*(const block_key_t *const *)b)->zone_text);
}

/* One line a zone, as the oracle prints them. */
static void print_zones(const generation_t *g)
{
	for (const server_t *s = servers_of(g); s; s = s->next) {
		bool dns = !strcmp(s->transport, "dns");
		qsort(s->zones, s->zone_count, sizeof(*s->zones), by_text);
		for (size_t i = 0; i < s->zone_count; i++)
			log_plain("%s%s%s:%u%s%s", dns ? "" : s->transport, dns ? "" : "://",
				  s->zones[i]->zone_text, s->address.port, *s->host ? " on " : "",
				  s->host);
	}
}

/* The last lines of the start: when they are there, everything serves. */
static void print_version(const control_options_t *o)
{
	if (o->quiet)
		return;
	log_plain("%s", o->version[0]);
	log_plain("%s", o->version[1]);
}

static void print_budget(const control_options_t *o)
{
	if (!o->quiet && *o->budget)
		sodns_log(SODNS_LOG_INFO, NULL, "%s", o->budget);
}

/* Everything is prepared, and then it serves. */
void start_whole(const control_options_t *o, generation_t *g)
{
	char err[4096];
	life.serving = start_prepare(g, err, sizeof(err));
	if (!life.serving && end_is_wanted())
		life_leave(0);
	if (!life.serving)
		start_refuse(err, FINISH_FOR_GOOD);
	log_set_debug(start_debug_wanted(life.serving));
	if (!o->quiet)
		print_zones(life.serving);
	print_budget(o);
	log_start();
	start_note_times(life.serving);
	fallback_tell(0);
	generation_start(life.serving);
	if (supervisor_page)
		atomic_store(&supervisor_page->serving, true);
	listeners_switch(life.serving);
	print_version(o);
}

static void count_crashes(void)
{
	static const char *const labels[] = {"plugin", NULL};
	static const sodns_family_t family = {
		.name = "sodns_crashes_total",
		.help = "Crashes of the serving process, by the plugin in whose hands it was.",
		.labels = labels};
	static const sodns_family_t starts = {
		.name = "sodns_failed_starts_total",
		.help = "Times that the system let the parent make no serving process."};
	const crash_counts_t *c = &supervisor_page->crashes;
	for (size_t i = 0; i < PLUGINS_NOTED; i++)
		if (c->of[i].count) {
			const char *const values[] = {c->of[i].plugin};
			sodns_metric_add(sodns_metric(&family, values), c->of[i].count);
		}
	if (c->failed_starts)
		sodns_metric_add(sodns_metric(&starts, NULL), c->failed_starts);
}

void start_in_parts(generation_t *g)
{
	char err[4096];
	unsigned missing;
	life.serving = g;
	if (servers_build(life.serving, err, sizeof(err)) ||
	    listeners_reserve(life.serving, err, sizeof(err)))
		start_refuse(err, FINISH_TO_TRY_AGAIN);
	log_set_debug(start_debug_wanted(life.serving));
	log_start();
	count_crashes();
	suspects_learn();
	gates_close(life.serving);
	listeners_switch(life.serving);
	atomic_store(&supervisor_page->serving, true);
	sodns_log(SODNS_LOG_INFO, NULL, "A fresh process serves %" PRIu64 " ms after the crash",
		  (sodns_now() - supervisor_page->crashed) / 1000000);
	if (gates_open(life.serving, *supervisor_page->broken, &missing, err, sizeof(err)))
		start_refuse(err, FINISH_TO_TRY_AGAIN);
	fallback_tell(missing);
	start_note_times(life.serving);
	sodns_log(SODNS_LOG_INFO, NULL, "Everything is loaded %" PRIu64 " ms after the crash",
		  (sodns_now() - supervisor_page->crashed) / 1000000);
}

void start_takeover(generation_t *g)
{
	char err[4096];
	life.serving = start_prepare(g, err, sizeof(err));
	if (!life.serving)
		start_refuse(err, FINISH_TO_TRY_AGAIN);
	log_set_debug(start_debug_wanted(life.serving));
	log_start();
	count_crashes();
	suspects_learn();
	start_note_times(life.serving);
	fallback_tell(0);
	generation_start(life.serving);
	atomic_store(&supervisor_page->serving, true);
	listeners_switch(life.serving);
	sodns_log(SODNS_LOG_INFO, NULL, "A fresh process takes over: it may open what is new");
	sodns_log(SODNS_LOG_INFO, NULL, "Reloading complete");
}
