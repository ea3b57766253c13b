/*
 * The parent: it waits for signals, for its child's requests, and for its child's end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodns/query.h>

#include "runtime/log.h"
#include "supervisor/child.h"
#include "supervisor/notify.h"
#include "supervisor/supervisor.h"
#include "supervisor/wire.h"

/* Between two starts of which none came to serve. */
#define PAUSE_FIRST_MS 100u
#define PAUSE_MOST_MS 5000u

struct kept {
	struct kept *next;
	socket_spec_t spec;
	int fd;
	bool asked; /* the child that runs has asked for it */
};

struct parent {
	const supervisor_options_t *options;
	int (*run)(void *arg);
	void *arg;
	supervisor_page_t *page;
	struct kept *sockets;
	int signals, channel;
	pid_t child;
	bool stopping;
	unsigned pause_ms;
};

static int take_socket(struct parent *p, const socket_spec_t *spec)
{
	/* Nothing but what a DNS server listens on. */
	if (spec->type != SOCK_DGRAM && spec->type != SOCK_STREAM)
		return -EINVAL;
	for (struct kept *k = p->sockets; k; k = k->next)
		if (socket_same(&k->spec, spec)) {
			k->asked = true;
			return k->fd;
		}
	struct kept *k = malloc(sizeof(*k));
	if (!k)
		return -ENOMEM;
	*k = (struct kept){
		.next = p->sockets, .spec = *spec, .fd = socket_open(spec), .asked = true};
	if (k->fd < 0) {
		int why = k->fd;
		free(k);
		return why;
	}
	p->sockets = k;
	return k->fd;
}

static void release_socket(struct parent *p, const socket_spec_t *spec)
{
	for (struct kept **at = &p->sockets; *at; at = &(*at)->next)
		if (socket_same(&(*at)->spec, spec)) {
			struct kept *k = *at;
			*at = k->next;
			close(k->fd);
			free(k);
			return;
		}
}

/* What the process before this one listened on, and its configuration no longer has: the kernel would
 * go on giving it clients. */
static void drop_unasked(struct parent *p)
{
	for (struct kept **at = &p->sockets; *at;) {
		struct kept *k = *at;
		if (k->asked) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		close(k->fd);
		free(k);
	}
}

/* Reads nothing but keys for a child that may not: files that begin as PEM files do. */
static int open_key(const char *path)
{
	static const char begin[] = "-----BEGIN ";
	char head[sizeof(begin) - 1];
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &s) && S_ISREG(s.st_mode) &&
	    pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    !memcmp(head, begin, sizeof(head)))
		return fd;
	close(fd);
	return -EACCES;
}

static void answer_key(struct parent *p, const char *path)
{
	int fd = open_key(path);
	wire_answer(p->channel, fd);
	if (fd >= 0)
		close(fd);
}

static void tell_systemd(struct parent *p, enum supervisor_state state)
{
	char text[128];
	static const char *const texts[] = {[SUPERVISOR_READY] = "READY=1",
					    [SUPERVISOR_RELOADING] = "RELOADING=1",
					    [SUPERVISOR_STOPPING] = "STOPPING=1"};
	snprintf(text, sizeof(text), "%s\nMAINPID=%d", texts[state], (int)getpid());
	notify(text);
	p->pause_ms = 0;
}

static void serve_request(struct parent *p)
{
	wire_request_t r = {0};
	ssize_t n = recv(p->channel, &r, sizeof(r), MSG_DONTWAIT);
	if (n <= 0) {
		/* The child has closed its end: it is about to end. */
		if (!n)
			p->channel = (close(p->channel), -1);
		return;
	}
	switch (r.kind) {
	case WIRE_SOCKET:
		wire_answer(p->channel, take_socket(p, &r.u.socket));
		break;
	case WIRE_RELEASE:
		release_socket(p, &r.u.socket);
		break;
	case WIRE_KEY:
		r.u.path[sizeof(r.u.path) - 1] = 0;
		answer_key(p, r.u.path);
		break;
	case WIRE_STATE:
		if (r.u.state == SUPERVISOR_READY)
			drop_unasked(p);
		if ((unsigned)r.u.state <= SUPERVISOR_STOPPING)
			tell_systemd(p, r.u.state);
		break;
	}
}

static void run_child(struct parent *p, int channel, pid_t parent)
{
	close(p->signals);
	for (struct kept *k = p->sockets; k; k = k->next)
		close(k->fd);
	child_begin(channel, p->page);
	if (privileges_drop(p->options->user)) {
		supervisor_finish(FINISH_FOR_GOOD);
		_exit(1);
	}
	/* It may have ended before this process asked to be told. */
	if (getppid() != parent)
		_exit(1);
	_exit(p->run(p->arg));
}

