/*
 * Inside of sodns a name comes with the hashes of all its suffixes, computed once from the right:
 * routing, the zone store and compression all look suffixes up. The hash is keyed per process, so
 * that nobody outside can choose names that collide.
 */
#ifndef CORE_MESSAGE_NAME_H
#define CORE_MESSAGE_NAME_H

#include <string.h>

#include <sodns/name.h>

#define NAME_LABELS_MAX 127

extern uint64_t name_hash_seed; /* set once at start */

/* The labels of a name and their suffix hashes: at[i] is where label i begins (0 is the leftmost),
 * hash[i] is the hash of the suffix from there; hash[count] is the root's. */
typedef struct name_labels {
	uint8_t count;
	uint8_t at[NAME_LABELS_MAX + 1];
	uint64_t hash[NAME_LABELS_MAX + 1];
} name_labels_t;

static inline uint64_t name_mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide_t;
	wide_t m = (wide_t)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t name_load(const uint8_t *p, size_t n)
{
	uint64_t v;
	uint32_t lo, hi;
	if (n >= 8) {
		memcpy(&v, p, 8);
		return v;
	}
	if (n >= 4) {
		memcpy(&lo, p, 4);
		memcpy(&hi, p + n - 4, 4);
		return (uint64_t)hi << 32 | lo;
	}
	return n ? (uint64_t)p[0] << 16 | (uint64_t)p[n >> 1] << 8 | p[n - 1] : 0;
}

/* The hash of label + suffix, from the suffix's. `label` points to its length byte. */
static inline uint64_t name_hash_label(uint64_t suffix, const uint8_t *label)
{
	size_t n = (size_t)label[0] + 1;
	uint64_t h = suffix ^ 0x9e3779b97f4a7c15u;
	for (; n > 16; n -= 16, label += 16)
		h = name_mix(name_load(label, 8) ^ h,
			     name_load(label + 8, 8) ^ 0xe7037ed1a0b428dbu);
	uint64_t a = name_load(label, n), b = n > 8 ? name_load(label + n - 8, 8) : n;
	return name_mix(a ^ h, b ^ 0x8ebc6af09c88c6e3u);
}

/* Finds the labels of a valid name; hashes are not computed. Returns the name's length. */
size_t name_split(const uint8_t *name, name_labels_t *l);
/* Computes the suffix hashes. */
void name_hash(const uint8_t *name, name_labels_t *l);

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
