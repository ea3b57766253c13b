/*
 * Trials: what lies on the disk is opened, set up and prepared by a process that serves no one, before
 * the one that does takes it. Whatever a plugin does there, to map it, in its constructors, in setup or
 * in prepare, takes that process along and no other; and how it ended is told to the one that asked.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodns/query.h>

#include "report/log.h"
#include "supervisor/parent.h"
#include "supervisor/wire.h"

/* Of what it printed, so much is passed on. */
#define PRINTED_MOST 65536u

static void fill_page(struct parent *p, supervisor_page_t *page, unsigned stage)
{
	memset(page, 0, sizeof(*page));
	stages_path(&p->stages, stage, page->stage);
	stages_path(&p->stages, p->stages.good, page->before);
}

static void run(struct parent *p, trial_t *t, int channel, pid_t parent)
{
	/* Its lines are those of the process that will take the configuration, unless it fails. */
	dup2(t->printed, STDOUT_FILENO);
	become_child(p, channel, t->page, parent);
	_exit(p->grants.options->trial(p->arg));
}

static void forget(trial_t *t)
{
	if (t->channel >= 0)
		close(t->channel);
	if (t->verdict >= 0)
		close(t->verdict);
	if (t->printed >= 0)
		close(t->printed);
	if (t->page)
		munmap(t->page, sizeof(*t->page));
	*t = (trial_t){.channel = -1};
}

static int start(struct parent *p, trial_t *t)
{
	int pair[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fflush(stdout);
	t->channel = pair[0];
	pid_t pid = fork();
	if (!pid) {
		close(pair[0]);
		run(p, t, pair[1], parent);
	}
	int why = -errno;
	close(pair[1]);
	t->pid = pid > 0 ? pid : 0;
	return pid < 0 ? why : 0;
}

int trial_begin(struct parent *p)
{
	trial_t t = {.channel = -1, .verdict = -1, .printed = -1};
	int pair[2];
	if (!p->grants.options->trial || p->stages.fd < 0)
		return -ENOSYS;
	if (p->trial.pid || p->stopping)
		return -EBUSY;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	t.verdict = pair[0];
	t.printed = memfd_create("trial", MFD_CLOEXEC);
	t.page = page_new();
	t.stage = stages_new(&p->stages);
	t.ends = sodns_now() + load_bound(p);
	int rc = t.printed < 0 || !t.page ? -ENOMEM : 0;
	if (!rc) {
		fill_page(p, t.page, t.stage);
		rc = start(p, &t);
	}
	if (rc) {
		forget(&t);
		close(pair[1]);
		return rc;
	}
	p->trial = t;
	return pair[1];
}

/* Warnings, and what else it had to say before it failed. */
static void pass_on_printed(const trial_t *t)
{
	char text[4096];
	ssize_t n;
	for (off_t at = 0;
	     at < (off_t)PRINTED_MOST && (n = pread(t->printed, text, sizeof(text), at)) > 0;
	     at += n)
		if (!log_write_out(STDOUT_FILENO, text, (size_t)n))
			return;
}

static void give_verdict(struct parent *p, supervisor_verdict_t *v)
{
	trial_t *t = &p->trial;
	if (v->status) {
		pass_on_printed(t);
		stages_drop(&p->stages, t->stage);
	} else {
		stages_path(&p->stages, t->stage, v->stage);
		/* One that went well and was not taken, because something else failed, goes. */
		if (p->stages.tried != p->stages.current)
			stages_drop(&p->stages, p->stages.tried);
		p->stages.tried = t->stage;
	}
	(void)!send(t->verdict, v, sizeof(*v), MSG_NOSIGNAL | MSG_DONTWAIT);
	forget(t);
}

void trial_end(struct parent *p, int status)
{
	trial_t *t = &p->trial;
	supervisor_verdict_t v = {.status = -1};
	bool said = atomic_load(&t->page->finish) == FINISH_FOR_GOOD && WIFEXITED(status);
	if (said && !WEXITSTATUS(status))
		v.status = 0;
	else if (said)
		take_text(v.text, t->page->why, sizeof(v.text));
	else
		describe_end(t->page, status, v.text, sizeof(v.text));
	if (t->late) {
		size_t n = strlen(v.text);
		snprintf(v.text + n, sizeof(v.text) - n, "%sits trial took too long",
			 n ? ": " : "");
	}
	give_verdict(p, &v);
}

void trial_cancel(struct parent *p)
{
	trial_t *t = &p->trial;
	if (!t->pid)
		return;
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	stages_drop(&p->stages, t->stage);
	forget(t);
}

void trial_serve(struct parent *p)
{
	wire_request_t r;
	trial_t *t = &p->trial;
	int rc = wire_receive(t->channel, &r);
	if (rc == -EAGAIN)
		return;
	if (rc != 1 || (r.kind != WIRE_KEY && r.kind != WIRE_STATE)) {
		wire_close(&t->channel);
		return;
	}
	if (r.kind != WIRE_KEY)
		return;
	int fd = grants_key(&p->grants, r.u.path);
	wire_answer(t->channel, fd);
	if (fd >= 0)
		close(fd);
}

void trial_look(struct parent *p)
{
	trial_t *t = &p->trial;
	if (!t->pid || t->late || sodns_now() < t->ends)
		return;
	t->late = true;
	kill(t->pid, SIGKILL);
}
