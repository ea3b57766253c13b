/*
 * The last act of a process that crashes: it writes into the page what it had in hand.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

#define STACK_SIZE 65536u

/* A sanitizer's own report says more, and ends the process too. */
#ifdef SODNS_SANITIZED
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static void (*look_in_hand)(supervisor_page_t *page, const void *at);
static supervisor_page_t own_page; /* of a process without a parent */

supervisor_page_t *supervisor_own_page(void)
{
	return &own_page;
}

static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* No other process is there to say it; printf is not for signal handlers. */
static void say_all(const supervisor_page_t *p, int number)
{
	say(*p->plugin ? "plugin/" : "");
	say(p->plugin);
	say(*p->plugin ? ": crashed (" : "crashed (");
	say(*p->how ? p->how : sigdescr_np(number));
	say(")");
	say(*p->question ? " on \"" : "");
	say(p->question);
	say(*p->question ? "\"" : "");
	say(*p->detail ? ", " : "");
	say(p->detail);
	say("\n");
}

static void on_crash(int number, siginfo_t *info, void *context)
{
	supervisor_page_t *p = supervisor_page ? supervisor_page : &own_page;
	bool at = number == SIGSEGV || number == SIGBUS;
	(void)context;
	/* A second crash, or another thread's: the first one is the one to tell. */
	if (!p->signal) {
		p->signal = number;
		look_in_hand(p, at ? info->si_addr : NULL);
		if (p == &own_page)
			say_all(p, number);
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

void supervisor_catch_crashes(void (*look)(supervisor_page_t *page, const void *at))
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	struct sigaction a = {.sa_sigaction = on_crash,
			      .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
	look_in_hand = look;
	if (sanitized)
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &a, NULL);
}
