/*
 * What the parts of the process's life share: control.c waits for what ends it or asks for a reload,
 * start.c brings the first configuration into force, reload.c the next ones, stop.c ends.
 */
#ifndef CORE_SERVER_LIFE_H
#define CORE_SERVER_LIFE_H

#include <pthread.h>

#include "server/server.h"

typedef struct life {
	generation_t *serving;
	pthread_mutex_t generations; /* held by a reload, all along */
	pthread_mutex_t switching;   /* serving and stopping change */
	_Atomic(bool) reloading, stopping;
	/* What is called when the next reload fails: the last that asked for it. */
	void (*_Atomic on_failure)(const char *why);
	_Atomic(int) wanted_reload;
	_Atomic(unsigned) unsettled; /* ticks until what it took to begin is let go */
} life_t;
extern life_t life;

/* Has the main thread look at what is wanted. [any thread] */
void life_request(void);
/* Another configuration is in force, or an old one has gone. [any thread] */
void life_changed(void);
/* Takes the signals that came: whether one of them asks for the end. */
bool life_ends(int signal_fd);
/* Ends a process that has served. */
_Noreturn void life_leave(int status);

/* start.c: the first configuration of a process, of which there are three kinds. An error ends it. */
void start_whole(const control_options_t *o, generation_t *g);
/* After a crash: it serves, and is prepared meanwhile. */
void start_in_parts(generation_t *g);
/* Another process serves until this one does. */
void start_takeover(generation_t *g);
/* Prepares what was set up; but for what tells of the process's life, nothing is visible yet. NULL: err
 * says why, and it is gone. */
generation_t *start_prepare(generation_t *g, char *err, size_t err_size);
/* Ends a process that could not be set up. */
_Noreturn void start_refuse(const char *err, enum supervisor_finish how);
/* Whether any block wants the debug log. */
bool start_debug_wanted(const generation_t *g);
/* How long each block took, for the process that may have to take this one's place. */
void start_note_times(const generation_t *g);

/* reload.c: reads the configuration again on a thread of its own, or once more when that has ended. */
void reload_begin(void);
/* Frees configurations that were kept for their queries and are needed no more. */
void reload_look_at_kept(void);
/* What the metrics say of the last reload; a start is one. */
void reload_note(bool good);

/* stop.c: queries that came are answered, also those put aside; then the threads end. Returns how many queries
 * still wait: they, and only they, can still look at the generation. */
unsigned stop_serving(int signal_fd);

#endif
