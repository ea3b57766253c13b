/*
 * Counting by label values (sodns_metric_count): a table of each thread from the family and the
 * values' bytes to the metric, so that no query takes the registry's lock twice for the same thing.
 */
#include <stdlib.h>
#include <string.h>

#include <sodns/hash.h>

#include "report/metrics.h"

#define SLOTS 1024u
#define USED_MAX 512u
#define KEY_MAX 256u

struct known {
	uint64_t hash;
	sodns_metric_t *metric;
	const sodns_family_t *family;
	char *key; /* the values, each with its final zero */
	size_t len;
};
struct table {
	unsigned used;
	struct known slot[SLOTS];
};
static __thread struct table *table;

/* The values one after the other; 0 if they are too long. */
static size_t make_key(const sodns_family_t *family, const char *const *values, char key[KEY_MAX])
{
	size_t n = 0;
	for (size_t i = 0; family->labels && family->labels[i]; i++) {
		size_t len = strlen(values[i]) + 1;
		if (n + len > KEY_MAX)
			return 0;
		memcpy(key + n, values[i], len);
		n += len;
	}
	return n;
}

static struct known *slot_of(uint64_t hash, const sodns_family_t *family, const char *key,
			     size_t len)
{
	struct known *k = &table->slot[hash % SLOTS];
	while (k->metric && (k->hash != hash || k->family != family || k->len != len ||
			     memcmp(k->key, key, len)))
		k = k == &table->slot[SLOTS - 1] ? table->slot : k + 1;
	return k;
}

void sodns_metric_count(const sodns_family_t *family, const char *const *values, uint64_t n)
{
	char key[KEY_MAX];
	size_t len = make_key(family, values, key);
	if (!table)
		table = calloc(1, sizeof(*table));
	if (!table || !len) {
		sodns_metric_add(sodns_metric(family, values), n);
		return;
	}
	uint64_t hash = sodns_hash_number(sodns_hash(key, len), (uintptr_t)family);
	struct known *k = slot_of(hash, family, key, len);
	if (!k->metric) {
		sodns_metric_t *m = sodns_metric(family, values);
		char *copy = m && table->used < USED_MAX ? malloc(len) : NULL;
		if (!copy) {
			sodns_metric_add(m, n);
			return;
		}
		memcpy(copy, key, len);
		*k = (struct known){hash, m, family, copy, len};
		table->used++;
	}
	sodns_metric_add(k->metric, n);
}
