/*
 * What outlives a reload: objects that instances give out under a key, counted by the generations
 * that have them.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>
#include <sodns/share.h>

#include "host/host.h"
#include "host/setup.h"

#define ROOM_FIRST 64u

struct kept {
	struct kept *next; /* in the same place of the table, newest first */
	uint64_t hash;     /* of plugin and key */
	const char *plugin;
	uint32_t layout;
	unsigned refs;
	const generation_t *last; /* the newest that has it, while it is there */
	void *object;
	void (*release)(void *object);
	char key[];
};

struct kept_ref {
	struct kept_ref *next;
	struct kept *kept;
};

static struct kept **table;
static size_t room, count; /* room: a power of two */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t hash_of(const char *plugin, const char *key)
{
	return sodns_hash_number(sodns_hash(key, strlen(key)), sodns_hash(plugin, strlen(plugin)));
}

/* The last one given under its key: a place begins with the newest. */
static struct kept *find(const char *plugin, const char *key)
{
	uint64_t hash = hash_of(plugin, key);
	for (struct kept *k = room ? table[hash & (room - 1)] : NULL; k; k = k->next)
		if (k->hash == hash && !strcmp(k->plugin, plugin) && !strcmp(k->key, key))
			return k;
	return NULL;
}

static void refer(generation_t *g, struct kept *k)
{
	struct kept_ref *r = memory_alloc(g, sizeof(*r));
	r->kept = k;
	r->next = g->kept;
	g->kept = r;
	k->last = g;
	k->refs++;
}

static void grow(void)
{
	size_t more = room ? room * 2 : ROOM_FIRST;
	struct kept **bigger = calloc(more, sizeof(struct kept *));
	if (!bigger)
		abort();
	/* Those of a place keep their order. */
	for (size_t i = 0; i < room; i++)
		for (struct kept *k = table[i], *next; k; k = next) {
			struct kept **at = &bigger[k->hash & (more - 1)];
			while (*at)
				at = &(*at)->next;
			next = k->next;
			k->next = NULL;
			*at = k;
		}
	free(table);
	table = bigger;
	room = more;
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

bool sodns_bequeathed(sodns_prepare_t *p, const char *key)
{
	pthread_mutex_lock(&lock);
	const struct kept *k = find(p->instance->plugin->name, key);
	bool is = k && k->last == p->generation;
	pthread_mutex_unlock(&lock);
	return is;
}

void sodns_bequeath(sodns_prepare_t *p, const char *key, uint32_t layout, void *object,
		    void (*release)(void *object))
{
	size_t n = strlen(key) + 1;
	struct kept *k = malloc(sizeof(*k) + n);
	if (!k)
		abort();
	/* Plugins are never closed: their names stay. */
	*k = (struct kept){.plugin = p->instance->plugin->name,
			   .hash = hash_of(p->instance->plugin->name, key),
			   .layout = layout,
			   .object = object,
			   .release = release};
	memcpy(k->key, key, n);
	pthread_mutex_lock(&lock);
	if (count++ >= room)
		grow();
	struct kept **at = &table[k->hash & (room - 1)];
	k->next = *at;
	*at = k;
	refer(p->generation, k);
	pthread_mutex_unlock(&lock);
}

static void unlink_kept(struct kept *k)
{
	struct kept **at = &table[k->hash & (room - 1)];
	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	count--;
}

void kept_release(generation_t *g)
{
	while (g->kept) {
		struct kept_ref *r = g->kept;
		struct kept *k = r->kept;
		g->kept = r->next;
		pthread_mutex_lock(&lock);
		bool last = !--k->refs;
		if (k->last == g)
			k->last = NULL;
		if (last)
			unlink_kept(k);
		pthread_mutex_unlock(&lock);
		if (!last)
			continue;
		k->release(k->object);
		free(k);
	}
}
