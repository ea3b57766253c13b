/*
 * What parent and child say to each other: fixed-size requests over a socket pair, and answers that
 * may carry a descriptor.
 */
#ifndef CORE_SUPERVISOR_WIRE_H
#define CORE_SUPERVISOR_WIRE_H

#include <limits.h>

#include "supervisor/supervisor.h"

enum wire_kind { WIRE_SOCKET, WIRE_RELEASE, WIRE_KEY, WIRE_STATE, WIRE_TRIAL };

typedef struct wire_request {
	enum wire_kind kind;
	union {
		socket_spec_t socket;
		char path[PATH_MAX];
		enum supervisor_state state;
	} u;
} wire_request_t;

/* The next request: 1; 0 at the end of the channel; -EAGAIN if there is none, -EBADMSG for one that no
 * child of ours would send. */
int wire_receive(int channel, wire_request_t *out);
/* Closes it, if it is open, and notes that: -1. */
void wire_close(int *channel);
/* To WIRE_SOCKET, WIRE_KEY and WIRE_TRIAL: 0 and a descriptor, or a negative errno. Does not wait for a child that
 * takes no answers: -EAGAIN. */
int wire_answer(int channel, int fd_or_errno);
int wire_receive_answer(int channel);

#endif
