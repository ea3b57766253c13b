/*
 * Hashes (hash.h): their keys, and what the SDK has of them.
 */
#include "message/hash.h"

#include <stdlib.h>
#include <sys/random.h>

#include <sodns/hash.h>

hash_state_t hash_of_names, hash_of_bytes;
/* Of sodns_hash_number(): what is added, and an odd factor. */
static uint64_t number_key[2];

hash_state_t hash_begin(const uint64_t key[2])
{
	return (hash_state_t){key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
			      key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
}

/* Before main(): whatever is hashed, in the daemon, by -check or in a test, has its key. */
__attribute__((constructor)) static void make_keys(void)
{
	uint64_t key[6];
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		abort();
	hash_of_names = hash_begin(key);
	hash_of_bytes = hash_begin(key + 2);
	number_key[0] = key[4];
	number_key[1] = key[5] | 1;
}

uint64_t sodns_hash(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	hash_state_t s = hash_of_bytes;
	size_t left = len;
	for (; left >= 8; left -= 8, p += 8)
		hash_word(&s, hash_load(p, 8));
	uint64_t last = 0;
	if (left)
		memcpy(&last, p, left);
	hash_word(&s, last | (uint64_t)len << 56);
	return hash_end(&s);
}

uint64_t sodns_hash_network(const sodns_address_t *a, unsigned bits)
{
	uint8_t key[17] = {a->family};
	unsigned most = a->family == 4 ? 32 : 128, kept = bits < most ? bits : most;
	memcpy(key + 1, a->bytes, (kept + 7) / 8);
	if (kept % 8)
		key[1 + kept / 8] &= (uint8_t)(0xff << (8 - kept % 8));
	return sodns_hash(key, sizeof(key));
}

/* Multiplication by a secret (Dietzfelbinger et al. 1997): the hash is random already, and numbers
 * are few. */
uint64_t sodns_hash_number(uint64_t hash, uint64_t number)
{
	__extension__ typedef unsigned __int128 wide_t;
	wide_t m = (wide_t)(number + number_key[0]) * number_key[1];
	return hash ^ (uint64_t)m ^ (uint64_t)(m >> 64);
}
