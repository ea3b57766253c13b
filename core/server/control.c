/*
 * The life of the process. The main thread waits for signals and requests; a reload runs on a
 * thread of its own, so that a signal to stop is never kept waiting by a slow zone.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <sodns/metrics.h>

#include "report/fair.h"
#include "net/listen.h"
#include "report/limits.h"
#include "report/log.h"
#include "task/service.h"
#include "net/tcp.h"
#include "system/file.h"
#include "task/watchdog.h"
#include "server/server.h"

#define DRAIN_MS 5000
#define AWAIT_MS 5
/* Queries end by their deadline of 4 s; what a plugin holds longer is a bug that must not stop
 * reloads. */
#define OLD_MS 10000

static generation_t *serving;
static pthread_mutex_t generations = PTHREAD_MUTEX_INITIALIZER; /* held by a reload, all along */
static pthread_mutex_t switching = PTHREAD_MUTEX_INITIALIZER;   /* serving and stopping change */
static _Atomic(bool) reloading, stopping, failed;
static _Atomic(int) wanted_reload;
static int request_fd = -1;

static void request(void)
{
	uint64_t one = 1;
	(void)!write(request_fd, &one, sizeof(one));
}

/* Who is told when the next reload fails; the last one who asked for it. */
static void (*_Atomic on_failure)(const char *why);

static void request_reload(void (*told)(const char *why))
{
	atomic_store(&on_failure, told);
	atomic_store(&wanted_reload, 1);
	request();
}

static void request_fail(const char *who, const char *message)
{
	sodns_log(SODNS_LOG_FATAL, who, "%s", message);
	atomic_store(&failed, true);
	request();
}

bool end_is_wanted(void)
{
	sigset_t s;
	if (atomic_load(&stopping))
		return true;
	sigpending(&s);
	return sigismember(&s, SIGTERM) || sigismember(&s, SIGINT) || sigismember(&s, SIGQUIT);
}

/* For what is outside; at the start, those who tell of the process's life begin before. */
static int await(generation_t *g, char *err, size_t err_size)
{
	if (!serving)
		generation_begin(g);
	while (generation_waits(g)) {
		if (end_is_wanted()) {
			snprintf(err, err_size, "stopped before it served");
			return SODNS_CANCELLED;
		}
		poll(NULL, 0, AWAIT_MS);
	}
	return SODNS_OK;
}

/* Prepares what was set up; but for what tells of the process's life, nothing is visible yet. */
static generation_t *make(generation_t *g, char *err, size_t err_size)
{
	if (!servers_build(g, err, err_size) && !generation_prepare(g, err, err_size) &&
	    !await(g, err, err_size) && !listeners_reserve(g, err, err_size))
		return g;
	generation_stop(g);
	generation_free(g);
	return NULL;
}

static bool debug_wanted(const generation_t *g)
{
	for (const block_t *b = g->blocks; b; b = b->next)
		if (b->debug)
			return true;
	return false;
}

/* Those whose queries did not end, to be looked at again; under `generations`. */
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

/* Frees what was kept and is needed no more. A reload that runs comes first. */
static void look_at_kept(void)
{
	if (!atomic_load(&any_kept) || pthread_mutex_trylock(&generations))
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
	pthread_mutex_unlock(&generations);
}

/* For the process that may have to take this one's place. */
static void note_times(const generation_t *g)
{
	size_t i = 0;
	if (!supervisor_page)
		return;
	for (const block_t *b = g->blocks; b && i < BLOCKS_NOTED; b = b->next)
		supervisor_page->prepare_us[i++] = b->prepare_us;
}

/* Puts g into force. False: the daemon is about to end, and nothing has changed. */
static bool switch_to(generation_t *g, generation_t **old)
{
	pthread_mutex_lock(&switching);
	bool go = !atomic_load(&stopping);
	if (go) {
		*old = serving;
		note_times(g);
		log_set_debug(debug_wanted(g));
		listeners_switch(g);
		generation_start(g);
		serving = g;
	}
	pthread_mutex_unlock(&switching);
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
	*out = g ? make(g, err, err_size) : NULL;
	return *out ? 0 : -1;
}

