/*
 * "sodns.control/1": what a plugin shows of itself, and what it can be told to do, while it serves: for
 * a control command and a page, which know no plugin by name. What is shown is data, never text for a
 * terminal or HTML: the program that prints it escapes it.
 *
 * Both run on the control's own thread, beside the workers: they take what they need as a query does
 * (share.h) and may block for a short while. A worker is never stopped for them.
 */
#ifndef SODNS_CONTROL_H
#define SODNS_CONTROL_H

#include <sodns/json.h>
#include <sodns/query.h>

#define SODNS_ABILITY_CONTROL "sodns.control/1"

/* The answer of a command or a status, as JSON of any length: what is written goes out in pieces. */
typedef struct sodns_control_reply sodns_control_reply_t;
/* Begins a table; then rows: members as json.h writes them. Several tables make several parts. False: the
 * reader has gone, stop. */
bool sodns_control_table(sodns_control_reply_t *r, const char *name);
bool sodns_control_row(sodns_control_reply_t *r, const char *members, size_t len);
/* Ends it with an error: a sentence that says what to do. Returns SODNS_EINVAL. */
int sodns_control_error(sodns_control_reply_t *r, const char *format, ...) SODNS_PRINTF(2, 3);

typedef struct sodns_control_command {
	const char *name; /* "flush": called as "cache flush" */
	const char *args; /* "NAME [TYPE]", for help and completion */
	const char *help; /* one sentence */
	bool changes;     /* something: a reader's access does not suffice */
	/* `words` are NUL-ended and as they were typed. 0, or what sodns_control_error() returned. */
	int (*run)(void *self, const char *const *words, size_t count, sodns_control_reply_t *r);
	const void *reserved[2];
} sodns_control_command_t;

typedef struct sodns_control_ability {
	uint32_t size;
	/* "status": one table or several; the block that the instance is of is told beside it. NULL:
	 * nothing to show. */
	int (*status)(void *self, sodns_control_reply_t *r);
	const sodns_control_command_t *commands;
	size_t command_count;
	/* A step of "explain": what the instance did about the query that it was asked for, called when the
	 * chain has come back to it; written only for queries that are explained. NULL: nothing but its time
	 * and what it changed, which the host sees. [query] */
	void (*explain)(void *self, sodns_query_t *q, sodns_control_reply_t *r);
} sodns_control_ability_t;

#endif
