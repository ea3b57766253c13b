/*
 * Sets of names (sodns/name_set.h): the names one behind the other, and a table of where they begin.
 *
 * An entry is what it stands for and its value in one number of one to five bytes, and the name in wire
 * form. A slot of the table has 32 bits: the offset of an entry, in as many bits as the last one's
 * takes, and above it as much of the name's hash as fits: nearly all names that are not in the set are
 * told by the slots alone. A slot of zeroes is free; no entry has the offset 0. Collisions take the next
 * slot.
 */
#include <sodns/name_set.h>

#include <stdlib.h>

#include "message/name.h"

/* Slots for each 10 names. */
#define SLOTS_FOR_TEN 14u
/* Behind the last entry: a name of any length may be compared with it. */
#define MARGIN SODNS_NAME_MAX
#define HEAD_MAX 5u
#define DEPTHS (NAME_LABELS_MAX + 1u)

struct sodns_name_set {
	uint8_t *names;
	uint32_t *slots; /* NULL: not frozen */
	size_t room;     /* of names */
	uint32_t used;   /* of names */
	uint32_t added, count, size;
	unsigned offset_bits;
	uint64_t depths[2]; /* bits: there are names of so many labels */
};

/* What the number in front of an entry's name is made of. */
struct head {
	uint32_t value;
	unsigned scope;
	const uint8_t *name;
};

static uint8_t *put_head(uint8_t *p, unsigned scope, uint32_t value)
{
	uint64_t v = (uint64_t)value << 2 | scope;
	for (; v >= 128; v >>= 7)
		*p++ = (uint8_t)(v | 128);
	*p++ = (uint8_t)v;
	return p;
}

static struct head head_of(const uint8_t *p)
{
	uint64_t v = 0;
	for (unsigned shift = 0;; shift += 7) {
		v |= (uint64_t)(*p & 127) << shift;
		if (!(*p++ & 128))
			break;
	}
	return (struct head){(uint32_t)(v >> 2), v & 3, p};
}

sodns_name_set_t *sodns_name_set_new(void)
{
	sodns_name_set_t *s = calloc(1, sizeof(*s));
	if (s)
		s->used = 1;
	return s;
}

void sodns_name_set_free(void *set)
{
	sodns_name_set_t *s = set;
	if (!s)
		return;
	free(s->names);
	free(s->slots);
	free(s);
}

static bool grow(sodns_name_set_t *s)
{
	size_t room = s->room ? s->room + s->room / 2 : 4096;
	uint8_t *names = realloc(s->names, room);
	if (!names)
		return false;
	s->names = names;
	s->room = room;
	return true;
}

static int add_entry(sodns_name_set_t *s, const uint8_t *name, unsigned scope, uint32_t value)
{
	while (s->room < s->used + (size_t)(HEAD_MAX + SODNS_NAME_MAX + MARGIN))
		if (!grow(s))
			return SODNS_ENOMEM;
	if (s->used > UINT32_MAX - 2 * (HEAD_MAX + SODNS_NAME_MAX + MARGIN))
		return SODNS_ENOMEM;
	uint8_t *p = put_head(s->names + s->used, scope, value);
	p += sodns_name_lower(name, p);
	s->used = (uint32_t)(p - s->names);
	s->added++;
	return SODNS_OK;
}

int sodns_name_set_add(sodns_name_set_t *s, const uint8_t *name, enum sodns_name_scope scope,
		       uint32_t value)
{
	return s->slots ? SODNS_EBUSY : add_entry(s, name, scope & SODNS_NAME_TREE, value);
}

/* Where a hash's search begins, and what a slot of it has above the offset. */
static inline uint32_t place_of(const sodns_name_set_t *s, uint64_t hash)
{
	return (uint32_t)((hash >> 32) * s->size >> 32);
}

static inline uint32_t tag_of(const sodns_name_set_t *s, uint64_t hash)
{
	return s->offset_bits < 32 ? (uint32_t)hash << s->offset_bits : 0;
}

static inline uint32_t offset_mask(const sodns_name_set_t *s)
{
	return s->offset_bits < 32 ? (1u << s->offset_bits) - 1 : UINT32_MAX;
}

/* The slot of an entry for this name, of `len` bytes, which stands for one of `scopes`; or the free one
 * at which the search ends. */
