/*
 * The lock-free table: whatever comes, changes and goes while it grows and shrinks, the map and its
 * index have exactly what they should; and a reader meanwhile never misses what is always there.
 */
#include "../../../plugins/intree/kubernetes/map.h"

#include <pthread.h>
#include <stdlib.h>

#include "test.h"
#include "reclaim/epoch.h"

#define ITEMS 20000u
#define ALWAYS 50u
#define STEPS 300000u

struct item {
	uint32_t id, keys; /* keys in the index; some are had by several items, or twice by one */
};

/* Two of each, so that one can take the other's place. */
static struct item items[2][ITEMS];
static const struct item *present[ITEMS];
static atomic_bool done;

static uint32_t hash_of(uint32_t id)
{
	return id * 2654435761u ^ id >> 3;
}

static bool own_key(const void *item, unsigned i, uint32_t *hash)
{
	*hash = hash_of(((const struct item *)item)->id);
	return !i;
}

static bool index_key(const void *item, unsigned i, uint32_t *hash)
{
	const struct item *x = item;
	*hash = hash_of(x->id % 1000 + (i % 5) * 1000);
	return i < x->keys;
}

static struct map map = {.key = own_key}, by_key = {.key = index_key, .of = &map};

static bool has(const struct map *m, uint32_t hash, const struct item *item)
{
	struct probe p;
	const void *x;
	map_probe(&p, m, hash);
	while ((x = map_next(&p)))
		if (x == item)
			return true;
	return false;
}

static bool has_id(uint32_t id)
{
	struct probe p;
	const struct item *x;
	map_probe(&p, &map, hash_of(id));
	while ((x = map_next(&p)))
		if (x->id == id)
			return true;
	return false;
}

static void change(const struct item *old, const struct item *item)
{
	uint32_t hash;
	map_reserve(&by_key, item ? item->keys : 0);
	map_reserve(&map, item && !old);
	own_key(item ? item : old, 0, &hash);
	if (item && old)
		map_replace(&map, hash, old, item);
	else if (item)
		map_put(&map, hash, item);
	else
		map_remove(&map, hash, old);
	for (unsigned i = 0; item && index_key(item, i, &hash); i++)
		map_put(&by_key, hash, item);
	for (unsigned i = 0; old && index_key(old, i, &hash); i++)
		map_remove(&by_key, hash, old);
}

static void *read_on(void *missed)
{
	static epoch_reader_t reader = {.active = EPOCH_NONE, .parked = EPOCH_NONE};
	epoch_register(&reader);
	while (!atomic_load(&done)) {
		epoch_enter(&reader);
		for (uint32_t id = 0; id < ALWAYS; id++)
			if (!has_id(id))
				++*(unsigned *)missed;
		epoch_leave(&reader);
	}
	return NULL;
}

static void check(void)
{
	uint32_t at = 0, count = 0, there = 0, hash;
	while (map_each(map.table.current, &at))
		count++;
	for (uint32_t id = 0; id < ITEMS; id++) {
		const struct item *item = present[id];
		there += item != NULL;
		assert_int_equal(has_id(id), item != NULL);
		for (unsigned i = 0; item && index_key(item, i, &hash); i++)
			assert_true(has(&by_key, hash, item));
		for (int k = 0; k < 2; k++)
			for (unsigned i = 0;
			     item != &items[k][id] && index_key(&items[k][id], i, &hash); i++)
				assert_false(has(&by_key, hash, &items[k][id]));
	}
	assert_int_equal(count, there);
	assert_int_equal(map.live, there);
}

/* Waves: mostly coming, then mostly going, so that tables grow and are purged. */
static void as_it_should_be(void **state)
{
	uint32_t random = 7;
	unsigned missed = 0;
	pthread_t thread;
	(void)state;
	for (uint32_t id = 0; id < ITEMS; id++)
		for (int k = 0; k < 2; k++)
			items[k][id] = (struct item){id, id % 97 ? id % 4 : 700};
	for (uint32_t id = 0; id < ALWAYS; id++)
		change(NULL, present[id] = &items[0][id]);
	assert_false(pthread_create(&thread, NULL, read_on, &missed));
	for (uint32_t step = 0; step < STEPS; step++) {
		random = random * 1664525u + 1013904223u;
		uint32_t id = (random >> 8) % (1 + step % ITEMS), wave = step / 50000 % 2;
		const struct item *old = present[id], *item = &items[old == items[0] + id][id];
		if (id >= ALWAYS && old && (random >> 4) % 4 < (wave ? 3u : 1u))
			item = NULL;
		change(old, item);
		present[id] = item;
		if (step % 50000 == 49999)
			check();
		if (step % 1000 == 0)
			grace_reclaim();
	}
	while (map_settle(&map) || map_settle(&by_key))
		;
	check();
	atomic_store(&done, true);
	pthread_join(thread, NULL);
	assert_int_equal(missed, 0);
	map_free(&map);
	map_free(&by_key);
	while (grace_reclaim())
		;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_it_should_be)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
