/*
 * In whose hands a thread is: the plugin, and the client's question. What a query waited for may have
 * been done on another task or thread; those carry what was in hand when it began.
 */
#ifndef CORE_TASK_BLAME_H
#define CORE_TASK_BLAME_H

#include <sodns/name.h>

#define BLAME_PLUGIN_MAX 64u
#define BLAME_QUESTION_MAX (SODNS_NAME_TEXT_MAX + 16u)

/* Work that was begun for a query, and may outlive it. */
typedef struct blame {
	const char *plugin; /* lives as long as the process; NULL: none */
	uint16_t type;
	uint8_t name[SODNS_NAME_MAX]; /* type 0: there is no question */
} blame_t;

/* The same as texts; "": none. */
typedef struct blame_text {
	char plugin[BLAME_PLUGIN_MAX], question[BLAME_QUESTION_MAX];
} blame_text_t;

/* What the calling thread has in hand. */
void blame_take(blame_t *out);
/* The same, for signal handlers too. */
void blame_look(blame_text_t *out);
/* Threads without a loop have this in hand; NULL: nothing. */
extern __thread const blame_t *blame_of_thread;

/* Appends, as far as there is room: snprintf() is not for signal handlers. */
void blame_append(char *out, size_t size, const char *text);

#endif
