/*
 * Memory of a generation: freed with it, never before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "host/memory.h"

void *memory_alloc(generation_t *g, size_t size)
{
	struct memory *m = calloc(1, sizeof(*m) + size);
	if (!m) {
		fputs("out of memory for the configuration\n", stderr);
		abort();
	}
	m->next = g->memory;
	g->memory = m;
	return m->bytes;
}

char *memory_copy(generation_t *g, const char *text, size_t len)
{
	char *out = memory_alloc(g, len + 1);
	return memcpy(out, text, len);
}

void memory_free(generation_t *g)
{
	while (g->memory) {
		struct memory *next = g->memory->next;
		free(g->memory);
		g->memory = next;
	}
}
