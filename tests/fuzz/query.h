/*
 * A query for targets that need one, without a server: only what its parser and its arena use.
 */
#ifndef TESTS_FUZZ_QUERY_H
#define TESTS_FUZZ_QUERY_H

#include <string.h>

#include "message/query.h"

/* Begins with nothing; arena_reset(&shared->arena) ends it. One at a time. */
static inline void query_begin(sodns_query_t *q, query_shared_t *shared,
			       enum sodns_protocol protocol)
{
	static const sodns_address_t nobody;
	_Alignas(16) static uint8_t arena[8192];
	memset(q, 0, sizeof(*q));
	memset(shared, 0, sizeof(*shared));
	q->shared = shared;
	q->peer = q->local = &nobody;
	q->protocol = protocol;
	arena_init(&shared->arena, arena, sizeof(arena));
}

#endif
