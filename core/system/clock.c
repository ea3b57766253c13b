/*
 * The time: since the system started, for what is measured and waited for, and of the day.
 */
#include <time.h>

#include <sodns/query.h>

#include "system/seam.h"

uint64_t sodns_now(void)
{
	uint64_t held = atomic_load_explicit(&seam.clock, memory_order_relaxed);
	struct timespec t;
	if (__builtin_expect(held != 0, 0))
		return held;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t sodns_time(void)
{
	uint64_t held = atomic_load_explicit(&seam.clock, memory_order_relaxed);
	return held ? held / 1000000000u : (uint64_t)time(NULL);
}
