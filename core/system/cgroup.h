/*
 * What the process's control groups allow it: of its own group and of all above, the least counts.
 * Both versions; a container that sees a part of the tree alone finds its own limit at the top.
 */
#ifndef CORE_SYSTEM_CGROUP_H
#define CORE_SYSTEM_CGROUP_H

#include <stdint.h>

/* Bytes of memory; UINT64_MAX: no limit. `root` is in front of /proc and /sys, "" but in tests. */
uint64_t cgroup_memory(const char *root);
/* CPUs that the quota stands for, rounded up; 0: no quota. */
unsigned cgroup_cpus(const char *root);

#endif
