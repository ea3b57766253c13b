/*
 * Bytes that come piece by piece.
 */
#ifndef SODNS_LIB_HTTP_ROOM_H
#define SODNS_LIB_HTTP_ROOM_H

#include <stdlib.h>

/* Room for `len` bytes behind the `have` that are at `at`, which is *room big: as much as is wanted for the
 * first of them, then twice that. NULL: no memory, and what is there stays. */
static inline void *http_room(void *at, size_t *room, size_t have, size_t len)
{
	if (at && have + len <= *room)
		return at;
	size_t more = have ? 2 * (have + len) : len;
	void *bigger = realloc(at, more);
	if (bigger)
		*room = more;
	return bigger;
}

#endif
