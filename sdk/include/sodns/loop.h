/*
 * The service thread's event loop (libuv), for what brings its own I/O: a client library that says which
 * descriptors it waits for and when it wants to be called. What has nothing to do but to wait and go on
 * is a service (wait.h), and simpler.
 *
 * Handles on the loop are made, used and closed on its thread: from their own callbacks, or by the two
 * calls below. No callback may wait (wait.h) or block: services and reclaimed memory stand still
 * meanwhile. What an instance has there is closed before its teardown returns.
 */
#ifndef SODNS_LOOP_H
#define SODNS_LOOP_H

#include <sodns/abi.h>

/* libuv's uv_loop_t, of uv.h. */
struct uv_loop_s;

/* The loop. There from the first prepare until the process ends. [any thread] */
SODNS_API struct uv_loop_s *sodns_loop(void);
/* Calls fn(arg) on the loop's thread soon; what one thread posts is called in order. [any thread] */
SODNS_API void sodns_loop_post(void (*fn)(void *arg), void *arg);
/* The same, and returns when it has been called. [any thread] but the loop's, and not from a task. */
SODNS_API void sodns_loop_call(void (*fn)(void *arg), void *arg);

#endif