static int start_child(struct parent *p)
{
	int pair[2];
	pid_t parent = getpid();
	for (struct kept *k = p->sockets; k; k = k->next)
		k->asked = false;
	atomic_store(&p->page->serving, false);
	atomic_store(&p->page->finish, FINISH_NOT);
	p->page->signal = 0;
	*p->page->plugin = *p->page->question = *p->page->detail = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	fflush(stdout);
	p->child = fork();
	if (!p->child) {
		close(pair[0]);
		run_child(p, pair[1], parent);
	}
	close(pair[1]);
	if (p->channel >= 0)
		close(p->channel);
	p->channel = pair[0];
	return p->child < 0 ? -1 : 0;
}

/* Copies of plugins that a crashed process could not remove. */
static void remove_folder(const char *path)
{
	DIR *d = *path ? opendir(path) : NULL;
	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	if (*path)
		rmdir(path);
}

static void count_crash(supervisor_page_t *page)
{
	unsigned i = 0;
	while (i + 1 < PLUGINS_NOTED && page->crashes[i].count &&
	       strcmp(page->crashes[i].plugin, page->plugin))
		i++;
	if (!page->crashes[i].count)
		memcpy(page->crashes[i].plugin, page->plugin, sizeof(page->plugin));
	page->crashes[i].count++;
}

static void print_crash(const supervisor_page_t *page, int status)
{
	char why[64];
	const char *question = page->question, *detail = page->detail;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "%s", strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "exit status %d", WEXITSTATUS(status));
	sodns_log(SODNS_LOG_ERROR, *page->plugin ? page->plugin : NULL, "%srashed (%s)%s%s%s%s%s",
		  *page->plugin ? "c" : "The serving process c", why, *question ? " on \"" : "",
		  question, *question ? "\"" : "", *detail ? ", " : "", detail);
}

/* The child has ended: starts the next one, or returns false with the exit status. */
static bool go_on(struct parent *p, int status, int *exit_status)
{
	supervisor_page_t *page = p->page;
	bool served = atomic_load(&page->serving);
	*exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	if (atomic_load(&page->finish) == FINISH_FOR_GOOD)
		return false;
	if (atomic_load(&page->finish) == FINISH_NOT) {
		page->crashed = sodns_now();
		count_crash(page);
		print_crash(page, status);
	}
	remove_folder(page->folder);
	*page->folder = 0;
	if (p->stopping || (!served && !page->restarted))
		return false;
	page->restarted = true;
	if (!served || atomic_load(&page->finish) == FINISH_TO_TRY_AGAIN) {
		p->pause_ms = p->pause_ms ? p->pause_ms * 2 : PAUSE_FIRST_MS;
		p->pause_ms = p->pause_ms > PAUSE_MOST_MS ? PAUSE_MOST_MS : p->pause_ms;
		poll(&(struct pollfd){.fd = p->signals, .events = POLLIN}, 1, (int)p->pause_ms);
	}
	*exit_status = 1;
	return !start_child(p);
}

/* Passes a signal on to the child; SIGCHLD: false when all is over. */
static bool take_signal(struct parent *p, unsigned number, int *exit_status)
{
	int status;
	if (number == SIGCHLD) {
		while (p->channel >= 0 &&
		       poll(&(struct pollfd){.fd = p->channel, .events = POLLIN}, 1, 0) > 0)
			serve_request(p);
		if (waitpid(p->child, &status, WNOHANG) == p->child)
			return go_on(p, status, exit_status);
		return true;
	}
	bool ends = number == SIGTERM || number == SIGINT || number == SIGQUIT;
	p->stopping |= ends;
	kill(p->child, ends ? SIGTERM : (int)number);
	return true;
}

static int watch(struct parent *p)
{
	int exit_status = 1;
	for (;;) {
		struct signalfd_siginfo s;
		struct pollfd fds[2] = {{.fd = p->signals, .events = POLLIN},
					{.fd = p->channel, .events = POLLIN}};
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
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

int supervise(const supervisor_options_t *o, int (*child)(void *arg), void *arg)
{
	struct parent p = {.options = o, .run = child, .arg = arg, .channel = -1};
	p.page = mmap(NULL, sizeof(*p.page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	p.signals = block_signals();
	if (p.page == MAP_FAILED || p.signals < 0 || write_pidfile(o->pidfile))
		return 1;
	int status = start_child(&p) ? 1 : watch(&p);
	while (p.sockets)
		release_socket(&p, &p.sockets->spec);
	if (o->pidfile)
		unlink(o->pidfile);
	return status;
}
