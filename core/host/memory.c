/*
 * Memory of a generation: freed with it, never before. Thousands of blocks have a few small things each.
 */
#include <string.h>

#include "host/host.h"

void *memory_alloc(generation_t *g, size_t size)
{
	return memset(arena_alloc(&g->memory, size), 0, size);
}

char *memory_copy(generation_t *g, const char *text, size_t len)
{
	char *out = arena_alloc(&g->memory, len + 1);
	out[len] = 0;
	return memcpy(out, text, len);
}
