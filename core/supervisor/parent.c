/*
 * The parent: it waits for signals, for its child's requests, and for its child's end.
 */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodns/query.h>

#include "report/log.h"
#include "supervisor/child.h"
#include "supervisor/notify.h"
#include "supervisor/oom.h"
#include "supervisor/parent.h"
#include "supervisor/wire.h"

/* Between two starts of which none came to serve. */
#define PAUSE_FIRST_MS 100u
#define PAUSE_MOST_MS 5000u
/* Of a child that has ended: it can't have sent more than the channel holds. */
#define LAST_REQUESTS 1024u

/* From SIGTERM to the end of a child that does not find it, besides what it says of lameducks; and
 * how much of that is believed. */
#define STOP_MS 15000u
#define LINGER_MOST_MS 3600000u
/* How long loading may take: so much, and so many times what it took before. */
#define LOAD_LEAST_NS 60000000000ull
#define LOAD_TIMES 10u

/* The kernel's part of it may take a tenth of a second where others look at processes: so it is done when the
 * next child is ready, and not before it is started. */
static void bury(struct parent *p)
{
	while (p->ended_count)
		waitpid(p->ended[--p->ended_count], NULL, WNOHANG);
}

static void answer_key(struct parent *p, const char *path)
{
	int fd = grants_key(&p->grants, path);
	wire_answer(p->channel, fd);
	if (fd >= 0)
		close(fd);
}

static void answer_trial(struct parent *p)
{
	int fd = trial_begin(p);
	wire_answer(p->channel, fd);
	if (fd >= 0)
		close(fd);
}

static void take_state(struct parent *p, enum supervisor_state state)
{
	if (state == SUPERVISOR_READY) {
		grants_settle(&p->grants);
		stages_settle(&p->stages);
		if (!p->ready)
			p->load_ns = sodns_now() - p->began;
		p->ready = true;
		p->pause_ms = 0;
		handover_ready(p);
		bury(p);
	}
	/* It was tried, and something else was in the way. */
	if (state == SUPERVISOR_UNCHANGED && p->stages.tried) {
		stages_drop(&p->stages, p->stages.tried);
		p->stages.tried = 0;
	}
	if (state == SUPERVISOR_OUTGROWN)
		handover_begin(p);
	else
		notify_state(state);
}

static void serve_request(struct parent *p)
{
	wire_request_t r;
	int rc = wire_receive(p->channel, &r);
	if (rc == -EAGAIN)
		return;
	if (rc != 1) {
		if (rc)
			sodns_log(SODNS_LOG_ERROR, NULL,
				  "The serving process sends what is no request; it is no longer "
				  "heard");
		wire_close(&p->channel);
		return;
	}
	switch (r.kind) {
	case WIRE_SOCKET:
		wire_answer(p->channel, grants_socket(&p->grants, &r.u.socket));
		break;
	case WIRE_RELEASE:
		grants_release(&p->grants, &r.u.socket);
		break;
	case WIRE_KEY:
		answer_key(p, r.u.path);
		break;
	case WIRE_STATE:
		take_state(p, r.u.state);
		break;
	case WIRE_TRIAL:
		answer_trial(p);
		break;
	}
}

uint64_t load_bound(const struct parent *p)
{
	return LOAD_LEAST_NS + LOAD_TIMES * p->load_ns;
}

void become_child(struct parent *p, int channel, supervisor_page_t *page, pid_t parent)
{
	close(p->signals);
	if (p->channel >= 0)
		close(p->channel);
	if (p->stages.fd >= 0)
		close(p->stages.fd);
	grants_end(&p->grants);
	child_begin(channel, page);
	if (privileges_drop(p->grants.options->user)) {
		supervisor_finish(FINISH_FOR_GOOD);
		_exit(1);
	}
	/* It may have ended before this process asked to be told. */
	if (getppid() != parent)
		_exit(1);
}

static void fill_page(struct parent *p)
{
	supervisor_page_t *page = p->page;
	stages_t *s = &p->stages;
	unsigned stage = stages_new(s);
	atomic_store(&page->serving, false);
	atomic_store(&page->finish, FINISH_NOT);
	atomic_store(&page->linger_ms, 0);
	page->signal = 0;
	*page->plugin = *page->question = *page->detail = *page->how = 0;
	*page->step_plugin = *page->doing = *page->why = *page->broken = 0;
	page->restarted = p->restarted;
	page->crashed = p->crashed;
	page->crashes = p->crashes;
	page->takes_over = p->leaving.pid;
	s->use_good = s->use_good && s->good && !page->takes_over;
	unsigned staged = s->use_good ? s->good : page->takes_over ? s->tried : 0;
	s->current = s->first = staged ? staged : stage;
	stages_path(s, stage, page->stage);
	stages_path(s, staged, page->staged);
	if (s->use_good)
		memcpy(page->broken, p->broken, sizeof(page->broken));
}

