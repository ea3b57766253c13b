/*
 * The hash of every table whose keys come from outside: SipHash-1-3 (Aumasson, Bernstein 2012), a
 * keyed function of which no input is weak. Whatever a client, upstream, zone or API chooses, its
 * keys meet in a table as random ones do.
 *
 * Names and bytes have keys of their own, so that no name's hash is that of some bytes.
 */
#ifndef CORE_MESSAGE_HASH_H
#define CORE_MESSAGE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The state between two words of the input; where it begins, it is the key. */
typedef struct hash_state {
	uint64_t a, b, c, d;
} hash_state_t;

/* From the kernel when the library is loaded, before anything is hashed; never changed afterwards
 * but by tests. */
extern hash_state_t hash_of_names, hash_of_bytes;

/* What begins with this key. */
hash_state_t hash_begin(const uint64_t key[2]);

static inline uint64_t hash_rotate(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static inline void hash_round(hash_state_t *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = hash_rotate(s->b, 13) ^ s->a;
	s->d = hash_rotate(s->d, 16) ^ s->c;
	s->a = hash_rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = hash_rotate(s->b, 17) ^ s->c;
	s->d = hash_rotate(s->d, 21) ^ s->a;
	s->c = hash_rotate(s->c, 32);
}

static inline void hash_word(hash_state_t *s, uint64_t word)
{
	s->d ^= word;
	hash_round(s);
	s->a ^= word;
}

/* The hash of what was put in so far; more may follow. */
static inline uint64_t hash_end(const hash_state_t *state)
{
	hash_state_t s = *state;
	s.c ^= 0xff;
	hash_round(&s);
	hash_round(&s);
	hash_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

/* n bytes as a word, another one for all others of the same length; 8 of them if there are more. */
static inline uint64_t hash_load(const uint8_t *p, size_t n)
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

#endif
