/*
 * The memory of one query: a bump allocator that is emptied whole. Its first chunk belongs to
 * whoever holds the arena and is used again by the next query; what does not fit gets further
 * chunks, which are freed with the query.
 */
#ifndef CORE_MESSAGE_ARENA_H
#define CORE_MESSAGE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

typedef struct arena {
	uint8_t *at, *end;
	uint8_t *first; /* the chunk that is kept */
	size_t first_size;
	struct arena_chunk *more;
} arena_t;

/* Takes `size` bytes at `first` as the kept chunk; they stay the caller's. */
void arena_init(arena_t *a, void *first, size_t size);
/* Frees everything but the kept chunk. */
void arena_reset(arena_t *a);
void *arena_grow(arena_t *a, size_t size);

/* Aligned to 16 bytes, not cleared, never NULL: without memory the process ends with a message. */
static inline void *arena_alloc(arena_t *a, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if ((size_t)(a->end - a->at) < size)
		return arena_grow(a, size);
	void *p = a->at;
	a->at += size;
	return p;
}

#endif
