/*
 * What is told of patterns besides their matches.
 */
#ifndef CORE_TEXT_REGEX_H
#define CORE_TEXT_REGEX_H

#include <stdint.h>

/* Matches of the process that were given up because the pattern ran into its limits. Any thread. */
uint64_t regex_given_up(void);

#endif
