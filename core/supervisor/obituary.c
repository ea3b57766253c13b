/*
 * What is said of a process that has ended against its will: to the log, to the next one, to systemd.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <sodns/query.h>

#include "report/log.h"
#include "supervisor/notify.h"
#include "supervisor/oom.h"
#include "supervisor/parent.h"

/* A question that crashed the child is kept from the next ones. */
#define SUSPECT_FIRST_NS 5000000000ull
#define SUSPECT_MOST_NS 3600000000000ull

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

/* A question that crashes again and again is let in once in a while: every time it is longer. */
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
void take_text(char *out, const char *in, size_t size)
{
	memcpy(out, in, size);
	out[size - 1] = 0;
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* What its end was: a signal, or an exit that was not asked for. */
static void say_how(const supervisor_page_t *page, int status, char out[64])
{
	char how[sizeof(page->how)];
	take_text(how, page->how, sizeof(how));
	if (WIFSIGNALED(status))
		snprintf(out, 64, "%s", *how ? how : strsignal(WTERMSIG(status)));
	else
		snprintf(out, 64, "exit status %d", WEXITSTATUS(status));
}

/* Whether the system has killed something of this cgroup since it was looked at last. */
static bool memory_ran_out(struct parent *p, int status)
{
	uint64_t before = p->oom_kills;
	p->oom_kills = oom_kills("/proc/self/cgroup", "/sys/fs/cgroup");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && p->oom_kills > before;
}

/* Outside of a signal handler, which looks itself, a thread that sets a configuration up is the one that
 * ended the process. */
static void take_step(supervisor_page_t *page)
{
	if (page->signal || !*page->doing)
		return;
	memcpy(page->plugin, page->step_plugin, sizeof(page->plugin));
	memcpy(page->detail, page->doing, sizeof(page->detail));
}

void note_crash(struct parent *p, int status)
{
	char plugin[sizeof(p->page->plugin)], question[sizeof(p->page->question)],
		detail[sizeof(p->page->detail)], how[64];
	if (!p->ready)
		take_step(p->page);
	take_text(plugin, p->page->plugin, sizeof(plugin));
	take_text(question, p->page->question, sizeof(question));
	take_text(detail, p->page->detail, sizeof(detail));
	say_how(p->page, status, how);
	if (memory_ran_out(p, status))
		snprintf(how, sizeof(how), "killed by the system: out of memory");
	p->crashed = sodns_now();
	count_crash(&p->crashes, plugin);
	suspect(p, question);
	notify_crash(plugin);
	sodns_log(SODNS_LOG_ERROR, *plugin ? plugin : NULL, "%s (%s)%s%s%s%s%s",
		  *plugin ? "crashed" : "The serving process crashed", how,
		  *question ? " on \"" : "", question, *question ? "\"" : "", *detail ? ", " : "",
		  detail);
	snprintf(p->broken, sizeof(p->broken), "%s%s%s (%s)%s%s", *plugin ? "plugin/" : "", plugin,
		 *plugin ? ": crashed" : "the process crashed", how, *detail ? " " : "", detail);
}

void describe_end(const supervisor_page_t *page, int status, char *out, size_t size)
{
	supervisor_page_t *copy = malloc(sizeof(*copy));
	char plugin[sizeof(page->plugin)], detail[sizeof(page->detail)], how[64];
	if (!copy)
		return;
	memcpy(copy, page, sizeof(*copy));
	take_step(copy);
	take_text(plugin, copy->plugin, sizeof(plugin));
	take_text(detail, copy->detail, sizeof(detail));
	say_how(copy, status, how);
	snprintf(out, size, "%s%s%s (%s)%s%s", *plugin ? "plugin/" : "", plugin,
		 *plugin ? ": crashed" : "it crashed", how, *detail ? " " : "", detail);
	free(copy);
}
