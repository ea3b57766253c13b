/*
 * SHA-512 (FIPS 180-4), for telling configurations apart.
 */
#ifndef CORE_HOST_SHA512_H
#define CORE_HOST_SHA512_H

#include <stddef.h>
#include <stdint.h>

typedef struct sha512 {
	uint64_t state[8], length;
	uint8_t block[128];
	size_t used;
} sha512_t;

void sha512_begin(sha512_t *h);
void sha512_add(sha512_t *h, const void *bytes, size_t len);
void sha512_hex(sha512_t *h, char hex[129]);

#endif
