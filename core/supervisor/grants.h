/*
 * What the parent gives its child: listening sockets and keys. The child may be in somebody else's
 * hands; it gets what the configuration names, as the parent itself reads it, and no more of it than
 * a server needs.
 */
#ifndef CORE_SUPERVISOR_GRANTS_H
#define CORE_SUPERVISOR_GRANTS_H

#include <sys/types.h>

#include "supervisor/supervisor.h"

typedef struct grants {
	const supervisor_options_t *options;
	uid_t child;          /* the user that the child runs as */
	struct kept *sockets; /* open, and asked for by the child that runs or the one before it */
	unsigned socket_count;
	char **keys; /* paths that were given, so that a broken new Corefile takes none away */
	unsigned key_count;
} grants_t;

/* A listening socket, which the parent keeps: the descriptor, or a negative errno. */
int grants_socket(grants_t *g, const socket_spec_t *spec);
void grants_release(grants_t *g, const socket_spec_t *spec);
/* An open key file, which the caller closes, or a negative errno. */
int grants_key(grants_t *g, const char *path);
/* A new child begins to ask. */
void grants_begin(grants_t *g);
/* The configuration that it asked for is in force: what is left of the one before goes. */
void grants_settle(grants_t *g);
/* Closes the sockets, and forgets all. */
void grants_end(grants_t *g);

#endif
