/*
 * The system calls of a process that serves.
 */
#ifndef CORE_SYSTEM_SECCOMP_H
#define CORE_SYSTEM_SECCOMP_H

/* From now on the calling thread, and those it makes, have them and no others. 0, or -1 and errno. */
int seccomp_enter(void);

#endif
