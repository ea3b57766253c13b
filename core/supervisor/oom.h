/*
 * How often the system killed a process of this cgroup because memory ran out.
 */
#ifndef CORE_SUPERVISOR_OOM_H
#define CORE_SUPERVISOR_OOM_H

#include <stdint.h>

/* So far, by any kind of OOM killer; 0 where the system does not say. `self` is /proc/self/cgroup and
 * `root` /sys/fs/cgroup, but for tests. */
uint64_t oom_kills(const char *self, const char *root);

#endif
