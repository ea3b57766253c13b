/*
 * From one process that serves to another, without a crash between them: what a process may open is decided
 * once (runtime/sandbox.h), and a new configuration may need more. Both read the same sockets while the
 * fresh one is made ready; then the other answers what it has, and ends.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodns/query.h>

#include "report/log.h"
#include "supervisor/notify.h"
#include "supervisor/parent.h"
#include "supervisor/wire.h"

static void forget(struct leaving *l)
{
	if (l->channel >= 0)
		close(l->channel);
	if (l->page)
		munmap(l->page, sizeof(*l->page));
	*l = (struct leaving){.channel = -1};
}

/* The other is the child again. */
static void take_back(struct parent *p)
{
	if (p->channel >= 0 && p->channel != p->leaving.channel)
		close(p->channel);
	if (p->page != p->leaving.page)
		munmap(p->page, sizeof(*p->page));
	p->child = p->leaving.pid;
	p->channel = p->leaving.channel;
	p->page = p->leaving.page;
	p->leaving = (struct leaving){.channel = -1};
	p->ready = true;
	stages_drop(&p->stages, p->stages.tried);
	p->stages.tried = 0;
	p->stages.current = p->stages.good;
	notify_state(SUPERVISOR_UNCHANGED);
}

void handover_begin(struct parent *p)
{
	supervisor_page_t *page = page_new();
	if (!page || p->leaving.pid || !p->stages.tried || p->stopping) {
		sodns_log(
			SODNS_LOG_ERROR, NULL,
			"The new configuration needs a fresh process, and there is none to be had");
		if (page)
			munmap(page, sizeof(*page));
		return;
	}
	p->leaving = (struct leaving){.pid = p->child, .channel = p->channel, .page = p->page};
	memcpy(page->prepare_us, p->page->prepare_us, sizeof(page->prepare_us));
	p->page = page;
	int rc = start_child(p);
	if (!rc)
		return;
	sodns_log(SODNS_LOG_ERROR, NULL,
		  "The new configuration needs a fresh process, and none can be started: %s",
		  strerror(-rc));
	take_back(p);
}

void handover_ready(struct parent *p)
{
	struct leaving *l = &p->leaving;
	if (!l->pid || l->told)
		return;
	l->told = sodns_now();
	atomic_store(&l->page->replaced, true);
	kill(l->pid, SIGTERM);
	/* What it says from now on is of no interest, and must not keep it waiting. */
	wire_close(&l->channel);
}

bool handover_fails(struct parent *p)
{
	if (!p->leaving.pid)
		return false;
	char why[WHY_MAX];
	take_text(why, p->page->why, sizeof(why));
	sodns_log(SODNS_LOG_ERROR, NULL,
		  "The fresh process for the new configuration has ended%s%s; the one before "
		  "serves on",
		  *why ? ": " : "", why);
	take_back(p);
	return true;
}

void handover_look(struct parent *p)
{
	struct leaving *l = &p->leaving;
	if (!l->pid)
		return;
	if (waitpid(l->pid, NULL, WNOHANG) == l->pid)
		forget(l);
	else if (l->told && sodns_now() > stop_bound(l->page, l->told))
		kill(l->pid, SIGKILL);
}
