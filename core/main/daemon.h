/*
 * What the executable calls.
 */
#ifndef CORE_MAIN_DAEMON_H
#define CORE_MAIN_DAEMON_H

#include <sodns/abi.h>

/* The whole daemon: reads the flags, serves, returns the exit status. */
SODNS_API int sodns_main(int argc, char **argv);

#endif
