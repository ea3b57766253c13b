/*
 * Zones by name: an open hash, asked with the hashes that a query knows of its suffixes. What is in each is a
 * zone of sodns/zone.h; this only finds the zone, by its length of labels, which no store of one zone does.
 */
#include <stdlib.h>

#include "auto.h"

struct table *table_new(size_t count)
{
	size_t room = 2;
	while (room < count * 2 + 1)
		room *= 2;
	struct table *t = calloc(1, sizeof(*t) + room * sizeof(t->slots[0]));
	if (!t)
		abort();
	t->room = room;
	return t;
}

static size_t slot_of(const struct table *t, uint64_t hash, const uint8_t *origin)
{
	size_t i = hash & (t->room - 1);
	while (t->slots[i] && !sodns_name_equal(sodns_zonefile_origin(t->slots[i]), origin))
		i = (i + 1) & (t->room - 1);
	return i;
}

void table_add(struct table *t, sodns_zonefile_t *f)
{
	const uint8_t *origin = sodns_zonefile_origin(f);
	unsigned labels = sodns_name_labels(origin);
	t->slots[slot_of(t, sodns_name_hash(origin), origin)] = f;
	t->label_counts[labels / 64] |= 1ull << labels % 64;
	t->count++;
}

sodns_zonefile_t *table_find(const struct table *t, const uint8_t *origin)
{
	return t->slots[slot_of(t, sodns_name_hash(origin), origin)];
}

const sodns_zonefile_t *table_match(const struct table *t, const sodns_query_t *q)
{
	const uint8_t *name = sodns_query_name(q);
	const sodns_zonefile_t *own = NULL;
	unsigned labels = sodns_query_name_labels(q);
	for (unsigned n = 0; n <= labels; n++, name += *name + 1u) {
		unsigned left = labels - n;
		if (!(t->label_counts[left / 64] >> left % 64 & 1))
			continue;
		const sodns_zonefile_t *f = t->slots[slot_of(t, sodns_query_name_hash(q, n), name)];
		if (f && (n || sodns_query_type(q) != SODNS_TYPE_DS))
			return f;
		if (f)
			own = f;
	}
	return own;
}
