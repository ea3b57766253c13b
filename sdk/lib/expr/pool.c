/*
 * Chunks of memory, each twice as large as the one before: most expressions need one of them.
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST 1024u
#define LARGEST 32768u

struct pool_chunk {
	struct pool_chunk *next;
	_Alignas(16) uint8_t bytes[];
};

void *must_have(void *p)
{
	if (p)
		return p;
	fputs("out of memory for an expression\n", stderr);
	abort();
}

static struct pool_chunk *add(pool_t *p, size_t room)
{
	struct pool_chunk *c = must_have(malloc(sizeof(*c) + room));
	c->next = p->chunks;
	p->chunks = c;
	p->room = room;
	p->used = 0;
	return c;
}

void *pool_alloc(pool_t *p, size_t size)
{
	size_t taken = (size + 15) & ~(size_t)15;
	if (p->room - p->used < taken) {
		size_t room = !p->room ? FIRST : p->room < LARGEST ? p->room * 2 : LARGEST;
		add(p, taken > room ? taken : room);
	}
	void *at = p->chunks ? p->chunks->bytes + p->used : add(p, FIRST)->bytes;
	p->used += taken;
	return at;
}

void pool_free(pool_t *p)
{
	for (struct pool_chunk *c = p->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	*p = (pool_t){0};
}
