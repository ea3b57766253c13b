/*
 * What to blame for a crash: the plugin in whose hands the thread was, and the client's question.
 */
#include <stdio.h>
#include <string.h>

#include <sodns/text.h>

#include "task/blame.h"
#include "task/stack.h"
#include "task/watchdog.h"
#include "server/server.h"

/* This thread sets a configuration up: the step in the page is what it has in hand. */
static __thread bool sets_up;

void crash_step(const char *plugin, const char *doing)
{
	supervisor_page_t *p = supervisor_page ? supervisor_page : supervisor_own_page();
	sets_up = doing;
	snprintf(p->step_plugin, sizeof(p->step_plugin), "%s", plugin ? plugin : "");
	snprintf(p->doing, sizeof(p->doing), "%s", doing ? doing : "");
}

static void append_number(char *out, size_t size, unsigned n)
{
	char text[24];
	sodns_uint_to_text(n, text);
	blame_append(out, size, text);
}

/* Where it is not in a query's hands: what kind of thread it is. */
static void note_place(supervisor_page_t *page, const loop_t *l)
{
	const char *place = NULL;
	if (!l)
		place = "in a thread of its own";
	else if (l->worker < 0)
		place = "in a service";
	else if (!l->current)
		place = "between queries";
	if (place)
		blame_append(page->detail, sizeof(page->detail), place);
}

static void note_stall(supervisor_page_t *page)
{
	if (!stall_seconds())
		return;
	blame_append(page->how, sizeof(page->how), "not returned for ");
	append_number(page->how, sizeof(page->how), stall_seconds());
	blame_append(page->how, sizeof(page->how), " s");
}

void crash_look(supervisor_page_t *page, const void *at)
{
	const loop_t *l = loop_current();
	blame_text_t by;
	blame_look(&by);
	note_stall(page);
	if (at && l && l->current && stack_overflowed(l->current->stack, at))
		blame_append(page->how, sizeof(page->how), "Stack overflow");
	if (sets_up) {
		memcpy(page->plugin, page->step_plugin, sizeof(page->plugin));
		memcpy(page->detail, page->doing, sizeof(page->detail));
		return;
	}
	blame_append(page->plugin, sizeof(page->plugin), by.plugin);
	blame_append(page->question, sizeof(page->question), by.question);
	note_place(page, l);
}
