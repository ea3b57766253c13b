/*
 * The loop: posts from other threads, and the epoch of what runs.
 */
#include "task/loop.h"

#include <stdlib.h>

#include "reclaim/worker_index.h"
#include "task/watchdog.h"

struct posted {
	struct posted *next;
	void (*fn)(void *arg);
	void *arg;
	bool *done; /* loop_call() waits for it, under the loop's lock */
	pthread_cond_t *cond;
};

static __thread loop_t *current;

loop_t *loop_current(void)
{
	return current;
}

static void run_posted(uv_async_t *wake)
{
	loop_t *l = wake->data;
	pthread_mutex_lock(&l->lock);
	struct posted *p = l->posted;
	l->posted = NULL;
	l->posted_tail = &l->posted;
	pthread_mutex_unlock(&l->lock);
	while (p) {
		struct posted *next = p->next;
		p->fn(p->arg);
		pthread_mutex_lock(&l->lock);
		if (p->done) {
			*p->done = true;
			pthread_cond_signal(p->cond);
		}
		pthread_mutex_unlock(&l->lock);
		free(p);
		p = next;
	}
}

static void poll_soon(uv_idle_t *handle)
{
	(void)handle;
}

static void before_poll(uv_prepare_t *handle)
{
	loop_t *l = handle->data;
	l->turn++;
	if (loop_run_ready(l))
		uv_idle_start(&l->hurry, poll_soon);
	else
		uv_idle_stop(&l->hurry);
	if (l->turn_ends)
		l->turn_ends();
}

int loop_init(loop_t *l, int worker)
{
	*l = (loop_t){.worker = worker};
	l->posted_tail = &l->posted;
	pthread_mutex_init(&l->lock, NULL);
	if (uv_loop_init(&l->uv) || uv_async_init(&l->uv, &l->wake, run_posted))
		return SODNS_EIO;
	l->wake.data = l->before_poll.data = l->shrinking.data = l;
	uv_timer_init(&l->uv, &l->shrinking);
	uv_prepare_init(&l->uv, &l->before_poll);
	uv_idle_init(&l->uv, &l->hurry);
	uv_prepare_start(&l->before_poll, before_poll);
	epoch_register(&l->reader);
	return SODNS_OK;
}

void loop_adopt(loop_t *l)
{
	current = l;
	worker_index = l->worker;
	l->thread = pthread_self();
	context_init_thread(&l->base);
}

void loop_run(loop_t *l)
{
	loop_adopt(l);
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

static void post(loop_t *l, struct posted *p)
{
	*l->posted_tail = p;
	l->posted_tail = &p->next;
	uv_async_send(&l->wake);
}

static struct posted *posted_new(void (*fn)(void *arg), void *arg)
{
	struct posted *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->fn = fn;
	p->arg = arg;
	return p;
}

void loop_post(loop_t *l, void (*fn)(void *arg), void *arg)
{
	struct posted *p = posted_new(fn, arg);
	pthread_mutex_lock(&l->lock);
	post(l, p);
	pthread_mutex_unlock(&l->lock);
}

bool loop_has_posted(loop_t *l)
{
	pthread_mutex_lock(&l->lock);
	bool has = l->posted;
	pthread_mutex_unlock(&l->lock);
	return has;
}

void loop_call(loop_t *l, void (*fn)(void *arg), void *arg)
{
	bool done = false;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct posted *p = posted_new(fn, arg);
	p->done = &done;
	p->cond = &cond;
	pthread_mutex_lock(&l->lock);
	post(l, p);
	while (!done)
		pthread_cond_wait(&cond, &l->lock);
	pthread_mutex_unlock(&l->lock);
	pthread_cond_destroy(&cond);
}

bool loop_leaves_base(loop_t *l, uint64_t now)
{
	if (atomic_load_explicit(&l->busy_since, memory_order_relaxed))
		return false;
	atomic_store_explicit(&l->busy_since, now, memory_order_relaxed);
	return true;
}

void loop_is_back(loop_t *l)
{
	if (__builtin_expect(atomic_load_explicit(&l->slow, memory_order_relaxed), 0))
		watchdog_report(l);
	atomic_store_explicit(&l->busy_since, 0, memory_order_relaxed);
}

void loop_enter(loop_t *l)
{
	l->epoch = epoch_enter(&l->reader);
}

void loop_leave(loop_t *l)
{
	epoch_leave(&l->reader);
}
