/*
 * Which instance can do what: they look for each other (sodns/ability.h).
 */
#include <string.h>

#include "host/setup.h"

static void each_of(const block_t *b, const char *id,
		    void (*fn)(void *arg, const sodns_instance_t *i), void *arg)
{
	for (const instance_t *i = b->instances; i; i = i->next) {
		const sodns_plugin_t *r = &i->plugin->r;
		const void *a = id && r->ability ? r->ability(i->self, id) : NULL;
		const sodns_instance_t found = {.plugin = i->plugin->name,
						.self = i->self,
						.ability = a,
						.in_chain = i->chained};
		if (a || !id)
			fn(arg, &found);
	}
}

void sodns_prepare_each(sodns_prepare_t *p, enum sodns_scope scope, const char *id,
			void (*fn)(void *arg, const sodns_instance_t *i), void *arg)
{
	if (scope == SODNS_THIS_BLOCK) {
		each_of(p->instance->block, id, fn, arg);
		return;
	}
	for (const block_t *b = p->generation->blocks; b; b = b->next)
		each_of(b, id, fn, arg);
}

struct sodns_notifier {
	sodns_notifier_t *next;
	const sodns_notify_ability_t *ability;
	void *self;
};

struct finding {
	generation_t *generation;
	sodns_notifier_t *first;
};

static void add_notifier(void *arg, const sodns_instance_t *i)
{
	struct finding *f = arg;
	sodns_notifier_t *n = memory_alloc(f->generation, sizeof(*n));
	*n = (sodns_notifier_t){f->first, i->ability, i->self};
	f->first = n;
}

const sodns_notifier_t *sodns_prepare_notifier(sodns_prepare_t *p)
{
	struct finding f = {.generation = p->generation};
	sodns_prepare_each(p, SODNS_THIS_BLOCK, SODNS_ABILITY_NOTIFY, add_notifier, &f);
	return f.first;
}

void sodns_notify(const sodns_notifier_t *n, const uint8_t *zone)
{
	for (; n; n = n->next)
		n->ability->notify(n->self, zone);
}

const char *const *sodns_prepare_servers(sodns_prepare_t *p, size_t *count)
{
	*count = p->instance->block->server_count;
	return p->instance->block->servers;
}

const char *const *sodns_prepare_zones(sodns_prepare_t *p, size_t *count)
{
	const block_t *b = p->instance->block;
	const char **texts = memory_alloc(p->generation, (b->key_count + 1) * sizeof(*texts));
	for (size_t i = 0; i < b->key_count; i++)
		texts[i] = b->keys[i].zone_text;
	*count = b->key_count;
	return texts;
}

const char *sodns_prepare_view(sodns_prepare_t *p)
{
	const char *view = p->instance->block->view;
	return view ? view : "";
}
