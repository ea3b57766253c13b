/*
 * The cold half of the arena: further chunks, and their end. Each thread keeps some chunks for
 * the next query that needs one, so that a query a little bigger than others costs no malloc.
 */
#include "message/arena.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_SIZE 16384u

/* Under a sanitizer chunks go back each time: it finds what still points at them. */
#ifdef SODNS_SANITIZED
#define KEPT_MAX 0
#else
#define KEPT_MAX 16
#endif

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) uint8_t bytes[];
};

static __thread struct arena_chunk *kept;
static __thread int kept_count;
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_kept(void *unused)
{
	(void)unused;
	while (kept) {
		struct arena_chunk *next = kept->next;
		free(kept);
		kept = next;
	}
}

static void make_key(void)
{
	pthread_key_create(&at_exit, free_kept);
}

static struct arena_chunk *chunk_take(size_t room)
{
	struct arena_chunk *c = room == CHUNK_SIZE ? kept : NULL;
	if (c) {
		kept = c->next;
		kept_count--;
		return c;
	}
	c = malloc(sizeof(*c) + room);
	if (!c) {
		fputs("out of memory for a query, or for the configuration\n", stderr);
		abort();
	}
	c->size = room;
	return c;
}

static void chunk_give(struct arena_chunk *c)
{
	if (c->size != CHUNK_SIZE || kept_count >= KEPT_MAX) {
		free(c);
		return;
	}
	if (!kept) {
		pthread_once(&once, make_key);
		pthread_setspecific(at_exit, &kept);
	}
	c->next = kept;
	kept = c;
	kept_count++;
}

void arena_init(arena_t *a, void *first, size_t size)
{
	*a = (arena_t){
		.at = first, .end = (uint8_t *)first + size, .first = first, .first_size = size};
}

void arena_reset(arena_t *a)
{
	while (a->more) {
		struct arena_chunk *next = a->more->next;
		chunk_give(a->more);
		a->more = next;
	}
	a->at = a->first;
	a->end = a->first ? a->first + a->first_size : NULL;
}

void *arena_grow(arena_t *a, size_t size)
{
	size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
	struct arena_chunk *c = chunk_take(room);
	c->next = a->more;
	a->more = c;
	/* A chunk for one big thing leaves the current chunk in use for the small ones. */
	if (room == size)
		return c->bytes;
	a->at = c->bytes + size;
	a->end = c->bytes + room;
	ASAN_POISON_MEMORY_REGION(a->at - ARENA_GAP, room - size + ARENA_GAP);
	return c->bytes;
}
