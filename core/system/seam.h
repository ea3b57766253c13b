/*
 * Where tests take the place of the world: the clock, the servers that are asked, the libraries that are
 * opened, and what stands behind the last plugin of a chain. There is no other such place. All of it is
 * empty in the daemon; it is set before anything runs.
 */
#ifndef CORE_SYSTEM_SEAM_H
#define CORE_SYSTEM_SEAM_H

#include <stdatomic.h>

#include <sodns/library.h>
#include <sodns/net.h>
#include <sodns/query.h>

struct seam {
	_Atomic(uint64_t) clock; /* the time at which it is held, ns; 0: it runs */
	/* Answers a question in an upstream's place: the answer's length or a negative error, which
	 * arrives *after_ms later. */
	int (*exchange)(const sodns_address_t *server, const uint8_t *query, size_t len,
			uint8_t *answer, size_t size, uint32_t *after_ms);
	/* A thread waits for tasks of another: where the clock is held, their time has to pass. */
	void (*idle)(void);
	/* What a library exports in place of the one beside libsodns; NULL: that one. */
	const sodns_library_head_t *(*library)(const char *name);
	/* What the last plugin's sodns_next() returns. */
	sodns_reply_t *(*chain_end)(sodns_query_t *q);
};

extern struct seam seam;

#endif