int start_child(struct parent *p)
{
	int pair[2];
	pid_t parent = getpid(), child;
	grants_begin(&p->grants);
	fill_page(p);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fflush(stdout);
	child = fork();
	if (!child) {
		close(pair[0]);
		become_child(p, pair[1], p->page, parent);
		_exit(p->run(p->arg));
	}
	int why = -errno;
	close(pair[1]);
	if (child < 0) {
		close(pair[0]);
		return why;
	}
	if (p->channel >= 0 && p->channel != p->leaving.channel)
		close(p->channel);
	p->channel = pair[0];
	p->child = child;
	p->ready = false;
	p->began = sodns_now();
	return 0;
}

/* Each time longer, until a child is ready. */
static unsigned next_pause(struct parent *p)
{
	p->pause_ms = p->pause_ms ? p->pause_ms * 2 : PAUSE_FIRST_MS;
	p->pause_ms = p->pause_ms > PAUSE_MOST_MS ? PAUSE_MOST_MS : p->pause_ms;
	return p->pause_ms;
}

static void start_after(struct parent *p, unsigned ms)
{
	p->start_at = sodns_now() + ms * 1000000ull;
}

/* The system may lack processes or memory for the moment. */
static void start_next(struct parent *p)
{
	int rc = start_child(p);
	if (!rc)
		return;
	p->crashes.failed_starts++;
	start_after(p, next_pause(p));
	sodns_log(SODNS_LOG_ERROR, NULL,
		  "No serving process can be started: %s; the next try is in %u ms", strerror(-rc),
		  p->pause_ms);
}

/* It did not come to serve everything. What lies on the disk may be the reason, and what served last may
 * be served again: the two take turns. */
static unsigned after_failed_start(struct parent *p)
{
	stages_t *s = &p->stages;
	bool first = s->good && !s->use_good;
	s->use_good = first;
	return first && !p->pause_ms ? 0 : next_pause(p);
}

/* The child has ended: the next one is to be started, or false with the exit status. */
static bool go_on(struct parent *p, int status, int *exit_status)
{
	int finish = atomic_load(&p->page->finish);
	bool served = atomic_load(&p->page->serving);
	p->child = 0;
	*exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	trial_cancel(p);
	if (!p->ready && handover_fails(p))
		return true;
	if (finish == FINISH_FOR_GOOD)
		return false;
	if (finish == FINISH_NOT)
		note_crash(p, status);
	else
		take_text(p->broken, p->page->why, sizeof(p->broken));
	if (p->stopping || (!served && !p->restarted))
		return false;
	p->restarted = true;
	stages_tidy(&p->stages);
	/* A question that came while it loaded says nothing of the configuration. */
	bool failed = !p->ready && !*p->page->question;
	start_after(p, failed ? after_failed_start(p) : 0);
	return true;
}

/* What the child still said before it ended. */
static void hear_out(struct parent *p)
{
	for (unsigned i = 0; i < LAST_REQUESTS && p->channel >= 0 &&
			     poll(&(struct pollfd){.fd = p->channel, .events = POLLIN}, 1, 0) > 0;
	     i++)
		serve_request(p);
}

/* Whether it has, and how, as waitpid(2) would say; it is buried later. */
static bool has_ended(struct parent *p, int *status)
{
	siginfo_t s = {0};
	if (waitid(P_PID, (id_t)p->child, &s, WEXITED | WNOHANG | WNOWAIT) || !s.si_pid)
		return false;
	*status = s.si_code == CLD_EXITED ? W_EXITCODE(s.si_status, 0) : W_EXITCODE(0, s.si_status);
	if (p->ended_count == ENDED_MOST)
		bury(p);
	p->ended[p->ended_count++] = p->child;
	return true;
}

static bool trial_has_ended(struct parent *p, int *status)
{
	return p->trial.pid && waitpid(p->trial.pid, status, WNOHANG) == p->trial.pid;
}

/* False when all is over. */
static bool take_end(struct parent *p, int *exit_status)
{
	int status;
	if (trial_has_ended(p, &status))
		trial_end(p, status);
	handover_look(p);
	if (!p->child || !has_ended(p, &status))
		return true;
	hear_out(p);
	return go_on(p, status, exit_status);
}

static void begin_stop(struct parent *p)
{
	uint64_t now = sodns_now();
	bool again = p->stopping;
	p->stopping = true;
	p->stop_began = again ? p->stop_began : now;
	p->stop_ends = again ? now + STOP_MS * 1000000ull : 0;
	trial_cancel(p);
}

