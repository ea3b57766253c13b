/*
 * Canonical order (RFC 4034, 6.1): a B+tree of node pointers without versions. Readers walk it
 * without locks; a writer copies the path that it changes and publishes a new root, and the old
 * path goes with the next batch boundary. A first load sorts once: canonical order is the pre-order
 * walk of the tree of labels, so that only the children of each name have to be sorted, by label.
 */
#include <stdlib.h>

#include "reclaim/epoch.h"
#include "zone/store.h"

#define FANOUT 64u
#define FILL 52u /* of a first load: room for a few names before a leaf splits */
#define DEPTH_MAX 12

typedef struct order_node order_node_t;
struct order_node {
	uint16_t count;
	bool leaf;
	union {
		sodns_node_t *name[FANOUT];
		order_node_t *child[FANOUT];
	} u;
	sodns_node_t *low[]; /* inner nodes: the first name below child[i] */
};

static order_node_t *node_new(bool leaf)
{
	order_node_t *n = malloc(sizeof(*n) + (leaf ? 0 : FANOUT * sizeof(n->low[0])));
	if (n) {
		n->count = 0;
		n->leaf = leaf;
	}
	return n;
}

static order_node_t *node_copy(const order_node_t *from)
{
	order_node_t *n = node_new(from->leaf);
	if (!n)
		return NULL;
	n->count = from->count;
	if (from->leaf) {
		memcpy(n->u.name, from->u.name, from->count * sizeof(from->u.name[0]));
	} else {
		memcpy(n->u.child, from->u.child, from->count * sizeof(from->u.child[0]));
		memcpy(n->low, from->low, from->count * sizeof(from->low[0]));
	}
	return n;
}

static inline sodns_node_t *low_of(const order_node_t *n)
{
	return n->leaf ? n->u.name[0] : n->low[0];
}

static int compare_label(const uint8_t *a, const uint8_t *b)
{
	int c = memcmp(a + 1, b + 1, a[0] < b[0] ? a[0] : b[0]);
	return c ? c : (int)a[0] - (int)b[0];
}

/* A name to look for: its labels from the apex down. */
typedef struct sought {
	const uint8_t *name;
	name_labels_t labels;
	unsigned below; /* labels below the origin */
} sought_t;

static void seek_name(const sodns_zone_t *z, const uint8_t *name, sought_t *s)
{
	s->name = name;
	name_split(name, &s->labels);
	s->below = s->labels.count - z->origin_labels;
}

/* Canonical order of the sought name and a node. */
static int compare(const sought_t *s, const sodns_node_t *n)
{
	const uint8_t *path[NAME_LABELS_MAX];
	unsigned depth = 0;
	for (; n->parent; n = n->parent)
		path[depth++] = n->label;
	unsigned common = depth < s->below ? depth : s->below;
	for (unsigned k = 1; k <= common; k++) {
		int c = compare_label(s->name + s->labels.at[s->below - k], path[depth - k]);
		if (c)
			return c;
	}
	return s->below < depth ? -1 : s->below > depth;
}

