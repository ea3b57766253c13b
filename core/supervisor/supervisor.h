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

#include "net/socket.h"

#define BLOCKS_NOTED 512u
#define PLUGINS_NOTED 64u
/* Questions that are kept from plugins because they crashed them. */
#define SUSPECTS 16u
#define QUESTION_TEXT_MAX (SODNS_NAME_TEXT_MAX + 16u)
#define DETAIL_MAX 640u
/* Why a configuration can't be served. */
#define WHY_MAX 2048u

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
	char how[32]; /* what the signal's name does not say, or "" */
	char plugin[64], question[QUESTION_TEXT_MAX], detail[DETAIL_MAX];
	/* what is being done with which plugin while a configuration is set up; `doing` "": nothing */
	char step_plugin[64], doing[DETAIL_MAX];
	char why[WHY_MAX];      /* why it ends on purpose */
	_Atomic(bool) replaced; /* from the parent: another process has its sockets, and serves */
	_Atomic(unsigned) linger_ms; /* it has been told to stop, and serves on for so long */
	/* for the child: folders to put the configuration into that it reads, to take one from, and whose
	 * plugins' copies may be used again; "": none (host/stage.c) */
	char stage[600], staged[600], before[600];
	bool takes_over;      /* from a process that serves until this one is ready */
	char broken[WHY_MAX]; /* why it is to take the one that served last; "": it is not */
	/* for the child: it takes the place of one that crashed at `crashed` (sodns_now()) */
	bool restarted;
	uint64_t crashed;
	crash_counts_t crashes;
	uint32_t prepare_us[BLOCKS_NOTED]; /* how long each block took to prepare, in their order */
} supervisor_page_t;

typedef struct supervisor_options {
	const char *
		user; /* the user that the child runs as; NULL: the parent's user, without capabilities */
	const char *pidfile; /* of the parent, or NULL */
	/* Does the configuration, as it is now, name this file, and this port to listen on? The parent
	 * asks on its child's behalf; NULL: no. */
	bool (*names_file)(const char *path);
	bool (*names_port)(uint16_t port);
	/* Tries what lies on the disk, in a process of its own that is as the child is, and may ask for
	 * keys. 0: it can be served; else supervisor_explain() has said why not. NULL: nothing is tried. */
	int (*trial)(void *arg);
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
/* A configuration is in force; a reload has begun; it failed, and all is as before; the end is near; see
 * below. */
enum supervisor_state {
	SUPERVISOR_READY,
	SUPERVISOR_RELOADING,
	SUPERVISOR_UNCHANGED,
	SUPERVISOR_STOPPING,
	/* What was tried needs more than this process may do: a fresh one is to take it, and then this one
	 * is told to stop. */
	SUPERVISOR_OUTGROWN
};
void supervisor_tell(enum supervisor_state state);
/* Opens a file with a key for reading, if need be by the parent, which does so for PEM files that the
 * configuration names. The descriptor, or a negative errno. */
int supervisor_open_key(const char *path);
/* Has what lies on the disk tried by a process of its own. 0: it can be served, and is staged there; 1:
 * there is no parent, and nothing was tried; -1: `text` says why not. Blocks the calling thread. */
typedef struct supervisor_verdict {
	int status;
	char stage[600], text[WHY_MAX];
} supervisor_verdict_t;
int supervisor_try(supervisor_verdict_t *v);
/* Whether sockets and keys come from a parent. */
bool supervisor_is_there(void);
/* The process ends on purpose, and has said why. */
void supervisor_finish(enum supervisor_finish how);
void supervisor_explain(const char *why);

/* Notes crashes in the page; without a parent they are said on standard error. `look` writes what is in
 * hand there: `at` is the address that could not be touched, or NULL. For a signal handler. */
void supervisor_catch_crashes(void (*look)(supervisor_page_t *page, const void *at));
/* What is noted where there is no parent to read it. */
supervisor_page_t *supervisor_own_page(void);
/* The calling thread's signal stack, so that a stack that overflowed is noted too. */
void supervisor_thread(void);

#endif
