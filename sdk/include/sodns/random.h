/*
 * Randomness. [any thread] throughout.
 */
#ifndef SODNS_RANDOM_H
#define SODNS_RANDOM_H

#include <sodns/abi.h>

/* Bytes that can't be guessed (getrandom): ids, source ports, keys. Up to 64 at a time come out of a store,
 * so that most calls are no system call. */
SODNS_API void sodns_random_bytes(void *out, size_t len);
/* A number below `bound` (not 0) from a generator of the calling thread: for choices and shuffles,
 * not for secrets. A few nanoseconds. */
SODNS_API uint32_t sodns_random_below(uint32_t bound);

#endif