/* How many of the first names come before the sought one (or are it, if `equal`). */
static unsigned count_before(const order_node_t *n, const sought_t *s, bool equal)
{
	sodns_node_t *const *names = n->leaf ? n->u.name : n->low;
	unsigned lo = 0, hi = n->count;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		int c = compare(s, names[mid]);
		if (c > 0 || (!c && equal))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static sodns_node_t *before(const sodns_zone_t *z, const order_node_t *n, const uint8_t *name,
			    bool equal)
{
	sought_t s;
	seek_name(z, name, &s);
	while (n) {
		unsigned i = count_before(n, &s, equal);
		if (!i)
			return NULL;
		if (n->leaf)
			return n->u.name[i - 1];
		n = n->u.child[i - 1];
	}
	return NULL;
}

sodns_node_t *order_before(const sodns_zone_t *z, const uint8_t *name, bool equal)
{
	return before(z, atomic_load_explicit(&z->order, memory_order_acquire), name, equal);
}

/* The top is the first of its order, and no hash. */
sodns_node_t *order_hash_before(const sodns_zone_t *z, const uint8_t *name, bool equal)
{
	const order_node_t *root = atomic_load_explicit(&z->hash_order, memory_order_acquire);
	sodns_node_t *n = before(z, root, name, equal);
	return n == z->hashes ? NULL : n;
}

sodns_node_t *order_last_hash(const sodns_zone_t *z)
{
	const order_node_t *n = atomic_load_explicit(&z->hash_order, memory_order_acquire);
	while (n && !n->leaf)
		n = n->u.child[n->count - 1];
	return n && n->u.name[n->count - 1] != z->hashes ? n->u.name[n->count - 1] : NULL;
}

sodns_node_t *order_after(const sodns_zone_t *z, const uint8_t *name)
{
	const order_node_t *n = atomic_load_explicit(&z->order, memory_order_acquire);
	sodns_node_t *next = NULL;
	sought_t s;
	seek_name(z, name, &s);
	while (n) {
		unsigned i = count_before(n, &s, true);
		if (n->leaf)
			return i < n->count ? n->u.name[i] : next;
		if (!i)
			return n->low[0];
		if (i < n->count)
			next = n->low[i];
		n = n->u.child[i - 1];
	}
	return NULL;
}

size_t order_run(const sodns_zone_t *z, bool hashes, const uint8_t *name, sodns_node_t **out,
		 size_t room)
{
	const order_node_t *n = atomic_load_explicit(hashes ? &z->hash_order : &z->order,
						     memory_order_acquire);
	sodns_node_t *next = NULL;
	sought_t s;
	seek_name(z, name, &s);
	while (n && !n->leaf) {
		unsigned i = count_before(n, &s, true);
		if (i < n->count)
			next = n->low[i];
		n = n->u.child[i ? i - 1 : 0];
	}
	if (!n)
		return 0;
	unsigned i = count_before(n, &s, true);
	size_t count = n->count - i < room ? n->count - i : room;
	memcpy(out, n->u.name + i, count * sizeof(*out));
	/* Behind the last of a leaf the next one begins. */
	if (!count && next)
		out[count++] = next;
	return count;
}

/* A node's slice among all children, while a first load is sorted. */
struct slice {
	uint32_t start, count;
};

struct keyed {
	uint64_t key; /* the label's first 8 bytes, big-endian: decides nearly every comparison */
	sodns_node_t *node;
};

static uint64_t label_key(const uint8_t *label)
{
	uint64_t k = 0;
	for (unsigned i = 0; i < 8; i++)
		k = k << 8 | (i < label[0] ? label[1 + i] : 0);
	return k;
}

static int compare_keyed(const void *pa, const void *pb)
{
	const struct keyed *a = pa, *b = pb;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return compare_label(a->node->label, b->node->label);
}

/* Most significant byte first: buckets by one byte of the key, small ones by qsort. */
static void sort_keyed(struct keyed *a, struct keyed *spare, size_t n, unsigned byte)
{
	if (n < 96 || byte == 8) {
		qsort(a, n, sizeof(*a), compare_keyed);
		return;
	}
	size_t at[257] = {0};
	unsigned shift = 56 - 8 * byte;
	for (size_t i = 0; i < n; i++)
		at[(a[i].key >> shift & 255) + 1]++;
	for (unsigned b = 0; b < 256; b++)
		at[b + 1] += at[b];
	for (size_t i = 0; i < n; i++)
		spare[at[a[i].key >> shift & 255]++] = a[i];
	memcpy(a, spare, n * sizeof(*a));
	for (size_t b = 0, from = 0; b < 256; from = at[b++])
		if (at[b] - from > 1)
			sort_keyed(a + from, spare + from, at[b] - from, byte + 1);
}

/* Everything a first load needs to sort, in one place. */
struct builder {
	struct keyed *sorted, *spare; /* all names but the apex, children of one name together */
	struct slice
		*slices; /* of names that have children; node->children is the index meanwhile */
	order_node_t **leaves;
	size_t names, slice_count, leaf_count;
};

static bool has_slice(const struct builder *b, const sodns_node_t *n)
{
	return n->children < b->slice_count;
}

static void cut_slice(struct builder *b, sodns_node_t *n, uint32_t *start)
{
	uint32_t count = n->children;
	n->children = UINT32_MAX;
	if (!count)
		return;
	b->slices[b->slice_count] = (struct slice){*start, 0};
	n->children = (uint32_t)b->slice_count++;
	*start += count;
}

/* Puts every name into its parent's slice, and sorts the slices. */
static void fill_slices(struct builder *b, sodns_node_t *apex, sodns_node_t **added, size_t count)
{
	uint32_t start = 0;
	cut_slice(b, apex, &start);
	for (size_t i = 0; i < count; i++)
		cut_slice(b, added[i], &start);
	for (size_t i = 0; i < count; i++) {
		sodns_node_t *n = added[i];
		struct slice *s = &b->slices[n->parent->children];
		b->sorted[s->start + s->count++] = (struct keyed){label_key(n->label), n};
	}
	for (size_t i = 0; i < b->slice_count; i++)
		if (b->slices[i].count > 1)
			sort_keyed(b->sorted + b->slices[i].start, b->spare, b->slices[i].count, 0);
}

static bool emit(struct builder *b, sodns_node_t *n)
{
	if (!b->leaf_count || b->leaves[b->leaf_count - 1]->count == FILL) {
		order_node_t *leaf = node_new(true);
		if (!leaf)
			return false;
		b->leaves[b->leaf_count++] = leaf;
	}
	order_node_t *leaf = b->leaves[b->leaf_count - 1];
	leaf->u.name[leaf->count++] = n;
	return true;
}

/* Pre-order, by a stack of slices; `children` gets its count back on the way. */
static bool walk(struct builder *b, sodns_node_t *apex)
{
	struct slice stack[NAME_LABELS_MAX + 2];
	unsigned depth = 0;
	stack[0] = has_slice(b, apex) ? b->slices[apex->children] : (struct slice){0, 0};
	apex->children = stack[0].count;
	if (!emit(b, apex))
		return false;
	for (;;) {
		struct slice *s = &stack[depth];
		if (!s->count) {
			if (!depth--)
				return true;
			continue;
		}
		sodns_node_t *n = b->sorted[s->start].node;
		s->start++;
		s->count--;
		if (!emit(b, n))
			return false;
		if (has_slice(b, n)) {
			stack[++depth] = b->slices[n->children];
			n->children = stack[depth].count;
		} else {
			n->children = 0;
		}
	}
}

static void free_tree(order_node_t *n)
{
	if (!n->leaf)
		for (unsigned i = 0; i < n->count; i++)
			free_tree(n->u.child[i]);
	free(n);
}

/* What is there of a tree that won't be: nodes before `made`, and from `from` on. */
static void free_trees(struct builder *b, size_t made, size_t from)
{
	for (size_t i = 0; i < b->leaf_count; i++)
		if (i < made || i >= from)
			free_tree(b->leaves[i]);
	b->leaf_count = 0;
}

/* Levels above the leaves, until one node is left. */
static order_node_t *raise_levels(struct builder *b)
{
	while (b->leaf_count > 1) {
		size_t made = 0;
		for (size_t i = 0; i < b->leaf_count;) {
			order_node_t *n = node_new(false);
			if (!n) {
				free_trees(b, made, i);
				return NULL;
			}
			for (; n->count < FILL && i < b->leaf_count; i++) {
				n->u.child[n->count] = b->leaves[i];
				n->low[n->count++] = low_of(b->leaves[i]);
			}
			b->leaves[made++] = n;
		}
		b->leaf_count = made;
	}
	return b->leaves[0];
}

/* A zone that is one leaf keeps what it needs of it: leaves are never changed but copied. */
static order_node_t *fit(order_node_t *root)
{
	size_t bytes = offsetof(order_node_t, u) + root->count * sizeof(root->u.name[0]);
	order_node_t *fitting = root->leaf ? realloc(root, bytes) : NULL;
	return fitting ? fitting : root;
}

/* The order that a node is in, by its top. */
static order_node_t *_Atomic *order_of(sodns_zone_t *z, const sodns_node_t *n)
{
	return n == z->hashes || n->parent == z->hashes ? &z->hash_order : &z->order;
}

int order_build(sodns_zone_t *z, sodns_node_t *top, sodns_node_t **added, size_t count)
{
	struct builder b = {.names = count + 1};
	order_node_t *root = NULL;
	b.sorted = malloc(b.names * sizeof(*b.sorted));
	b.spare = malloc(b.names * sizeof(*b.spare));
	b.slices = malloc(b.names * sizeof(*b.slices));
	b.leaves = malloc((b.names / FILL + 2) * sizeof(*b.leaves));
	if (b.sorted && b.spare && b.slices && b.leaves) {
		fill_slices(&b, top, added, count);
		if (walk(&b, top))
			root = raise_levels(&b);
		else
			free_trees(&b, b.leaf_count, b.leaf_count);
	}
	free(b.sorted);
	free(b.spare);
	free(b.slices);
	free(b.leaves);
	if (!root)
		return SODNS_ENOMEM;
	atomic_store_explicit(order_of(z, top), fit(root), memory_order_release);
	return SODNS_OK;
}

/* The way from the root to a leaf, copied as it is walked. */
struct path {
	order_node_t *old[DEPTH_MAX], *copy[DEPTH_MAX];
	unsigned at[DEPTH_MAX], depth;
};

static void free_path(struct path *p, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		free(p->copy[i]);
}

static bool copy_path(order_node_t *root, const sought_t *s, struct path *p)
{
	order_node_t *n = root;
	for (p->depth = 0; p->depth < DEPTH_MAX; p->depth++) {
		unsigned i = count_before(n, s, true);
		p->old[p->depth] = n;
		p->at[p->depth] = i;
		if (!(p->copy[p->depth] = node_copy(n)))
			break;
		if (p->depth)
			p->copy[p->depth - 1]->u.child[p->at[p->depth - 1] - 1] = p->copy[p->depth];
		if (n->leaf)
			return true;
		if (!i)
			p->at[p->depth] = i = 1;
		n = n->u.child[i - 1];
	}
	free_path(p, p->depth);
	return false;
}

static void publish_path(order_node_t *_Atomic *order, struct path *p, order_node_t *root)
{
	atomic_store_explicit(order, root, memory_order_release);
	for (unsigned i = 0; i <= p->depth; i++)
		grace_defer(GRACE_BATCH, free, p->old[i]);
}

static void put_name(order_node_t *leaf, unsigned at, sodns_node_t *n)
{
	memmove(leaf->u.name + at + 1, leaf->u.name + at, (leaf->count - at) * sizeof(n));
	leaf->u.name[at] = n;
	leaf->count++;
}

static void put_child(order_node_t *in, unsigned at, order_node_t *child)
{
	memmove(in->u.child + at + 1, in->u.child + at, (in->count - at) * sizeof(child));
	memmove(in->low + at + 1, in->low + at, (in->count - at) * sizeof(in->low[0]));
	in->u.child[at] = child;
	in->low[at] = low_of(child);
	in->count++;
}

/* Halves a full node; the upper half is new. */
static order_node_t *split(order_node_t *n)
{
	order_node_t *upper = node_new(n->leaf);
	if (!upper)
		return NULL;
	unsigned keep = n->count / 2, moved = n->count - keep;
	if (n->leaf) {
		memcpy(upper->u.name, n->u.name + keep, moved * sizeof(n->u.name[0]));
	} else {
		memcpy(upper->u.child, n->u.child + keep, moved * sizeof(n->u.child[0]));
		memcpy(upper->low, n->low + keep, moved * sizeof(n->low[0]));
	}
	upper->count = (uint16_t)moved;
	n->count = (uint16_t)keep;
	return upper;
}

/* Splits what is full from the leaf up; returns the root. Without memory: NULL, and the copies are gone. */
static order_node_t *split_path(struct path *p)
{
	order_node_t *made[DEPTH_MAX + 1], *root;
	unsigned count = 0;
	for (unsigned i = p->depth;; i--) {
		order_node_t *n = p->copy[i];
		if (n->count < FANOUT)
			return p->copy[0];
		if (!(made[count] = split(n)))
			break;
		order_node_t *upper = made[count++];
		if (i) {
			put_child(p->copy[i - 1], p->at[i - 1], upper);
			continue;
		}
		if (!(root = node_new(false)))
			break;
		put_child(root, 0, n);
		put_child(root, 1, upper);
		return root;
	}
	while (count)
		free(made[--count]);
	free_path(p, p->depth + 1);
	return NULL;
}

/* The first hash of a zone that had none: behind the top. */
static int order_begin(order_node_t *_Atomic *order, sodns_node_t *n)
{
	order_node_t *root = node_new(true);
	if (!root)
		return SODNS_ENOMEM;
	root->u.name[root->count++] = n->parent;
	root->u.name[root->count++] = n;
	atomic_store_explicit(order, root, memory_order_release);
	return SODNS_OK;
}

int order_insert(sodns_zone_t *z, sodns_node_t *n)
{
	uint8_t name[SODNS_NAME_MAX];
	sought_t s;
	struct path p;
	sodns_node_name(n, name);
	seek_name(z, name, &s);
	order_node_t *_Atomic *order = order_of(z, n);
	order_node_t *root = atomic_load_explicit(order, memory_order_relaxed);
	if (!root)
		return order_begin(order, n);
	if (!copy_path(root, &s, &p))
		return SODNS_ENOMEM;
	put_name(p.copy[p.depth], p.at[p.depth], n);
	if (!(root = split_path(&p)))
		return SODNS_ENOMEM;
	publish_path(order, &p, root);
	return SODNS_OK;
}

static void cut_child(order_node_t *in, unsigned at)
{
	in->count--;
	memmove(in->u.child + at, in->u.child + at + 1, (in->count - at) * sizeof(in->u.child[0]));
	memmove(in->low + at, in->low + at + 1, (in->count - at) * sizeof(in->low[0]));
}

/* Takes a name out. Nodes may become small; empty ones go. The apex never leaves, so that the tree
 * never does. */
int order_remove(sodns_zone_t *z, sodns_node_t *n)
{
	uint8_t name[SODNS_NAME_MAX];
	sought_t s;
	struct path p;
	order_node_t *_Atomic *order = order_of(z, n);
	order_node_t *root = atomic_load_explicit(order, memory_order_relaxed);
	sodns_node_name(n, name);
	seek_name(z, name, &s);
	if (!root)
		return SODNS_OK;
	if (!copy_path(root, &s, &p))
		return SODNS_ENOMEM;
	order_node_t *leaf = p.copy[p.depth];
	unsigned at = p.at[p.depth];
	if (!at || leaf->u.name[at - 1] != n)
		at = 0; /* not there: the copy is published as it is */
	if (at) {
		leaf->count--;
		memmove(leaf->u.name + at - 1, leaf->u.name + at,
			(leaf->count - (at - 1)) * sizeof(n));
	}
	for (unsigned i = p.depth; i; i--) {
		order_node_t *in = p.copy[i - 1];
		if (p.copy[i]->count) {
			in->low[p.at[i - 1] - 1] = low_of(p.copy[i]);
			continue;
		}
		cut_child(in, p.at[i - 1] - 1);
		free(p.copy[i]);
	}
	publish_path(order, &p, p.copy[0]);
	return SODNS_OK;
}

static void free_root(void *root)
{
	free_tree(root);
}

void order_forget(sodns_zone_t *z)
{
	order_node_t *const roots[] = {atomic_exchange(&z->order, NULL),
				       atomic_exchange(&z->hash_order, NULL)};
	for (int i = 0; i < 2; i++)
		if (roots[i])
			grace_defer(GRACE_BATCH, free_root, roots[i]);
}

void order_free(sodns_zone_t *z)
{
	order_node_t *const roots[] = {atomic_load(&z->order), atomic_load(&z->hash_order)};
	for (int i = 0; i < 2; i++)
		if (roots[i])
			free_tree(roots[i]);
	atomic_store(&z->order, NULL);
	atomic_store(&z->hash_order, NULL);
}
