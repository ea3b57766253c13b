/*
 * What the SDK's setup and prepare handles are.
 */
#ifndef CORE_HOST_SETUP_H
#define CORE_HOST_SETUP_H

#include "host/host.h"

struct sodns_setup {
	generation_t *generation;
	block_t *block;
	const plugin_t *plugin;
	corefile_cursor_t cursor;
	instance_t *added; /* last, by sodns_add_handler() */
	const char *file;  /* of the occurrence that the cursor is in */
	int line;
	const char **args; /* of sodns_setup_args() */
	size_t args_room;
	unsigned reads; /* occurrences that were read by the table */
	uint64_t given; /* properties that stood there: a bit for each row */
	bool failed;
	char error[2048];
};

/* What instances may wait for in prepare, all together; a supervisor that waits for the process takes
 * twice as long for a sign that nothing comes. */
#define PREPARE_WAIT_NS 30000000000u

struct sodns_prepare {
	generation_t *generation;
	instance_t *instance;
	bool failed;
	char error[2048];
	char progress[200]; /* of what is waited for; under a lock of its own */
};

/* Warns of plugins that no query reaches, as one in front of them answers all. */
void warn_of_unreached(generation_t *g);

/* The Corefile's name and text, which the caller frees. 0, or err says why not. */
int corefile_read(char **name, char **text, size_t *len, char *err, size_t err_size);

/* The zones that a text stands for, allocated in the generation. NULL: err says why. */
const uint8_t **zones_of(generation_t *g, const char *text, size_t *count, char *err,
			 size_t err_size);

/* sodns_setup_zone_text(), with the error in err. */
const uint8_t *const *setup_zone_text(sodns_setup_t *s, const char *text, size_t *count, char *err,
				      size_t err_size);
/* The zones that `fallthrough` names; no words: all. */
int setup_fallthrough(sodns_setup_t *s, const char *const *words, size_t count,
		      sodns_fallthrough_t *out);

#endif
