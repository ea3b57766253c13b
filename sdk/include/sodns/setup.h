/*
 * Reading the Corefile. setup gets all occurrences of its directive in one server block and walks
 * them:
 *
 *	if (sodns_setup_read_all(s, self))            // by the tables of options.h
 *		return SODNS_EINVAL;
 *	return sodns_add_handler(s, self);
 *
 * What no table can say is read word by word:
 *
 *	while (sodns_setup_next(s)) {                 // each "hello ..." of the block
 *		const char *arg;
 *		while ((arg = sodns_setup_arg(s)))    // the words behind it, on its line
 *			...
 *		while (sodns_setup_block(s)) {        // each line of its { }
 *			const char *property = sodns_setup_value(s);
 *			...
 *		}
 *	}
 *	return sodns_add_handler(s, self);
 *
 * An error is `return sodns_error(s, "unknown property '%s'", property)`: the daemon adds file,
 * line and plugin. All functions: [setup], on strings that live as long as the configuration.
 */
#ifndef SODNS_SETUP_H
#define SODNS_SETUP_H

#include <sodns/net.h>
#include <sodns/options.h>
#include <sodns/text.h>

/* The directive's name, as it stands in the Corefile. */
SODNS_API const char *sodns_setup_name(const sodns_setup_t *s);
/* Moves to the next occurrence of the directive. */
SODNS_API bool sodns_setup_next(sodns_setup_t *s);
/* The next word of the line, or NULL at its end (and at a '{'). */
SODNS_API const char *sodns_setup_arg(sodns_setup_t *s);
/* All further words of the line; *count is set; the array is good until the next call of this. */
SODNS_API const char *const *sodns_setup_args(sodns_setup_t *s, size_t *count);
/* Moves to the next line of the directive's { } block; false when it ends, or there is none. Blocks
 * may be nested. */
SODNS_API bool sodns_setup_block(sodns_setup_t *s);
/* The word the cursor stands on; words live until teardown. */
SODNS_API const char *sodns_setup_value(const sodns_setup_t *s);
SODNS_API const char *sodns_setup_file(const sodns_setup_t *s);
SODNS_API int sodns_setup_line(const sodns_setup_t *s);

/* Notes the error, with file and line, and returns a negative value to return from setup. */
SODNS_API int sodns_error(sodns_setup_t *s, const char *format, ...) SODNS_PRINTF(2, 3);
/* Logs a warning with file and line: for what is taken, but can hardly be meant. */
SODNS_API void sodns_warning(sodns_setup_t *s, const char *format, ...) SODNS_PRINTF(2, 3);
/* "Wrong argument count or unexpected line ending after 'x'". */
SODNS_API int sodns_error_args(sodns_setup_t *s);
/* "unknown property 'x'" for the word the cursor stands on. */
SODNS_API int sodns_error_property(sodns_setup_t *s);

/* The zones of the server block: lower case, wire form; until teardown. */
SODNS_API const uint8_t *const *sodns_setup_zones(const sodns_setup_t *s, size_t *count);
/* One text as zones, a CIDR as reverse zones; until teardown. NULL after an error, which is noted. */
SODNS_API const uint8_t *const *sodns_setup_zone_text(sodns_setup_t *s, const char *text,
						      size_t *count);
/* A path of the Corefile, relative to the block's `root`; until teardown. */
SODNS_API const char *sodns_setup_path(sodns_setup_t *s, const char *path);
/* The first key of the server block as written, for messages. */
SODNS_API const char *sodns_setup_key(const sodns_setup_t *s);

/* Puts an instance into the block's chain. `self` is what the other callbacks get. May be called
 * more than once. Returns 0. */
SODNS_API int sodns_add_handler(sodns_setup_t *s, void *self);
/* An instance without a place in the chain: prepare, start, teardown and abilities only. */
SODNS_API int sodns_add_instance(sodns_setup_t *s, void *self);
/* Says of the handler that was added last that it answers every query for names in these zones itself, and
 * hands none of them to sodns_next(), whatever comes of it later. If the server block gets no other queries,
 * plugins behind it in the chain are none that a query could reach: a warning names them. */
SODNS_API void sodns_setup_answers(sodns_setup_t *s, const uint8_t *const *zones, size_t count);
/* Memory of the configuration, cleared; freed after teardown. Never NULL. */
SODNS_API void *sodns_setup_alloc(sodns_setup_t *s, size_t size);

/* Notes an error and returns a negative value to return from prepare. "plugin/NAME: FILE:LINE - " is
 * put in front: the directive that the instance was made for. [prepare] */
SODNS_API int sodns_prepare_error(sodns_prepare_t *p, const char *format, ...) SODNS_PRINTF(2, 3);
/* Logs a warning with the same in front. [prepare] */
SODNS_API void sodns_prepare_warning(sodns_prepare_t *p, const char *format, ...)
	SODNS_PRINTF(2, 3);

/* Runs fn(arg) as a task, in which everything that may wait does (wait.h, upstream.h, sodns_blocking()), and
 * returns what fn returned; prepare itself is none. For what an instance can't start without: a list that
 * is fetched, a name that is looked up. Waits in fn say SODNS_ETIMEOUT after `patience`, and when all instances
 * of the configuration together have waited for half a minute; SODNS_ECANCELLED when the process is to
 * end. fn returns soon after that; it was not called where there is no memory for a task until then: the
 * same values. A configuration is prepared by a trial before it is taken, and by -check: fn changes
 * nothing outside. Every five seconds a line says what is waited for. [prepare] */
SODNS_API int sodns_prepare_wait(sodns_prepare_t *p, int (*fn)(void *arg), void *arg,
				 uint64_t patience);
/* What that line says, of fn: "3 of 7 lists". [prepare], also within sodns_prepare_wait() */
SODNS_API void sodns_prepare_progress(sodns_prepare_t *p, const char *format, ...)
	SODNS_PRINTF(2, 3);

/* `fallthrough [ZONES...]`, the same for every plugin that answers: SODNS_OPT_FALLTHROUGH. */
typedef struct sodns_fallthrough {
	const uint8_t *const *zones;
	size_t count;
	bool set;
} sodns_fallthrough_t;
/* Whether a query for name goes on to the next plugin. [any thread] */
SODNS_API bool sodns_fallthrough_match(const sodns_fallthrough_t *f, const uint8_t *name);

#endif
