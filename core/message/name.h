/*
 * Inside of sodns a name comes with the hashes of its suffixes: routing, the zone store, the cache and
 * compression look suffixes up. Each is computed when it is first asked for, for most names have no
 * more than one that is. The hash is SipHash over the labels from the right (message/hash.h).
 */
#ifndef CORE_MESSAGE_NAME_H
#define CORE_MESSAGE_NAME_H

#include <string.h>

#include <sodns/name.h>

#include "message/hash.h"

#define NAME_LABELS_MAX 127

/* The labels of a name: at[i] is where label i begins (0 is the leftmost), at[count] is the root's
 * byte. */
typedef struct name_labels {
	uint8_t count;
	uint8_t at[NAME_LABELS_MAX + 1];
	uint64_t known[2]; /* bits: the suffix hashes that have been asked for */
	uint64_t hash_known[NAME_LABELS_MAX + 1];
} name_labels_t;

/* Puts labels `from` to `to` - 1 of a name into a state, the rightmost first. Each begins with its
 * length, so that no two names put the same in. */
static inline void name_hash_labels(hash_state_t *s, const uint8_t *name, const name_labels_t *l,
				    unsigned from, unsigned to)
{
	while (to-- > from) {
		const uint8_t *label = name + l->at[to];
		size_t n = (size_t)label[0] + 1;
		for (; n > 8; n -= 8, label += 8)
			hash_word(s, hash_load(label, 8));
		hash_word(s, hash_load(label, n));
	}
}

static inline bool name_hash_known(const name_labels_t *l, unsigned i)
{
	return l->known[i / 64] >> (i % 64) & 1;
}

/* Computes the hash of the suffix from label i on and keeps it: l is of one thread, and changes where
 * that is not seen. */
uint64_t name_hash_make(const uint8_t *name, const name_labels_t *l, unsigned i);

/* The hash of the suffix from label i on: 0 is the whole name, count the root. */
static inline uint64_t name_hash(const uint8_t *name, const name_labels_t *l, unsigned i)
{
	return __builtin_expect(name_hash_known(l, i), 1) ? l->hash_known[i]
							  : name_hash_make(name, l, i);
}

/* Computes the hashes of the suffixes from labels 0 to `to` - 1 on and keeps them; s has the labels
 * behind those already. */
void name_hash_rest(hash_state_t s, const uint8_t *name, name_labels_t *l, unsigned to);

/* The hash of `label` in front of the suffix from label i on; it begins with its length. */
uint64_t name_hash_child(const uint8_t *name, const name_labels_t *l, unsigned i,
			 const uint8_t *label);

/* Finds the labels of a valid name; no hash is known then. Returns the name's length. */
size_t name_split(const uint8_t *name, name_labels_t *l);

/* Copies len bytes of a wire name in lower case: a length byte is never a capital letter, so that
 * it passes. True if there was a capital. */
bool name_copy_lower(uint8_t *out, const uint8_t *name, size_t len);

/* Checks a possibly compressed name of a message at `at` and unpacks it. Pointers must point
 * backwards, and a name may take one for each label that it can have. Returns the offset behind it
 * in the message, or 0; *out_len is the unpacked length. */
size_t name_unpack(const uint8_t *message, size_t len, size_t at, uint8_t out[SODNS_NAME_MAX],
		   size_t *out_len);
/* The same where a whole message is read: every label and pointer takes one of *steps, and without
 * any left the name is none. So a message of pointers to long names costs no more than a big one. */
size_t name_unpack_within(const uint8_t *message, size_t len, size_t at,
			  uint8_t out[SODNS_NAME_MAX], size_t *out_len, size_t *steps);
/* How many steps a message of `len` bytes may take: more than any that compresses to its use. */
static inline size_t name_steps(size_t len)
{
	return 16384 + 4 * len;
}

#endif
