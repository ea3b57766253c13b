/*
 * Two processes: the parent keeps the listening sockets, the right to bind low ports and to read
 * keys, and nothing else; the child serves, with no privileges. When the child crashes, the parent
 * says in whose hands which question was, and starts a fresh one, which finds the sockets, and what
 * arrived in them meanwhile, as they were.
 */
#ifndef CORE_SUPERVISOR_SUPERVISOR_H
#define CORE_SUPERVISOR_SUPERVISOR_H

#include <stdatomic.h>

#include <sodns/name.h>

#include "runtime/socket.h"

#define BLOCKS_NOTED 512u
#define PLUGINS_NOTED 64u
/* Questions that are kept from plugins because they crashed them. */
#define SUSPECTS 16u
#define QUESTION_TEXT_MAX (SODNS_NAME_TEXT_MAX + 16u)

/* Why the child ends, if it does so on purpose. */
enum supervisor_finish {
	FINISH_NOT,
	FINISH_FOR_GOOD,
	FINISH_TO_TRY_AGAIN, /* what served before can't be set up at the moment */
};

/* "name. TYPE": to be answered SERVFAIL until then (sodns_now()). */
typedef struct crash_question {
	char question[QUESTION_TEXT_MAX];
	uint64_t until;
	unsigned times;
} crash_question_t;

/* Crashes so far; the last entry stands for all further plugins. */
typedef struct crash_counts {
	struct {
		char plugin[64];
		unsigned count;
	} of[PLUGINS_NOTED];
	unsigned failed_starts; /* no process could be made */
	crash_question_t on[SUSPECTS];
} crash_counts_t;

/* What both processes see. The parent takes nothing from it for granted: the child writes it too. */
typedef struct supervisor_page {
	_Atomic(int) serving; /* the child has begun to answer */
	_Atomic(int) finish;  /* enum supervisor_finish */
	/* the last crash, as the child's last act noted it */
	int signal;
	char plugin[64], question[QUESTION_TEXT_MAX], detail[64];
	/* for the child: it takes the place of one that crashed at `crashed` (sodns_now()) */
	bool restarted;
	uint64_t crashed;
	crash_counts_t crashes;
	uint32_t prepare_us[BLOCKS_NOTED]; /* how long each block took to prepare, in their order */
} supervisor_page_t;

typedef struct supervisor_options {
	const char
		*user; /* whom the child runs as; NULL: the parent's user, without capabilities */
	const char *pidfile; /* of the parent, or NULL */
	/* Does the configuration, as it is now, name this file, and this port to listen on? The parent
	 * asks on its child's behalf; NULL: no. */
	bool (*names_file)(const char *path);
	bool (*names_port)(uint16_t port);
} supervisor_options_t;

/* Runs child() in processes of its own until one of them ends on purpose or a signal asks for the end.
 * Returns the exit status. The calling process must have no threads yet. */
int supervise(const supervisor_options_t *o, int (*child)(void *arg), void *arg);

/* The child's side. Without a parent (NULL) all of this works too, on its own. */
extern supervisor_page_t *supervisor_page;
/* A listening socket: the descriptor, or a negative errno. */
int supervisor_socket(const socket_spec_t *spec);
/* The socket is not listened on any more: the parent closes its own copy. */
void supervisor_release(const socket_spec_t *spec);
/* A configuration is in force; a reload has begun; it failed, and all is as before; the end is near. */
enum supervisor_state {
	SUPERVISOR_READY,
	SUPERVISOR_RELOADING,
	SUPERVISOR_UNCHANGED,
	SUPERVISOR_STOPPING
};
void supervisor_tell(enum supervisor_state state);
/* Opens a file with a key for reading, if need be by the parent, which does so for PEM files that the
 * configuration names. The descriptor, or a negative errno. */
int supervisor_open_key(const char *path);
/* The process ends on purpose, and has said why. */
void supervisor_finish(enum supervisor_finish how);

/* Notes a crash in the page; for signal handlers. `look` writes what is in hand there. */
void supervisor_catch_crashes(void (*look)(supervisor_page_t *page));
/* The calling thread's signal stack, so that a stack that overflowed is noted too. */
void supervisor_thread(void);

#endif
