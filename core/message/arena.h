/*
 * Memory that is emptied whole, by a bump allocator: of one query, of a Corefile, of a configuration.
 * A first chunk may belong to the arena's holder and is used again, as by the next query; what does not
 * fit gets further chunks, which are freed together.
 */
#ifndef CORE_MESSAGE_ARENA_H
#define CORE_MESSAGE_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* Under AddressSanitizer what is not handed out must not be touched, as if it were malloc's: further chunks,
 * and the first where its holder poisons it, whose memory it is. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ARENA_ASAN 1
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_GAP 16u /* between what is handed out: a write behind it is found */
#else
#define ARENA_GAP 0u
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

struct arena_chunk;

typedef struct arena {
	uint8_t *at, *end;
	uint8_t *first; /* the chunk that is kept */
	size_t first_size;
	struct arena_chunk *more;
} arena_t; /* all zero: empty, without a chunk to keep */

/* Takes `size` bytes at `first` as the kept chunk; they stay the caller's. */
void arena_init(arena_t *a, void *first, size_t size);
/* Frees everything but the kept chunk. */
void arena_reset(arena_t *a);
void *arena_grow(arena_t *a, size_t size);

/* Aligned to 16 bytes, not cleared, never NULL: without memory the process ends with a message. */
static inline void *arena_alloc(arena_t *a, size_t size)
{
	size_t taken = (size + ARENA_GAP + 15) & ~(size_t)15;
	if ((size_t)(a->end - a->at) < taken)
		return arena_grow(a, taken);
	void *p = a->at;
	a->at += taken;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	return p;
}

#endif
