/*
 * The parent: it waits for signals, for its child's requests, and for its child's end.
 */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodns/query.h>

#include "runtime/log.h"
#include "supervisor/child.h"
#include "supervisor/grants.h"
#include "supervisor/notify.h"
#include "supervisor/supervisor.h"
#include "supervisor/wire.h"

/* Between two starts of which none came to serve. */
#define PAUSE_FIRST_MS 100u
#define PAUSE_MOST_MS 5000u
/* A question that crashed the child is kept from the next ones. */
#define SUSPECT_FIRST_NS 5000000000ull
#define SUSPECT_MOST_NS 3600000000000ull
/* Ended children that nobody has waited for yet. */
#define ENDED_MOST 8u

/* Of a child that has ended: it can't have sent more than the channel holds. */
#define LAST_REQUESTS 1024u

struct parent {
	int (*run)(void *arg);
	void *arg;
	grants_t grants;
	supervisor_page_t *page;
	/* The page's, out of the child's reach. */
	crash_counts_t crashes;
	uint64_t crashed;
	bool restarted;
	int signals, channel;
	pid_t child; /* 0: none */
	pid_t ended[ENDED_MOST];
	unsigned ended_count;
	uint64_t start_at; /* then one is to be started */
	bool stopping;
	unsigned pause_ms;
};

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
		p->channel = (close(p->channel), -1);
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
		if (r.u.state == SUPERVISOR_READY) {
			grants_settle(&p->grants);
			p->pause_ms = 0;
			bury(p);
		}
		notify_state(r.u.state);
		break;
	}
}

static void run_child(struct parent *p, int channel, pid_t parent)
{
	close(p->signals);
	if (p->channel >= 0)
		close(p->channel);
	grants_end(&p->grants);
	child_begin(channel, p->page);
	if (privileges_drop(p->grants.options->user)) {
		supervisor_finish(FINISH_FOR_GOOD);
		_exit(1);
	}
	/* It may have ended before this process asked to be told. */
	if (getppid() != parent)
		_exit(1);
	_exit(p->run(p->arg));
}

static void fill_page(struct parent *p)
{
	supervisor_page_t *page = p->page;
	atomic_store(&page->serving, false);
	atomic_store(&page->finish, FINISH_NOT);
	page->signal = 0;
	*page->plugin = *page->question = *page->detail = 0;
	page->restarted = p->restarted;
	page->crashed = p->crashed;
	page->crashes = p->crashes;
}

/* 0, or a negative errno. */
static int start_child(struct parent *p)
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
		run_child(p, pair[1], parent);
	}
	int why = -errno;
	close(pair[1]);
	if (child < 0) {
		close(pair[0]);
		return why;
	}
	if (p->channel >= 0)
		close(p->channel);
	p->channel = pair[0];
	p->child = child;
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

static void count_crash(crash_counts_t *c, const char *plugin)
{
	unsigned i = 0;
	while (i + 1 < PLUGINS_NOTED && c->of[i].count && strcmp(c->of[i].plugin, plugin))
		i++;
	if (!c->of[i].count)
		snprintf(c->of[i].plugin, sizeof(c->of[i].plugin), "%s", plugin);
	c->of[i].count++;
}

/* The same question's place, or that which is free for longest. */
static crash_question_t *question_of(crash_counts_t *c, const char *question)
{
	crash_question_t *found = &c->on[0];
	for (unsigned i = 0; i < SUSPECTS; i++) {
		if (!strcmp(c->on[i].question, question))
			return &c->on[i];
		if (c->on[i].until < found->until)
			found = &c->on[i];
	}
	*found = (crash_question_t){0};
	snprintf(found->question, sizeof(found->question), "%s", question);
	return found;
}

/* Who asks for a crash again and again shall have it once in a while: every time it is longer. */
static void suspect(struct parent *p, const char *question)
{
	if (!*question)
		return;
	crash_question_t *q = question_of(&p->crashes, question);
	if (p->crashed > q->until + SUSPECT_MOST_NS)
		q->times = 0;
	uint64_t ns = q->times < 16 ? SUSPECT_FIRST_NS << q->times : SUSPECT_MOST_NS;
	q->times++;
	q->until = p->crashed + (ns < SUSPECT_MOST_NS ? ns : SUSPECT_MOST_NS);
}

