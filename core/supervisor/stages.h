/*
 * The private folder that the parent keeps while processes come and go: each start and each trial has a
 * stage in it (host/stage.c), and that of the configuration which served last stays. The folder is the
 * child's to write; the parent reads nothing in it.
 */
#ifndef CORE_SUPERVISOR_STAGES_H
#define CORE_SUPERVISOR_STAGES_H

#include <stdbool.h>
#include <sys/types.h>

#define STAGE_PATH_MAX 600u

typedef struct stages {
	char folder[512]; /* "": there is none, and nothing can be staged */
	int fd;
	unsigned serial;
	/* 0: none. The one that the child began with or has put into force; the one of a trial that went
	 * well and is not in force yet; the last that served. */
	unsigned current, tried, good;
	unsigned first; /* that the child began with: debuggers find what it has mapped there */
	bool use_good;  /* what lies on the disk can't be served */
} stages_t;

void stages_begin(stages_t *s, uid_t child);
/* A new one, 0 without a folder. */
unsigned stages_new(stages_t *s);
/* Its path; "" for 0. */
void stages_path(const stages_t *s, unsigned stage, char out[STAGE_PATH_MAX]);
void stages_drop(stages_t *s, unsigned stage);
/* What the child put into force has served. */
void stages_settle(stages_t *s);
/* The child has ended: all go but the last that served. */
void stages_tidy(stages_t *s);
void stages_end(stages_t *s);

#endif
