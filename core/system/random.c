/*
 * Randomness: the kernel's for what must not be guessed, a generator per thread for shuffles.
 */
#include <sodns/random.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "system/random.h"

#define STORE 512u
#define SMALL 64u

static __thread uint8_t store[STORE];
static __thread size_t left;

/* A child is not to draw what its parent, or a brother, draws. */
static void empty_store(void)
{
	memset(store, 0, sizeof(store));
	left = 0;
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, empty_store);
}

static void from_kernel(uint8_t *at, size_t len)
{
	while (len) {
		ssize_t n = getrandom(at, len, 0);
		if (n <= 0)
			continue;
		at += n;
		len -= (size_t)n;
	}
}

/* Small portions come from a store that is filled by one system call for many. What was handed out is wiped,
 * so that a look at the memory tells nothing of ids in use. */
void sodns_random_bytes(void *out, size_t len)
{
	if (len > SMALL) {
		from_kernel(out, len);
		return;
	}
	if (left < len) {
		from_kernel(store, STORE);
		left = STORE;
	}
	left -= len;
	memcpy(out, store + left, len);
	memset(store + left, 0, len);
}

uint16_t random_id(void)
{
	uint16_t id;
	sodns_random_bytes(&id, sizeof(id));
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
