/*
 * Whom to blame for a crash: the plugin in whose hands the thread was, and the client's question.
 */
#include <stdio.h>
#include <string.h>

#include "server/server.h"

/* snprintf is not for signal handlers; these two are all that is needed of it. */
static void append(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);
	while (*text && n + 1 < size)
		out[n++] = *text++;
	out[n] = 0;
}

static void note_question(supervisor_page_t *page, const sodns_query_t *q)
{
	char text[SODNS_NAME_TEXT_MAX], buf[16];
	sodns_name_to_text(q->name, text);
	append(page->question, sizeof(page->question), text);
	append(page->question, sizeof(page->question), " ");
	append(page->question, sizeof(page->question), sodns_type_text(q->type, buf));
}

void crash_look(supervisor_page_t *page)
{
	loop_t *l = loop_current();
	worker_t *w = worker_of(l);
	const struct handler *h = w ? atomic_load(&w->in_hand) : NULL;
	if (h)
		append(page->plugin, sizeof(page->plugin), h->pub.name);
	if (!l)
		append(page->detail, sizeof(page->detail), "in a thread of its own");
	else if (!w)
		append(page->detail, sizeof(page->detail), "in a service");
	else if (!l->current)
		append(page->detail, sizeof(page->detail), "between queries");
	else if (l->current->query) {
		const slot_t *s = (const slot_t *)(const void *)((const char *)l->current->query -
								 offsetof(slot_t, shared));
		if (s->verdict == PARSE_OK)
			note_question(page, &s->q);
	}
}
