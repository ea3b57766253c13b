/*
 * What to blame for a crash, or for time that passes.
 */
#include "task/blame.h"

#include <string.h>

#include "message/chain.h"
#include "task/worker.h"

__thread const blame_t *blame_of_thread;

void blame_append(char *out, size_t size, const char *text)
{
	size_t n = strlen(out);
	while (*text && n + 1 < size)
		out[n++] = *text++;
	out[n] = 0;
}

static const sodns_query_t *query_of(const task_t *t)
{
	if (!t || !t->query)
		return NULL;
	const slot_t *s = (const slot_t *)(const void *)((const char *)t->query -
							 offsetof(slot_t, shared));
	return s->verdict == PARSE_OK ? &s->q : NULL;
}

static const char *plugin_in_hand(const loop_t *l)
{
	const worker_t *w = l->worker >= 0 ? (const worker_t *)(const void *)l : NULL;
	const struct handler *h = w ? atomic_load_explicit(&w->in_hand, memory_order_relaxed)
				    : NULL;
	return h ? h->pub.name : NULL;
}

/* What the work was begun for, where it is not a query's own task. */
static const blame_t *given(const task_t *t)
{
	return t ? t->query ? NULL : t->blame : blame_of_thread;
}

void blame_take(blame_t *out)
{
	loop_t *l = loop_current();
	const task_t *t = l ? l->current : NULL;
	const sodns_query_t *q = query_of(t);
	const blame_t *b = given(t);
	out->plugin = b ? b->plugin : l ? plugin_in_hand(l) : NULL;
	out->type = q ? q->type : b ? b->type : 0;
	if (!out->type)
		return;
	const uint8_t *name = q ? q->name : b->name;
	memcpy(out->name, name, sodns_name_length(name));
}

void blame_look(blame_text_t *out)
{
	char text[SODNS_NAME_TEXT_MAX], buf[16];
	blame_t b = {.type = 0};
	blame_take(&b);
	*out->plugin = *out->question = 0;
	blame_append(out->plugin, sizeof(out->plugin), b.plugin ? b.plugin : "");
	if (!b.type)
		return;
	sodns_name_to_text(b.name, text);
	blame_append(out->question, sizeof(out->question), text);
	blame_append(out->question, sizeof(out->question), " ");
	blame_append(out->question, sizeof(out->question), sodns_type_text(b.type, buf));
}