/* A text that the child left: in bounds, and on one line. */
static void take_text(char *out, const char *in, size_t size)
{
	memcpy(out, in, size);
	out[size - 1] = 0;
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void note_crash(struct parent *p, int status)
{
	char plugin[sizeof(p->page->plugin)], question[sizeof(p->page->question)],
		detail[sizeof(p->page->detail)], how[64];
	take_text(plugin, p->page->plugin, sizeof(plugin));
	take_text(question, p->page->question, sizeof(question));
	take_text(detail, p->page->detail, sizeof(detail));
	p->crashed = sodns_now();
	count_crash(&p->crashes, plugin);
	suspect(p, question);
	notify_crash(plugin);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "%s", strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	sodns_log(SODNS_LOG_ERROR, *plugin ? plugin : NULL, "%s (%s)%s%s%s%s%s",
		  *plugin ? "crashed" : "The serving process crashed", how,
		  *question ? " on \"" : "", question, *question ? "\"" : "", *detail ? ", " : "",
		  detail);
}

/* The child has ended: the next one is to be started, or false with the exit status. */
static bool go_on(struct parent *p, int status, int *exit_status)
{
	int finish = atomic_load(&p->page->finish);
	bool served = atomic_load(&p->page->serving);
	p->child = 0;
	*exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	if (finish == FINISH_FOR_GOOD)
		return false;
	if (finish == FINISH_NOT)
		note_crash(p, status);
	if (p->stopping || (!served && !p->restarted))
		return false;
	p->restarted = true;
	start_after(p, !served || finish == FINISH_TO_TRY_AGAIN ? next_pause(p) : 0);
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

/* Passes a signal on to the child; SIGCHLD: false when all is over. */
static bool take_signal(struct parent *p, unsigned number, int *exit_status)
{
	int status;
	if (number == SIGCHLD) {
		hear_out(p);
		return !p->child || !has_ended(p, &status) || go_on(p, status, exit_status);
	}
	bool ends = number == SIGTERM || number == SIGINT || number == SIGQUIT;
	p->stopping |= ends;
	*exit_status = 0;
	if (p->child)
		kill(p->child, ends ? SIGTERM : (int)number);
	return p->child || !ends;
}

/* Until a child is to be started, in milliseconds; -1: there is one. */
static int until_start(const struct parent *p)
{
	uint64_t now = sodns_now();
	if (p->child)
		return -1;
	return p->start_at > now ? (int)((p->start_at - now) / 1000000) + 1 : 0;
}

static int watch(struct parent *p)
{
	int exit_status = 1;
	for (;;) {
		struct signalfd_siginfo s;
		if (!until_start(p))
			start_next(p);
		struct pollfd fds[2] = {{.fd = p->signals, .events = POLLIN},
					{.fd = p->channel, .events = POLLIN}};
		if (poll(fds, 2, until_start(p)) < 0 && errno != EINTR)
			return 1;
		if (fds[1].revents)
			serve_request(p);
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

/* Whom the child will run as. */
static uid_t user_of(const char *user)
{
	const struct passwd *p = user ? getpwnam(user) : NULL;
	return p ? p->pw_uid : geteuid();
}

int supervise(const supervisor_options_t *o, int (*child)(void *arg), void *arg)
{
	struct parent p = {.run = child,
			   .arg = arg,
			   .channel = -1,
			   .grants = {.options = o, .child = user_of(o->user)}};
	p.page = mmap(NULL, sizeof(*p.page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	p.signals = block_signals();
	if (p.page == MAP_FAILED || p.signals < 0 || write_pidfile(o->pidfile))
		return 1;
	int rc = start_child(&p), status = 1;
	if (rc)
		log_last_words("cannot start the serving process: %s", strerror(-rc));
	else
		status = watch(&p);
	bury(&p);
	grants_end(&p.grants);
	if (o->pidfile)
		unlink(o->pidfile);
	return status;
}
