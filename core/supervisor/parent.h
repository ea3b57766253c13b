/*
 * What the parts of the parent share.
 */
#ifndef CORE_SUPERVISOR_PARENT_H
#define CORE_SUPERVISOR_PARENT_H

#include "supervisor/grants.h"
#include "supervisor/stages.h"
#include "supervisor/supervisor.h"

/* Ended children that were not waited for yet. */
#define ENDED_MOST 8u

/* A process that tries what lies on the disk. */
typedef struct trial {
	pid_t pid; /* 0: none */
	int channel, verdict, printed;
	supervisor_page_t *page;
	unsigned stage;
	uint64_t ends; /* then it has taken too long */
	bool late;
} trial_t;

struct parent {
	int (*run)(void *arg);
	void *arg;
	grants_t grants;
	stages_t stages;
	trial_t trial;
	supervisor_page_t *page;
	/* The page's, out of the child's reach. */
	crash_counts_t crashes;
	uint64_t crashed;
	bool restarted;
	char broken[WHY_MAX]; /* why the last start from the disk failed */
	int signals, channel;
	pid_t child; /* 0: none */
	/* One that a fresh process takes over from: it serves until that is ready, and then stops. */
	struct leaving {
		pid_t pid; /* 0: none */
		int channel;
		supervisor_page_t *page;
		uint64_t told; /* to stop, when; 0: not yet */
	} leaving;
	bool ready; /* it has loaded everything */
	pid_t ended[ENDED_MOST];
	unsigned ended_count;
	uint64_t start_at; /* then one is to be started */
	uint64_t began;    /* when the last one was */
	uint64_t load_ns;  /* how long the last one took to load */
	bool stopping;
	uint64_t stop_began, stop_ends; /* by then whatever runs is killed; 0: not stopping */
	unsigned pause_ms;
	uint64_t oom_kills; /* in the cgroup, as last seen */
};

/* One page that parent and child both see. NULL: no memory. */
supervisor_page_t *page_new(void);
/* In the new process, behind fork(): it becomes what the parent's child is. */
void become_child(struct parent *p, int channel, supervisor_page_t *page, pid_t parent);
/* How long a process may take to load, in ns. */
uint64_t load_bound(const struct parent *p);

/* obituary.c: a child has ended that was not told to (status as waitpid(2) has it). */
void note_crash(struct parent *p, int status);
/* The same as a text, for what a trial did. */
void describe_end(const supervisor_page_t *page, int status, char *out, size_t size);
/* A text that the child left: in bounds, and on one line. */
void take_text(char *out, const char *in, size_t size);

/* handover.c. The child has outgrown its bounds: a fresh one is started beside it. */
void handover_begin(struct parent *p);
/* The fresh one is ready: the other is told to stop. */
void handover_ready(struct parent *p);
/* The fresh one has ended before that: the other serves on. False: there is no other. */
bool handover_fails(struct parent *p);
/* The other may have ended, or not end. */
void handover_look(struct parent *p);
/* 0, or a negative errno. */
int start_child(struct parent *p);
/* Until when a child that was told to stop at `told` may take to. */
uint64_t stop_bound(const supervisor_page_t *page, uint64_t told);

/* trial.c. Begins one: the descriptor on which the child hears of it, which the caller closes, or a
 * negative errno. */
int trial_begin(struct parent *p);
/* The trial's process has ended. */
void trial_end(struct parent *p, int status);
/* Nothing waits for it any more. */
void trial_cancel(struct parent *p);
/* What it asks for. */
void trial_serve(struct parent *p);
/* Ends it when it has taken too long. */
void trial_look(struct parent *p);

#endif
