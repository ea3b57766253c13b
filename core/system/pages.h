/*
 * Memory that is given back when a process has begun, or a configuration has gone.
 */
#ifndef CORE_SYSTEM_PAGES_H
#define CORE_SYSTEM_PAGES_H

/* Gives back what malloc holds for nobody, and takes code out of the process's memory that it needed to begin:
 * relocations, initialisations, the reading of a configuration. What runs on is mapped again page by page from the
 * page cache, where all of it stays. Takes some milliseconds. [any thread] */
void pages_let_go(void);

#endif