/* The counter is the reload plugin's, but counts whoever asked. */
static void note_reload(bool good)
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
	void (*told)(const char *why) = atomic_exchange(&on_failure, NULL);
	pthread_mutex_lock(&generations);
	if (!told)
		sodns_log(SODNS_LOG_INFO, NULL, "SIGUSR1: Reloading");
	sodns_log(SODNS_LOG_INFO, NULL, "Reloading");
	supervisor_tell(SUPERVISOR_RELOADING);
	enum supervisor_state end = SUPERVISOR_UNCHANGED;
	generation_t *g;
	int rc = make_again(&g, err, sizeof(err));
	if (rc < 0 && !end_is_wanted())
		note_reload(false);
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
		note_reload(true);
		end = SUPERVISOR_READY;
		drain(old);
	} else {
		generation_free(g);
	}
	supervisor_tell(end);
	atomic_store(&reloading, false);
	pthread_mutex_unlock(&generations);
	request();
	return NULL;
}

static void reload(void)
{
	pthread_t t;
	if (atomic_exchange(&reloading, true)) {
		atomic_store(&wanted_reload, 1);
		return;
	}
	if (pthread_create(&t, NULL, reload_main, NULL))
		atomic_store(&reloading, false);
	else
		pthread_detach(t);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One line a zone, as the oracle prints them. */
static void print_zones(const generation_t *g)
{
	for (const server_t *s = servers_of(g); s; s = s->next) {
		bool dns = !strcmp(s->transport, "dns");
		qsort(s->zones, s->zone_count, sizeof(*s->zones), by_text);
		for (size_t i = 0; i < s->zone_count; i++)
			log_plain("%s%s%s:%u%s%s", dns ? "" : s->transport, dns ? "" : "://",
				  s->zones[i], s->address.port, *s->host ? " on " : "", s->host);
	}
}

static int block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
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

/* In CoreDNS's words. */
static void tell_end(unsigned number)
{
	if (number == SIGTERM)
		sodns_log(SODNS_LOG_INFO, NULL, "SIGTERM: Shutting down servers then terminating");
	else
		sodns_log(SODNS_LOG_INFO, NULL, "%s: Shutting down",
			  number == SIGINT ? "SIGINT" : "SIGQUIT");
}

/* Takes the signals that came: whether one of them asks for the end. */
static bool ends(int fd)
{
	struct signalfd_siginfo s;
	while (read(fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGUSR1)
			reload();
		else if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT ||
			 s.ssi_signo == SIGQUIT) {
			tell_end(s.ssi_signo);
			return true;
		}
	}
	return false;
}

/* Serves on for as long as a plugin wishes (health's lameduck), or until a second signal. */
static void linger(int signal_fd)
{
	uint32_t ms = generation_drain(serving);
	uint64_t now = sodns_now(), end = now + ms * 1000000ull;
	if (supervisor_page)
		atomic_store(&supervisor_page->linger_ms, ms);
	struct pollfd p = {.fd = signal_fd, .events = POLLIN};
	for (; now < end; now = sodns_now())
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) > 0 && ends(signal_fd))
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

/* Queries that came are answered, also those put aside; then the threads end. Returns how many queries
 * still wait: they, and only they, can still look at the generation. */
