/*
 * What outlives a reload: objects that instances give out under a key, counted by the generations
 * that have them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/share.h>

#include "host/host.h"
#include "host/setup.h"

struct kept {
	struct kept *next;
	char *plugin, *key;
	uint32_t layout;
	unsigned refs;
	void *object;
	void (*release)(void *object);
};

struct kept_ref {
	struct kept_ref *next;
	struct kept *kept;
};

static struct kept *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The last one given under its key: `all` begins with the newest. */
static struct kept *find(const char *plugin, const char *key)
{
	for (struct kept *k = all; k; k = k->next)
		if (!strcmp(k->plugin, plugin) && !strcmp(k->key, key))
			return k;
	return NULL;
}

static void refer(generation_t *g, struct kept *k)
{
	struct kept_ref *r = malloc(sizeof(*r));
	if (!r)
		abort();
	r->kept = k;
	r->next = g->kept;
	g->kept = r;
	k->refs++;
}

void *sodns_inherit(sodns_prepare_t *p, const char *key, uint32_t layout)
{
	void *object = NULL;
	pthread_mutex_lock(&lock);
	struct kept *k = find(p->instance->plugin->name, key);
	if (k && k->layout == layout) {
		refer(p->generation, k);
		object = k->object;
	}
	pthread_mutex_unlock(&lock);
	if (k && !object)
		sodns_log(SODNS_LOG_INFO, p->instance->plugin->name,
			  "state '%s' has layout %u, this version keeps layout %u: starting empty",
			  key, k->layout, layout);
	return object;
}

void sodns_bequeath(sodns_prepare_t *p, const char *key, uint32_t layout, void *object,
		    void (*release)(void *object))
{
	struct kept *k = calloc(1, sizeof(*k));
	if (!k)
		abort();
	*k = (struct kept){.plugin = strdup(p->instance->plugin->name),
			   .key = strdup(key),
			   .layout = layout,
			   .object = object,
			   .release = release};
	pthread_mutex_lock(&lock);
	k->next = all;
	all = k;
	refer(p->generation, k);
	pthread_mutex_unlock(&lock);
}

static void unlink_kept(struct kept *k)
{
	for (struct kept **at = &all; *at; at = &(*at)->next)
		if (*at == k) {
			*at = k->next;
			return;
		}
}

void kept_release(generation_t *g)
{
	while (g->kept) {
		struct kept_ref *r = g->kept;
		struct kept *k = r->kept;
		g->kept = r->next;
		free(r);
		pthread_mutex_lock(&lock);
		bool last = !--k->refs;
		if (last)
			unlink_kept(k);
		pthread_mutex_unlock(&lock);
		if (!last)
			continue;
		k->release(k->object);
		free(k->plugin);
		free(k->key);
		free(k);
	}
}
