/*
 * Files that the parent opens for its child.
 */
#ifndef CORE_SUPERVISOR_KEY_H
#define CORE_SUPERVISOR_KEY_H

#include <sys/types.h>

/* Opens a PEM file that lies where `child` could not have put it. The descriptor, or a negative
 * errno. */
int key_open(const char *path, uid_t child);

#endif
