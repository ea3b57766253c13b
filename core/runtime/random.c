/*
 * Randomness: the kernel's for what must not be guessed, a generator per thread for shuffles.
 */
#include <sodns/random.h>

#include <stdlib.h>
#include <sys/random.h>

#include "runtime/random.h"

#define STORE 256u

void sodns_random_bytes(void *out, size_t len)
{
	uint8_t *at = out;
	while (len) {
		ssize_t n = getrandom(at, len, 0);
		if (n <= 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
}

/* What was handed out is wiped, so that a look at the memory tells nothing of ids in use. */
uint16_t random_id(void)
{
	static __thread uint16_t store[STORE];
	static __thread unsigned left;
	if (!left) {
		sodns_random_bytes(store, sizeof(store));
		left = STORE;
	}
	uint16_t id = store[--left];
	store[left] = 0;
	return id;
}

/* splitmix64 (Steele, Lea, Flood 2014): one multiplication chain, no bad seeds. */
static uint64_t next(void)
{
	static __thread uint64_t state;
	if (!state)
		sodns_random_bytes(&state, sizeof(state));
	uint64_t z = state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t sodns_random_below(uint32_t bound)
{
	return (uint32_t)((next() >> 32) * bound >> 32);
}
