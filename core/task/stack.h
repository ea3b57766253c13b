/*
 * Stacks for tasks: reserved, not used, until touched; with a guard below that may not be touched at
 * all.
 */
#ifndef CORE_TASK_STACK_H
#define CORE_TASK_STACK_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE (256u << 10)
#else
#define STACK_SIZE (128u << 10)
#endif

/* `size` bytes, above a guard that may not be touched. NULL: no memory, or vm.max_map_count is reached (two mappings
 * each). */
void *stack_map(size_t size);
void stack_unmap(void *low, size_t size);
/* Whether touching `at` was a step beyond the end of this one. For signal handlers. */
bool stack_overflowed(const void *low, const void *at);
/* Gives back what a deep call touched, but for the top `keep` bytes. */
void stack_trim(void *low, size_t size, size_t keep);

#endif
