/*
 * Memory of an expression or an environment: taken piece by piece while it is made, given back whole.
 */
#ifndef SODNS_LIB_EXPR_POOL_H
#define SODNS_LIB_EXPR_POOL_H

#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
typedef struct pool {
	struct pool_chunk *chunks; /* the newest first */
	size_t used, room;         /* of that one */
} pool_t;

/* Aligned to 16 bytes, not cleared, never NULL: without memory the process ends with a message. */
void *pool_alloc(pool_t *p, size_t size);
/* Gives all of it back. */
void pool_free(pool_t *p);
/* What an allocation gave; ends the process if that is nothing. */
void *must_have(void *p);

#endif
