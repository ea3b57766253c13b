/*
 * Stacks for tasks: reserved, not used, until touched; with a page below that may not be touched at
 * all.
 */
#ifndef CORE_RUNTIME_STACK_H
#define CORE_RUNTIME_STACK_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE (256u << 10)
#else
#define STACK_SIZE (128u << 10)
#endif

/* `size` bytes, above a guard page. NULL: no memory, or vm.max_map_count is reached (two mappings
 * each). */
void *stack_map(size_t size);
void stack_unmap(void *low, size_t size);
/* Gives back what a deep call touched, but for the top `keep` bytes. */
void stack_trim(void *low, size_t size, size_t keep);

#endif
