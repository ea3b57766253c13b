/*
 * Stacks of tasks.
 */
#include "runtime/stack.h"

#include <stdint.h>
#include <sys/mman.h>

#define GUARD 4096u

void *stack_map(size_t size)
{
	uint8_t *p = mmap(NULL, size + GUARD, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p, GUARD, PROT_NONE)) {
		munmap(p, size + GUARD);
		return NULL;
	}
	return p + GUARD;
}

void stack_unmap(void *low, size_t size)
{
	munmap((uint8_t *)low - GUARD, size + GUARD);
}

void stack_trim(void *low, size_t size, size_t keep)
{
	unsigned char resident[(STACK_SIZE + GUARD - 1) / GUARD];
	size_t cold = size - keep;
	if (cold / GUARD > sizeof(resident) || mincore(low, cold, resident))
		return;
	for (size_t i = 0; i < cold / GUARD; i++)
		if (resident[i] & 1) {
			madvise(low, cold, MADV_DONTNEED);
			return;
		}
}
