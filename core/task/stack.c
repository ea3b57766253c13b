/*
 * Stacks of tasks.
 */
#include "task/stack.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096u
/* A frame that is bigger than a page must not step over it. */
#define GUARD 65536u

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

bool stack_overflowed(const void *low, const void *at)
{
	const uint8_t *bottom = low, *p = at;
	return p < bottom && p >= bottom - GUARD;
}

void stack_trim(void *low, size_t size, size_t keep)
{
	unsigned char resident[(STACK_SIZE + PAGE - 1) / PAGE];
	size_t cold = size - keep;
	if (cold / PAGE > sizeof(resident) || mincore(low, cold, resident))
		return;
	for (size_t i = 0; i < cold / PAGE; i++)
		if (resident[i] & 1) {
			madvise(low, cold, MADV_DONTNEED);
			return;
		}
}
