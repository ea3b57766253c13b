/*
 * Unguessable numbers in small portions.
 */
#ifndef CORE_RUNTIME_RANDOM_H
#define CORE_RUNTIME_RANDOM_H

#include <stdint.h>

/* 16 bits that nobody can guess. */
uint16_t random_id(void);

#endif