static unsigned stop(int signal_fd)
{
	struct left left;
	pthread_mutex_lock(&switching);
	atomic_store(&stopping, true);
	pthread_mutex_unlock(&switching);
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

/* A plugin has found that the process must not go on (and has said why): nothing more is answered. */
_Noreturn static void give_up(void)
{
	log_stop();
	plugins_cleanup();
	supervisor_finish(FINISH_FOR_GOOD);
	_exit(1);
}

/* Nothing has come for a while. */
static void tick(void)
{
	stalls_look();
	if (fallback_wants_reload() && !atomic_load(&reloading))
		reload();
}

static int wait_for_end(int signal_fd)
{
	struct pollfd p[2] = {{.fd = signal_fd, .events = POLLIN},
			      {.fd = request_fd, .events = POLLIN}};
	for (;;) {
		uint64_t n;
		int ready = poll(p, 2, (int)STALL_TICK_MS);
		if (ready < 0 && errno != EINTR)
			return 1;
		if (!ready)
			tick();
		look_at_kept();
		if (ends(signal_fd))
			return 0;
		if (read(request_fd, &n, sizeof(n)) < 0)
			continue;
		if (atomic_load(&failed))
			give_up();
		if (!atomic_load(&reloading) && atomic_exchange(&wanted_reload, 0))
			reload();
	}
}

/* Ends a process that could not be set up. */
_Noreturn static void refuse(const char *err, enum supervisor_finish how)
{
	log_stop();
	log_last_words("%s", err);
	plugins_cleanup();
	supervisor_explain(err);
	supervisor_finish(how);
	_exit(1);
}

_Noreturn static void leave(int status)
{
	log_stop();
	plugins_cleanup();
	supervisor_finish(FINISH_FOR_GOOD);
	_exit(status);
}

/* The last lines of the start: whoever reads them finds everything serving. */
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
static void start_whole(const control_options_t *o, generation_t *g)
{
	char err[4096];
	serving = make(g, err, sizeof(err));
	if (!serving && end_is_wanted())
		leave(0);
	if (!serving)
		refuse(err, FINISH_FOR_GOOD);
	log_set_debug(debug_wanted(serving));
	if (!o->quiet)
		print_zones(serving);
	print_budget(o);
	log_start();
	note_times(serving);
	fallback_tell(0);
	generation_start(serving);
	if (supervisor_page)
		atomic_store(&supervisor_page->serving, true);
	listeners_switch(serving);
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

/* After a crash: it serves, and is prepared meanwhile. */
static void start_in_parts(generation_t *g)
{
	char err[4096];
	unsigned missing;
	serving = g;
	if (servers_build(serving, err, sizeof(err)) ||
	    listeners_reserve(serving, err, sizeof(err)))
		refuse(err, FINISH_TO_TRY_AGAIN);
	log_set_debug(debug_wanted(serving));
	log_start();
	count_crashes();
	suspects_learn();
	gates_close(serving);
	listeners_switch(serving);
	atomic_store(&supervisor_page->serving, true);
	sodns_log(SODNS_LOG_INFO, NULL, "A fresh process serves %" PRIu64 " ms after the crash",
		  (sodns_now() - supervisor_page->crashed) / 1000000);
	if (gates_open(serving, *supervisor_page->broken, &missing, err, sizeof(err)))
		refuse(err, FINISH_TO_TRY_AGAIN);
	fallback_tell(missing);
	note_times(serving);
	sodns_log(SODNS_LOG_INFO, NULL, "Everything is loaded %" PRIu64 " ms after the crash",
		  (sodns_now() - supervisor_page->crashed) / 1000000);
}

/* Another process serves until this one does. */
static void take_over(generation_t *g)
{
	char err[4096];
	serving = make(g, err, sizeof(err));
	if (!serving)
		refuse(err, FINISH_TO_TRY_AGAIN);
	log_set_debug(debug_wanted(serving));
	log_start();
	count_crashes();
	suspects_learn();
	note_times(serving);
	fallback_tell(0);
	generation_start(serving);
	atomic_store(&supervisor_page->serving, true);
	listeners_switch(serving);
	sodns_log(SODNS_LOG_INFO, NULL, "A fresh process takes over: it may open what is new");
	sodns_log(SODNS_LOG_INFO, NULL, "Reloading complete");
}

static void catch_crashes(worker_t *w, void *arg)
{
	(void)w;
	(void)arg;
	supervisor_thread();
}

int control_run(void *options)
{
	const control_options_t *o = options;
	char err[4096];
	int signal_fd = block_signals();
	bool takes_over = supervisor_page && supervisor_page->takes_over;
	bool restarted = supervisor_page && (supervisor_page->restarted || takes_over);
	orders_take();
	/* Before there are threads: what may be opened is decided by what is read. */
	generation_t *g = generation_read(err, sizeof(err));
	if (!g)
		refuse(err, restarted ? FINISH_TO_TRY_AGAIN : FINISH_FOR_GOOD);
	if (workers_make(o->workers, &query_server)) {
		log_last_words("no memory for workers");
		return 1;
	}
	limits_start();
	fair_start();
	request_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	host_request_reload = request_reload;
	host_request_fail = request_fail;
	file_open_pem = supervisor_open_key;
	listen_source = (listen_source_t){supervisor_socket, supervisor_release};
	if (generation_set_up(g, err, sizeof(err)))
		refuse(err, restarted ? FINISH_TO_TRY_AGAIN : FINISH_FOR_GOOD);
	bounds_enter(o, g);
	if (workers_start() || service_start()) {
		log_last_words("cannot start threads");
		return 1;
	}
	workers_each(catch_crashes, NULL);
	if (takes_over)
		take_over(g);
	else if (restarted)
		start_in_parts(g);
	else
		start_whole(o, g);
	note_reload(true);
	supervisor_tell(SUPERVISOR_READY);
	int status = wait_for_end(signal_fd);
	if (!stop(signal_fd) && !sockets_stay && !pthread_mutex_trylock(&generations)) {
		generation_stop(serving);
		generation_free(serving);
	}
	leave(status);
}
