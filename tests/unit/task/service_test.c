/*
 * Services: they begin, sleep and wait for their pool jobs at the limit of tasks and without memory, and
 * nothing but being stopped ends them.
 */
#include "test.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodns/wait.h>

#include "task/loop.h"
#include "task/service.h"

#define ROUNDS 3u
#define LATE 16 /* more than the test before has left in the pool */
#define WAIT_US 1000
#define WAITS 20000

struct looping {
	_Atomic(unsigned) rounds, jobs;
	_Atomic(bool) ended;
};

static void job(void *work)
{
	struct looping *l = *(struct looping **)work;
	usleep(1000);
	atomic_fetch_add(&l->jobs, 1);
}

static void run(void *arg)
{
	struct looping *l = arg;
	while (sodns_service_sleep(SODNS_MS)) {
		assert_int_equal(sodns_blocking(job, &l, sizeof(struct looping *), NULL), SODNS_OK);
		atomic_fetch_add(&l->rounds, 1);
	}
	atomic_store(&l->ended, true);
}

static bool gets_on(const struct looping *l)
{
	unsigned from = atomic_load(&l->rounds);
	for (int i = 0; i < WAITS && atomic_load(&l->rounds) < from + ROUNDS; i++)
		usleep(WAIT_US);
	return atomic_load(&l->rounds) >= from + ROUNDS;
}

static void stop(sodns_service_t *s, const struct looping *l, bool had_begun)
{
	sodns_service_stop(s);
	assert_int_equal(atomic_load(&l->ended), had_begun);
	assert_int_equal(atomic_load(&l->rounds), atomic_load(&l->jobs));
}

/* Clients have taken every task that there may be, before a service begins and while others run. */
static void at_the_limit(void **state)
{
	struct looping before = {0}, during[8] = {0};
	sodns_service_t *s[8], *first = sodns_service_start("before", run, &before);
	unsigned limit = task_limit;
	(void)state;
	assert_true(gets_on(&before));
	task_limit = 0;
	for (int i = 0; i < 8; i++)
		s[i] = sodns_service_start("during", run, &during[i]);
	assert_true(gets_on(&before));
	for (int i = 0; i < 8; i++)
		assert_true(gets_on(&during[i]));
	for (int i = 0; i < 8; i++)
		stop(s[i], &during[i], true);
	stop(first, &before, true);
	task_limit = limit;
}

/* No stack can be mapped: the services that run go on, those that are started begin when one can. */
static void without_memory(void **state)
{
	struct looping before = {0}, late[LATE] = {0}, never = {0};
	struct rlimit r, none = {0};
	sodns_service_t *s[LATE], *first = sodns_service_start("before", run, &before);
	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	bool limits = false; /* a sanitizer needs memory of its own */
#else
	bool limits = true;
#endif
	assert_true(gets_on(&before));
	getrlimit(RLIMIT_AS, &r);
	none.rlim_max = r.rlim_max;
	if (limits)
		setrlimit(RLIMIT_AS, &none);
	/* What the pool still has goes to the first of them. */
	for (int i = 0; i < LATE; i++)
		s[i] = sodns_service_start("late", run, &late[i]);
	sodns_service_t *gone = sodns_service_start("never", run, &never);
	bool on = gets_on(&before);
	bool begun = atomic_load(&never.rounds);
	sodns_service_stop(gone);
	setrlimit(RLIMIT_AS, &r);
	assert_true(on);
	if (limits)
		assert_false(begun || atomic_load(&never.ended));
	for (int i = 0; i < LATE; i++)
		assert_true(gets_on(&late[i]));
	for (int i = 0; i < LATE; i++)
		stop(s[i], &late[i], true);
	stop(first, &before, true);
}

static _Atomic(bool) working, worked;

static void work_long(void *work)
{
	(void)work;
	atomic_store(&working, true);
	usleep(200000);
	atomic_store(&worked, true);
}

static void wait_long(void *arg)
{
	(void)arg;
	assert_int_equal(sodns_blocking(work_long, NULL, 0, NULL), SODNS_OK);
	assert_true(atomic_load(&worked));
	assert_false(sodns_service_sleep(60 * SODNS_SECOND));
	assert_false(sodns_service_sleep(0));
}

/* Stopped, and woken for no reason, in the middle of its job: it stays until that is done. */
static void stopped_in_a_job(void **state)
{
	(void)state;
	sodns_service_t *s = sodns_service_start("long", wait_long, NULL);
	for (int i = 0; i < WAITS && !atomic_load(&working); i++)
		usleep(WAIT_US);
	assert_true(atomic_load(&working));
	sodns_service_wake(s);
	sodns_service_stop(s);
	assert_true(atomic_load(&worked));
}

static void outside(void **state)
{
	(void)state;
	assert_false(sodns_service_sleep(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_the_limit),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(stopped_in_a_job),
		cmocka_unit_test(outside),
	};
	if (service_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