static uint32_t *find(const sodns_name_set_t *s, uint64_t hash, const uint8_t *name, size_t len,
		      unsigned scopes)
{
	uint32_t i = place_of(s, hash), tag = tag_of(s, hash), mask = offset_mask(s);
	for (; s->slots[i]; i = i + 1 < s->size ? i + 1 : 0) {
		if ((s->slots[i] & ~mask) != tag)
			continue;
		struct head h = head_of(s->names + (s->slots[i] & mask));
		if (h.scope & scopes && !memcmp(h.name, name, len))
			break;
	}
	return &s->slots[i];
}

/* Puts an entry in the table, and takes what it stands for from those of the same name. */
static void place(sodns_name_set_t *s, uint32_t offset)
{
	struct head h = head_of(s->names + offset);
	name_labels_t l;
	size_t len = name_split(h.name, &l);
	uint64_t hash = name_hash(h.name, &l, 0);
	uint32_t *slot, *dead = NULL, mask = offset_mask(s);
	s->depths[l.count / 64] |= 1ull << l.count % 64;
	while (*(slot = find(s, hash, h.name, len, h.scope))) {
		uint8_t *other = s->names + (*slot & mask);
		unsigned left = head_of(other).scope & ~h.scope;
		/* The low bits of its number, which stays as long. */
		*other = (uint8_t)((*other & ~3u) | left);
		if (left)
			continue;
		dead = dead ? dead : slot;
		s->count--;
	}
	*(dead ? dead : slot) = tag_of(s, hash) | offset;
	s->count++;
}

int sodns_name_set_freeze(sodns_name_set_t *s)
{
	uint64_t size = (uint64_t)s->added * SLOTS_FOR_TEN / 10 + 8;
	if (s->slots)
		return SODNS_OK;
	if (size > UINT32_MAX || (!s->names && !grow(s)) ||
	    !(s->slots = calloc(size, sizeof(*s->slots))))
		return SODNS_ENOMEM;
	s->size = (uint32_t)size;
	while (s->offset_bits < 32 && s->used >> s->offset_bits)
		s->offset_bits++;
	uint8_t *names = realloc(s->names, s->used + MARGIN);
	if (names) {
		s->names = names;
		s->room = s->used + MARGIN;
	}
	memset(s->names + s->used, 0, MARGIN);
	for (uint32_t at = 1; at < s->used;) {
		const uint8_t *name = head_of(s->names + at).name;
		place(s, at);
		at = (uint32_t)(name - s->names) + (uint32_t)sodns_name_length(name);
	}
	return SODNS_OK;
}

/* A part of a name that may be in the set, by its depth. */
struct candidate {
	uint64_t hash;
	unsigned at; /* where it begins in the name */
};

/* The hashes of a name's ends, the shortest first; their slots are on their way from memory together. */
static unsigned find_candidates(const sodns_name_set_t *s, const uint8_t *name,
				const name_labels_t *l, struct candidate out[DEPTHS])
{
	hash_state_t state = hash_of_names;
	unsigned n = 0, i = l->count;
	for (;;) {
		unsigned depth = l->count - i;
		if (s->depths[depth / 64] >> depth % 64 & 1) {
			out[n] = (struct candidate){hash_end(&state), l->at[i]};
			__builtin_prefetch(&s->slots[place_of(s, out[n++].hash)]);
		}
		if (!i--)
			return n;
		name_hash_labels(&state, name, l, i, i + 1);
	}
}

const uint8_t *sodns_name_set_match(const sodns_name_set_t *s, const uint8_t *name, uint32_t *value)
{
	struct candidate c[DEPTHS];
	name_labels_t l;
	if (!s || !s->slots)
		return NULL;
	size_t len = name_split(name, &l);
	for (unsigned n = find_candidates(s, name, &l, c); n--;) {
		unsigned at = c[n].at, scopes = at ? SODNS_NAME_BELOW : SODNS_NAME_ITSELF;
		uint32_t slot = *find(s, c[n].hash, name + at, len - at, scopes);
		if (!slot)
			continue;
		if (value)
			*value = head_of(s->names + (slot & offset_mask(s))).value;
		return name + at;
	}
	return NULL;
}

bool sodns_name_set_has(const sodns_name_set_t *s, const uint8_t *name, uint32_t *value)
{
	if (!s || !s->slots)
		return false;
	uint32_t slot = *find(s, sodns_name_hash(name), name, sodns_name_length(name),
			      SODNS_NAME_TREE);
	if (slot && value)
		*value = head_of(s->names + (slot & offset_mask(s))).value;
	return slot;
}

size_t sodns_name_set_count(const sodns_name_set_t *s)
{
	return s->count;
}

size_t sodns_name_set_memory(const sodns_name_set_t *s)
{
	return sizeof(*s) + s->room + s->size * sizeof(*s->slots);
}
