/*
 * The list that memory_alloc() keeps.
 */
#ifndef CORE_HOST_MEMORY_H
#define CORE_HOST_MEMORY_H

#include "host/host.h"

struct memory {
	struct memory *next;
	_Alignas(16) unsigned char bytes[];
};

void memory_free(generation_t *g);

#endif
