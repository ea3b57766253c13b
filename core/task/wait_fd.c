/*
 * A task's wait for a descriptor (sodns/wait.h).
 */
#include <sodns/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "task/loop.h"

/* On the heap: libuv closes handles later. */
struct waiter {
	uv_poll_t poll;
	task_t *task;
};

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct waiter *w = poll->data;
	(void)status;
	(void)events;
	uv_poll_stop(poll);
	task_wake(w->task, SODNS_OK);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

static int poll_events(unsigned events)
{
	return (events & SODNS_READABLE ? POLLIN : 0) | (events & SODNS_WRITABLE ? POLLOUT : 0);
}

static int block(int fd, unsigned events, uint64_t patience)
{
	struct pollfd p = {.fd = fd, .events = (short)poll_events(events)};
	uint64_t end = in_time(sodns_now(), patience);
	for (;;) {
		uint64_t now = sodns_now();
		uint64_t left = now < end ? in_ms(end - now) : 0;
		int n = left ? poll(&p, 1, left < INT32_MAX ? (int)left : INT32_MAX) : 0;
		if (n > 0)
			return SODNS_OK;
		if (!n)
			return SODNS_ETIMEOUT;
		if (errno != EINTR)
			return SODNS_EIO;
	}
}

int sodns_wait_fd(int fd, unsigned events, uint64_t patience)
{
	task_t *t = task_current();
	if (!t)
		return block(fd, events, patience);
	struct waiter *w = calloc(1, sizeof(*w));
	if (!w || uv_poll_init(&t->loop->uv, &w->poll, fd)) {
		free(w);
		return SODNS_EIO;
	}
	w->task = t;
	w->poll.data = w;
	uv_poll_start(&w->poll,
		      (events & SODNS_READABLE ? UV_READABLE : 0) |
			      (events & SODNS_WRITABLE ? UV_WRITABLE : 0),
		      on_event);
	/* Where tests hold the clock, it stands still meanwhile. */
	atomic_fetch_add(&blocking_count, 1);
	int rc = task_wait(in_ms(patience));
	atomic_fetch_sub(&blocking_count, 1);
	uv_close((uv_handle_t *)&w->poll, on_closed);
	return rc;
}
