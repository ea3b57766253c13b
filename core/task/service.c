/*
 * Services: tasks on a thread of their own, from an instance's start to its teardown.
 */
#include "task/service.h"

#include <stdlib.h>

#include <sodns/loop.h>
#include <sodns/wait.h>

#include "task/watchdog.h"

#define RECLAIM_MS 50u

loop_t service_loop;
static uv_timer_t reclaim;

struct sodns_service {
	sodns_service_t *next; /* among those for which there was no task yet */
	blame_t blame;         /* its name stands for the plugin's */
	void (*fn)(void *arg);
	void *arg;
	task_t *task;
	bool ended;
	bool asleep; /* begins when it is woken */
	pthread_mutex_t lock;
	pthread_cond_t cond;
};

static sodns_service_t *not_begun;

static void begin(sodns_service_t *s);

/* Memory has run out, which may pass. */
static void begin_again(void)
{
	sodns_service_t *s = not_begun;
	not_begun = NULL;
	for (sodns_service_t *next; s; s = next) {
		next = s->next;
		begin(s);
	}
}

static void on_reclaim(uv_timer_t *timer)
{
	(void)timer;
	begin_again();
	grace_reclaim();
	watchdog_look();
}

static void *service_main(void *arg)
{
	(void)arg;
	/* By itself: another's name is written in /proc, where the sandbox lets nobody write. */
	pthread_setname_np(pthread_self(), "sodns-service");
	loop_run(&service_loop);
	return NULL;
}

int service_start(void)
{
	pthread_t thread;
	if (loop_init(&service_loop, -1))
		return SODNS_EIO;
	uv_timer_init(&service_loop.uv, &reclaim);
	uv_timer_start(&reclaim, on_reclaim, RECLAIM_MS, RECLAIM_MS);
	if (pthread_create(&thread, NULL, service_main, NULL))
		return SODNS_EIO;
	return SODNS_OK;
}

struct uv_loop_s *sodns_loop(void)
{
	return &service_loop.uv;
}

void sodns_loop_post(void (*fn)(void *arg), void *arg)
{
	loop_post(&service_loop, fn, arg);
}

void sodns_loop_call(void (*fn)(void *arg), void *arg)
{
	loop_call(&service_loop, fn, arg);
}

static void run_service(void *arg)
{
	sodns_service_t *s = arg;
	s->task = task_current();
	s->task->blame = &s->blame;
	s->fn(s->arg);
	s->task->blame = NULL;
	s->task = NULL;
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->lock);
}

static void begin(sodns_service_t *s)
{
	if (!task_run(&service_loop, run_service, s))
		return;
	s->next = not_begun;
	not_begun = s;
}

static void spawn(void *arg)
{
	begin(arg);
}

static sodns_service_t *service_new(const char *name, void (*fn)(void *arg), void *arg)
{
	sodns_service_t *s = calloc(1, sizeof(*s));
	if (!s)
		abort(); /* a configuration in force without its watches would be worse */
	s->blame.plugin = name;
	s->fn = fn;
	s->arg = arg;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->cond, NULL);
	return s;
}

sodns_service_t *sodns_service_start(const char *name, void (*fn)(void *arg), void *arg)
{
	sodns_service_t *s = service_new(name, fn, arg);
	loop_post(&service_loop, spawn, s);
	return s;
}

sodns_service_t *sodns_service_start_asleep(const char *name, void (*fn)(void *arg), void *arg)
{
	sodns_service_t *s = service_new(name, fn, arg);
	s->asleep = true;
	return s;
}

static void wake(void *arg)
{
	sodns_service_t *s = arg;
	if (s->task && s->task->sleeping)
		task_wake(s->task, SODNS_OK);
	if (!s->asleep)
		return;
	s->asleep = false;
	begin(s);
}

void sodns_service_wake(sodns_service_t *s)
{
	if (s)
		loop_post(&service_loop, wake, s);
}

/* One that has not begun will not. */
static void forget(sodns_service_t *s)
{
	if (s->asleep) {
		pthread_mutex_lock(&s->lock);
		s->ended = true;
		pthread_mutex_unlock(&s->lock);
		return;
	}
	for (sodns_service_t **at = &not_begun; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			pthread_mutex_lock(&s->lock);
			s->ended = true;
			pthread_mutex_unlock(&s->lock);
			return;
		}
}

static void cancel(void *arg)
{
	sodns_service_t *s = arg;
	if (s->task)
		task_cancel(s->task);
	else
		forget(s);
}

void sodns_service_stop(sodns_service_t *s)
{
	if (!s)
		return;
	/* Waited for, so that nothing that was posted with s is left when it is freed, also where the
	 * service ended before. */
	loop_call(&service_loop, cancel, s);
	pthread_mutex_lock(&s->lock);
	while (!s->ended)
		pthread_cond_wait(&s->cond, &s->lock);
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->cond);
	free(s);
}
