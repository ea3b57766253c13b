/*
 * The last act of a process that crashes: it writes into the page what it had in hand.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "supervisor/supervisor.h"

#define STACK_SIZE 65536u

/* A sanitizer's own report says more, and ends the process too. */
#ifdef SODNS_SANITIZED
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static void (*look_in_hand)(supervisor_page_t *page);

static void on_crash(int number)
{
	supervisor_page_t *p = supervisor_page;
	/* A second crash, or another thread's: the first one is the one to tell. */
	if (p && !p->signal) {
		p->signal = number;
		look_in_hand(p);
	}
	signal(number, SIG_DFL);
	raise(number);
}

void supervisor_thread(void)
{
	stack_t s = {.ss_size = STACK_SIZE};
	s.ss_sp = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s.ss_sp != MAP_FAILED)
		sigaltstack(&s, NULL);
}

void supervisor_catch_crashes(void (*look)(supervisor_page_t *page))
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	struct sigaction a = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER};
	look_in_hand = look;
	if (supervisor_page && !sanitized)
		for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
			sigaction(signals[i], &a, NULL);
}