/* Passes a signal on to the child. False when all is over. */
static bool take_signal(struct parent *p, unsigned number, int *exit_status)
{
	bool ends = number == SIGTERM || number == SIGINT || number == SIGQUIT;
	if (number == SIGCHLD)
		return take_end(p, exit_status);
	if (ends)
		begin_stop(p);
	*exit_status = 0;
	if (p->leaving.pid && ends)
		kill(p->leaving.pid, SIGTERM);
	if (p->child)
		kill(p->child, ends ? SIGTERM : (int)number);
	return p->child || !ends;
}

/* What it says of lameducks counts, and is bounded. */
uint64_t stop_bound(const supervisor_page_t *page, uint64_t told)
{
	unsigned linger = atomic_load(&page->linger_ms);
	linger = linger < LINGER_MOST_MS ? linger : LINGER_MOST_MS;
	return told + (STOP_MS + linger) * 1000000ull;
}

static uint64_t stop_ends(const struct parent *p)
{
	uint64_t first = stop_bound(p->page, p->stop_began);
	return p->stop_ends && p->stop_ends < first ? p->stop_ends : first;
}

/* Whatever the child does, it ends; and one that does not come to serve makes room for another. */
static void look_at_child(struct parent *p)
{
	uint64_t now = sodns_now();
	if (!p->child)
		return;
	if (p->stopping && now > stop_ends(p)) {
		sodns_log(SODNS_LOG_ERROR, NULL, "The serving process does not stop: it is killed");
		atomic_store(&p->page->finish, FINISH_FOR_GOOD);
		kill(p->child, SIGKILL);
	} else if (!p->stopping && !p->ready && p->restarted && now > p->began + load_bound(p)) {
		sodns_log(SODNS_LOG_ERROR, NULL,
			  "The fresh process takes too long to load: it is killed");
		kill(p->child, SIGKILL);
	}
}

/* Until something is to be done, in milliseconds; -1: nothing but what others bring. */
static int until_next(const struct parent *p)
{
	uint64_t now = sodns_now();
	if (!p->child)
		return p->start_at > now ? (int)((p->start_at - now) / 1000000) + 1 : 0;
	return p->stopping || !p->ready || p->trial.pid || p->leaving.pid ? 500 : -1;
}

static int watch(struct parent *p)
{
	int exit_status = 1;
	for (;;) {
		struct signalfd_siginfo s;
		if (!p->child && !until_next(p))
			start_next(p);
		struct pollfd fds[3] = {{.fd = p->signals, .events = POLLIN},
					{.fd = p->channel, .events = POLLIN},
					{.fd = p->trial.channel, .events = POLLIN}};
		if (poll(fds, 3, until_next(p)) < 0 && errno != EINTR)
			return 1;
		if (fds[1].revents)
			serve_request(p);
		if (fds[2].revents)
			trial_serve(p);
		look_at_child(p);
		handover_look(p);
		trial_look(p);
		if (read(p->signals, &s, sizeof(s)) == sizeof(s) &&
		    !take_signal(p, s.ssi_signo, &exit_status))
			return exit_status;
	}
}

static int block_signals(void)
{
	static const int numbers[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD};
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int write_pidfile(const char *path)
{
	FILE *f = path ? fopen(path, "we") : NULL;
	if (!path)
		return 0;
	if (!f) {
		log_last_words("pidfile: open %s: %s", path, strerror(errno));
		return -1;
	}
	fprintf(f, "%d\n", (int)getpid());
	fclose(f);
	return 0;
}

/* The user that the child will run as. */
static uid_t user_of(const char *user)
{
	const struct passwd *p = user ? getpwnam(user) : NULL;
	return p ? p->pw_uid : geteuid();
}

supervisor_page_t *page_new(void)
{
	void *page = mmap(NULL, sizeof(supervisor_page_t), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}

int supervise(const supervisor_options_t *o, int (*child)(void *arg), void *arg)
{
	struct parent p = {.run = child,
			   .arg = arg,
			   .channel = -1,
			   .trial.channel = -1,
			   .leaving.channel = -1,
			   .grants = {.options = o, .child = user_of(o->user)}};
	p.page = page_new();
	p.signals = block_signals();
	if (!p.page || p.signals < 0 || write_pidfile(o->pidfile))
		return 1;
	p.oom_kills = oom_kills("/proc/self/cgroup", "/sys/fs/cgroup");
	stages_begin(&p.stages, p.grants.child);
	int rc = start_child(&p), status = 1;
	if (rc)
		log_last_words("cannot start the serving process: %s", strerror(-rc));
	else
		status = watch(&p);
	bury(&p);
	grants_end(&p.grants);
	stages_end(&p.stages);
	if (o->pidfile)
		unlink(o->pidfile);
	return status;
}
