/*
 * Unguessable numbers in small portions.
 */
#ifndef CORE_SYSTEM_RANDOM_H
#define CORE_SYSTEM_RANDOM_H

#include <stdint.h>

/* 16 bits that can't be guessed. */
uint16_t random_id(void);

#endif
