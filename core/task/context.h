/*
 * Switching stacks: the one place where a task is more than straight-line code.
 *
 * A context is a stack and where its code stands. A switch saves the callee-saved registers on the
 * stack it leaves and takes them from the one it goes to; signal masks, floating-point control
 * words and errno are not part of it (nothing here changes the first two, and no code may rely on
 * the third across a wait). The sanitizers are told of every switch, so that they find what they
 * should and nothing else.
 */
#ifndef CORE_TASK_CONTEXT_H
#define CORE_TASK_CONTEXT_H

#include <stddef.h>

typedef struct context {
	void *sp;
	/* AddressSanitizer: the fake stack, and the bounds of the real one */
	void *fake;
	const void *low;
	size_t size;
	/* ThreadSanitizer: its idea of this stack */
	void *fiber;
	/* what to call first */
	void (*entry)(void *arg);
	void *arg;
} context_t;

/* (Re)initialises a context on a stack of `size` bytes at `low`. entry must never return. */
void context_init(context_t *c, void *low, size_t size, void (*entry)(void *arg), void *arg);
/* Stands for the calling thread's own stack. */
void context_init_thread(context_t *c);
/* Saves into `from`, goes on in `to`. */
void context_switch(context_t *from, context_t *to);
/* Before a context's stack is unmapped. */
void context_dispose(context_t *c);

#endif
