/*
 * The life of the process: what its main thread waits for, signals and requests, until one of them is its
 * end.
 */
#include <errno.h>
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
#include "system/pages.h"
#include "task/watchdog.h"
#include "server/life.h"

#define DRAIN_MS 5000

/* By then, what a configuration has done to begin is done. */
#define SETTLE_MS 4000u

life_t life = {.generations = PTHREAD_MUTEX_INITIALIZER, .switching = PTHREAD_MUTEX_INITIALIZER};
static _Atomic(bool) failed;
static int request_fd = -1;

void life_request(void)
{
	uint64_t one = 1;
	(void)!write(request_fd, &one, sizeof(one));
}

static void request_reload(void (*told)(const char *why))
{
	atomic_store(&life.on_failure, told);
	atomic_store(&life.wanted_reload, 1);
	life_request();
}

static void request_fail(const char *who, const char *message)
{
	sodns_log(SODNS_LOG_FATAL, who, "%s", message);
	atomic_store(&failed, true);
	life_request();
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

/* In CoreDNS's words. */
static void tell_end(unsigned number)
{
	if (number == SIGTERM)
		sodns_log(SODNS_LOG_INFO, NULL, "SIGTERM: Shutting down servers then terminating");
	else
		sodns_log(SODNS_LOG_INFO, NULL, "%s: Shutting down",
			  number == SIGINT ? "SIGINT" : "SIGQUIT");
}

bool life_ends(int fd)
{
	struct signalfd_siginfo s;
	while (read(fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGUSR1)
			reload_begin();
		else if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT ||
			 s.ssi_signo == SIGQUIT) {
			tell_end(s.ssi_signo);
			return true;
		}
	}
	return false;
}

/* A plugin has found that the process must not go on (and has said why): nothing more is answered. */
_Noreturn static void give_up(void)
{
	log_stop();
	plugins_cleanup();
	supervisor_finish(FINISH_FOR_GOOD);
	_exit(1);
}

void life_changed(void)
{
	atomic_store(&life.unsettled, SETTLE_MS / STALL_TICK_MS);
}

/* Nothing has come for a while. */
static void tick(void)
{
	stalls_look();
	unsigned left = atomic_load(&life.unsettled);
	if (left && atomic_compare_exchange_strong(&life.unsettled, &left, left - 1) && left == 1)
		pages_let_go();
	if (fallback_wants_reload() && !atomic_load(&life.reloading))
		reload_begin();
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
		reload_look_at_kept();
		if (life_ends(signal_fd))
			return 0;
		if (read(request_fd, &n, sizeof(n)) < 0)
			continue;
		if (atomic_load(&failed))
			give_up();
		if (!atomic_load(&life.reloading) && atomic_exchange(&life.wanted_reload, 0))
			reload_begin();
	}
}

_Noreturn void life_leave(int status)
{
	log_stop();
	plugins_cleanup();
	supervisor_finish(FINISH_FOR_GOOD);
	_exit(status);
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
	host.ending = end_is_wanted;
	/* Before there are threads: what may be opened is decided by what is read. */
	generation_t *g = generation_read(err, sizeof(err));
	if (!g)
		start_refuse(err, restarted ? FINISH_TO_TRY_AGAIN : FINISH_FOR_GOOD);
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
		start_refuse(err, restarted ? FINISH_TO_TRY_AGAIN : FINISH_FOR_GOOD);
	bounds_enter(o, g);
	if (workers_start() || service_start()) {
		log_last_words("cannot start threads");
		return 1;
	}
	workers_each(catch_crashes, NULL);
	if (takes_over)
		start_takeover(g);
	else if (restarted)
		start_in_parts(g);
	else
		start_whole(o, g);
	reload_note(true);
	life_changed();
	supervisor_tell(SUPERVISOR_READY);
	int status = wait_for_end(signal_fd);
	if (!stop_serving(signal_fd) && !sockets_stay &&
	    !pthread_mutex_trylock(&life.generations)) {
		generation_stop(life.serving);
		generation_free(life.serving);
	}
	life_leave(status);
}
