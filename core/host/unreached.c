/*
 * Plugins that no query reaches: those behind one of their server block that answers everything, as it
 * said in setup. The configuration is taken, with a warning: in most cases a line of the Corefile, or of
 * plugin.cfg, does not do what its author thinks.
 */
#include <string.h>

#include "host/setup.h"

static bool is_below_any(const uint8_t *name, const uint8_t *const *zones, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sodns_name_is_below(name, zones[i]))
			return true;
	return false;
}

void sodns_setup_answers(sodns_setup_t *s, const uint8_t *const *zones, size_t count)
{
	bool all = s->added != NULL;
	for (size_t i = 0; i < s->block->key_count && all; i++)
		all = is_below_any(s->block->zones[i], zones, count);
	if (all)
		s->added->answers_all = true;
}

/* A pair of lines that a warning was written for: a snippet may be imported by thousands of blocks. */
struct told {
	struct told *next;
	const instance_t *unreached, *in_front;
};

static bool is_same_line(const instance_t *a, const instance_t *b)
{
	return a->line == b->line && !strcmp(a->file, b->file);
}

static bool was_told(struct told **all, generation_t *g, const instance_t *i,
		     const instance_t *in_front)
{
	for (const struct told *t = *all; t; t = t->next)
		if (is_same_line(t->unreached, i) && is_same_line(t->in_front, in_front))
			return true;
	struct told *t = memory_alloc(g, sizeof(*t));
	*t = (struct told){.next = *all, .unreached = i, .in_front = in_front};
	*all = t;
	return false;
}

void warn_of_unreached(generation_t *g)
{
	struct told *told = NULL;
	for (const block_t *b = g->blocks; b; b = b->next) {
		const instance_t *in_front = NULL;
		for (const instance_t *i = b->instances; i; i = i->next) {
			/* A view has done its work before a query is anywhere in the chain. */
			if (!i->chained || (b->filter && i->self == b->filter_arg))
				continue;
			if (in_front && !was_told(&told, g, i, in_front))
				sodns_log(SODNS_LOG_WARNING, i->plugin->name,
					  "%s:%d - no query comes here: %s (%s:%d) stands in front "
					  "of it and answers all of this server block's",
					  i->file, i->line, in_front->plugin->name, in_front->file,
					  in_front->line);
			if (!in_front && i->answers_all)
				in_front = i;
		}
	}
}
