/*
 * A sodns plugin, and the way of a query through it.
 *
 * A plugin is a shared object with one exported symbol, the registration that SODNS_PLUGIN() makes.
 * plugin.cfg names it; a Corefile uses it by its directive. For each server block that does, the
 * daemon calls `setup`, which reads the directive's tokens and adds a handler to the block's chain:
 * an *instance*. The chain's order is plugin.cfg's, never the Corefile's.
 *
 * A query runs down the chain as straight-line code. `serve_dns` gets its place in the chain and
 * the query, and hands a reply back: one that it made, or the one that sodns_next() gave it, changed
 * or not:
 *
 *	static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
 *	{
 *		sodns_reply_t *r = sodns_next(h, q);
 *		sodns_reply_cap_ttl(r, 30);
 *		return r;
 *	}
 *
 * There is no writer to wrap and no "was it written": what the outermost plugin returns is what the
 * client gets. sodns_next() never returns NULL. A call marked [may wait] may put the query aside
 * while others are served; locals stay as they are, shared state must be read again afterwards.
 *
 * Ownership: what a query hands out lives until the query ends, and comes from its arena
 * (sodns_alloc); what an instance reached when the query began stays valid until it ends (share.h);
 * everything else says so where it is declared. Threads: setup, prepare, start, stop and teardown run on
 * one thread, never two at a time; serve_dns runs on any worker, on many at once. Functions carry
 * one of these marks:
 *
 *	[setup]       only within setup          [query]       only within a query, on its worker
 *	[prepare]     only within prepare        [any thread]  wherever you like
 *	[may wait]    the query may be put aside before it returns
 *
 * Growth rules. Fields are added at the end of sodns_plugin_t only and never reused; `size` says
 * which are there. An ability's struct is frozen once released, a change is a new id
 * ("sodns.ready/2"). A plugin loads if its major version is the host's and its minor is not newer.
 */
#ifndef SODNS_PLUGIN_H
#define SODNS_PLUGIN_H

#include <sodns/abi.h>
#include <sodns/log.h>
#include <sodns/name.h>
#include <sodns/query.h>
#include <sodns/reply.h>
#include <sodns/setup.h>

/* One place in a server block's chain. Made by the host, read only. */
struct sodns_handler {
	void *self;       /* what setup gave to sodns_add_handler() */
	const char *name; /* the plugin's directive */
};

typedef struct sodns_plugin {
	uint32_t magic; /* these four are filled in by SODNS_PLUGIN() */
	uint16_t abi_major, abi_minor;
	uint32_t size;
	const char *sdk_version;

	const char *name;    /* the directive, as in plugin.cfg */
	const char *version; /* the plugin's own; may be NULL */

	/* Reads the directive. Returns 0, or what sodns_error() returned. Opens nothing, starts
	 * nothing. Called once for each server block that has the directive, with all its
	 * occurrences. */
	int (*setup)(sodns_setup_t *s);

	/* Answers, or passes on. NULL for a plugin that only configures (bind, root). [query] */
	sodns_reply_t *(*serve_dns)(const sodns_handler_t *h, sodns_query_t *q);

	/* May read files and wait, may fail; changes nothing that is visible outside, and
	 * `teardown` undoes it. Runs after all setups succeeded, off the workers. NULL: nothing to
	 * do. */
	int (*prepare)(void *self, sodns_prepare_t *p);

	/* The configuration is in force from now on. Can't fail. NULL: nothing to do. */
	void (*start)(void *self);

	/* The last query that could reach this instance has ended (or it never served): free it. */
	void (*teardown)(void *self);

	/* What else the instance can do: a pointer to the struct that belongs to the id, or NULL.
	 * Asked once after setup. See ability.h for the ids. NULL: nothing else. */
	const void *(*ability)(void *self, const char *id);

	/* The configuration is in force no more: another one is, or the daemon ends. Close what is
	 * visible outside and let go of other instances; queries that began earlier still come.
	 * Runs for all instances before the first teardown. NULL: nothing to do. */
	void (*stop)(void *self);

	/* What its directive takes (options.h): read by sodns_setup_read(), printed by
	 * `sodns -help NAME`. NULL: setup reads the words alone. */
	const sodns_options_t *options;
} sodns_plugin_t;

/* Hands q to the next plugin of the chain and returns its reply, never NULL: at the end of the
 * chain a SERVFAIL error "no next plugin found". [query] [may wait] */
SODNS_API sodns_reply_t *sodns_next(const sodns_handler_t *h, sodns_query_t *q);

/* Whether a plugin comes after this one in the chain. [query] */
SODNS_API bool sodns_has_next(const sodns_handler_t *h);

/* Exports the registration of this shared object: SODNS_PLUGIN(.name = "x", .setup = ...); */
#define SODNS_PLUGIN(...)                                                                          \
	SODNS_EXPORT const sodns_plugin_t sodns_plugin = {.magic = SODNS_MAGIC,                    \
							  .abi_major = SODNS_ABI_MAJOR,            \
							  .abi_minor = SODNS_ABI_MINOR,            \
							  .size = sizeof(sodns_plugin_t),          \
							  .sdk_version = SODNS_SDK_VERSION,        \
							  __VA_ARGS__}

#endif
