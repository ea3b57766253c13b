/*
 * Waiting in prepare (sodns_prepare_wait()): prepare runs on a thread that has no tasks, so that what is to
 * wait runs as one on the service thread, while this one waits for it.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodns/log.h>
#include <sodns/wait.h>

#include "host/host.h"
#include "host/setup.h"
#include "system/seam.h"
#include "task/loop.h"

#define LOOK_NS 20000000
#define TELL_NS 5000000000u
/* What fn has after its time to come back, before it is not waited for to begin any more. */
#define LATE_NS 1000000000u

struct work {
	int (*fn)(void *arg);
	void *arg;
	uint64_t deadline;
	int rc;
	bool ended;
	pthread_mutex_t lock;
	pthread_cond_t cond;
};

static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;

void sodns_prepare_progress(sodns_prepare_t *p, const char *format, ...)
{
	va_list ap;
	pthread_mutex_lock(&progress_lock);
	va_start(ap, format);
	vsnprintf(p->progress, sizeof(p->progress), format, ap);
	va_end(ap);
	pthread_mutex_unlock(&progress_lock);
}

static void run(void *arg)
{
	struct work *w = arg;
	task_current()->deadline = w->deadline;
	int rc = w->fn(w->arg);
	task_current()->deadline = 0;
	pthread_mutex_lock(&w->lock);
	w->rc = rc;
	w->ended = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

static bool has_ended(struct work *w)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&w->lock);
	if (!w->ended && !seam.idle)
		pthread_cond_timedwait(&w->cond, &w->lock, &until);
	bool ended = w->ended;
	pthread_mutex_unlock(&w->lock);
	return ended;
}

static void tell(sodns_prepare_t *p, uint64_t ns)
{
	char progress[sizeof(p->progress)];
	pthread_mutex_lock(&progress_lock);
	memcpy(progress, p->progress, sizeof(progress));
	pthread_mutex_unlock(&progress_lock);
	const instance_t *i = p->instance;
	sodns_log(SODNS_LOG_INFO, i->plugin->name, "%s:%d - waits since %u s%s%s",
		  i->file ? i->file : "", i->line, (unsigned)(ns / 1000000000),
		  *progress ? ": " : "", progress);
}

/* Until fn has ended, its time is over, or the process is to end. */
static void wait_for(sodns_prepare_t *p, struct work *w)
{
	uint64_t began = sodns_now(), told = began;
	while (!has_ended(w)) {
		uint64_t now = sodns_now();
		if (now > w->deadline + LATE_NS || (host.ending && host.ending()))
			return;
		if (now >= told + TELL_NS) {
			told += TELL_NS;
			tell(p, now - began);
		}
		if (seam.idle)
			seam.idle();
	}
}

int sodns_prepare_wait(sodns_prepare_t *p, int (*fn)(void *arg), void *arg, uint64_t patience)
{
	uint64_t now = sodns_now(), until = in_time(now, patience),
		 most = p->generation->waits_until;
	struct work w = {.fn = fn, .arg = arg, .deadline = until < most ? until : most};
	if (w.deadline <= now)
		w.deadline = now + 1;
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.cond, NULL);
	p->progress[0] = 0;
	sodns_service_t *s = sodns_service_start(p->instance->plugin->name, run, &w);
	wait_for(p, &w);
	bool stops = host.ending && host.ending();
	/* Waits until fn has come back, if it began. */
	sodns_service_stop(s);
	pthread_cond_destroy(&w.cond);
	pthread_mutex_destroy(&w.lock);
	return w.ended ? w.rc : stops ? SODNS_ECANCELLED : SODNS_ETIMEOUT;
}
