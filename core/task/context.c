/*
 * Contexts: preparing a fresh stack, and telling the sanitizers. The switch itself is in
 * context_ARCH.S.
 */
#include "task/context.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define CONTEXT_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define CONTEXT_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define CONTEXT_TSAN 1
#endif

#ifdef CONTEXT_ASAN
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef CONTEXT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* In context_ARCH.S: pushes what the ABI says a call preserves, swaps stack pointers, pops,
 * returns. */
void context_swap(void **save, void *load);
/* Where a fresh stack begins: calls context_begin() with the context that its first registers hold.
 */
void context_trampoline(void);
__attribute__((visibility("hidden"))) void context_begin(context_t *c);

/* The context that this thread comes from, for AddressSanitizer at the first entry of a stack. */
static __thread context_t *left;

static void arrived(context_t *self)
{
#ifdef CONTEXT_ASAN
	const void *low;
	size_t size;
	__sanitizer_finish_switch_fiber(self->fake, &low, &size);
	if (left && !left->size) {
		left->low = low;
		left->size = size;
	}
#else
	(void)self;
#endif
}

void context_begin(context_t *c)
{
	c->fake = NULL;
	arrived(c);
	c->entry(c->arg);
	abort();
}

#if defined(__x86_64__)
#define SAVED 9 /* six registers, the return address, two words that align the first call */
#elif defined(__aarch64__)
#define SAVED 20
#else
#error "no task switch for this machine"
#endif

void context_init(context_t *c, void *low, size_t size, void (*entry)(void *arg), void *arg)
{
	void **top = (void **)(((uintptr_t)low + size) & ~(uintptr_t)15);
	*c = (context_t){.low = low, .size = size, .entry = entry, .arg = arg};
	top -= SAVED;
	memset(top, 0, SAVED * sizeof(*top));
#if defined(__x86_64__)
	top[5] = c; /* rbp's place is zero: unwinders stop there; rbx carries the context */
	top[6] = (void *)(uintptr_t)context_trampoline;
#else
	top[0] = c;                                      /* x19 */
	top[11] = (void *)(uintptr_t)context_trampoline; /* x30 */
#endif
	c->sp = top;
#ifdef CONTEXT_TSAN
	c->fiber = __tsan_create_fiber(0);
#endif
}

void context_init_thread(context_t *c)
{
	*c = (context_t){.sp = NULL};
#ifdef CONTEXT_ASAN
	pthread_attr_t attr;
	void *low;
	if (!pthread_getattr_np(pthread_self(), &attr)) {
		pthread_attr_getstack(&attr, &low, &c->size);
		c->low = low;
		pthread_attr_destroy(&attr);
	}
#endif
#ifdef CONTEXT_TSAN
	c->fiber = __tsan_get_current_fiber();
#endif
}

void context_switch(context_t *from, context_t *to)
{
	left = from;
#ifdef CONTEXT_ASAN
	__sanitizer_start_switch_fiber(&from->fake, to->low, to->size);
#endif
#ifdef CONTEXT_TSAN
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
	context_swap(&from->sp, to->sp);
	arrived(from);
}

void context_dispose(context_t *c)
{
#ifdef CONTEXT_TSAN
	if (c->fiber)
		__tsan_destroy_fiber(c->fiber);
#endif
	c->fiber = NULL;
}
