/*
 * The cold half of the query arena: further chunks, and their end.
 */
#include "message/arena.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_SIZE 16384u

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	_Alignas(16) uint8_t bytes[];
};

void arena_init(arena_t *a, void *first, size_t size)
{
	*a = (arena_t){
		.at = first, .end = (uint8_t *)first + size, .first = first, .first_size = size};
}

void arena_reset(arena_t *a)
{
	while (a->more) {
		struct arena_chunk *next = a->more->next;
		free(a->more);
		a->more = next;
	}
	a->at = a->first;
	a->end = a->first + a->first_size;
}

void *arena_grow(arena_t *a, size_t size)
{
	size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
	struct arena_chunk *c = malloc(sizeof(*c) + room);
	if (!c) {
		fputs("out of memory for a query\n", stderr);
		abort();
	}
	c->size = room;
	c->next = a->more;
	a->more = c;
	/* A chunk for one big thing leaves the current chunk in use for the small ones. */
	if (room == size)
		return c->bytes;
	a->at = c->bytes + size;
	a->end = c->bytes + room;
	return c->bytes;
}
