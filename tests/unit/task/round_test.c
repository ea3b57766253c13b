/*
 * Rounds: each is called again and again, however many there are; one that waits long holds up a few and not
 * all; and stopping one waits for its call.
 */
#include "test.h"

#include <stdatomic.h>
#include <unistd.h>

#include <sodns/wait.h>

#include "task/loop.h"
#include "task/service.h"

#define MANY 500
#define WAIT_US 1000
#define WAITS 20000

static void count(void *arg)
{
	atomic_fetch_add((_Atomic(unsigned) *)arg, 1);
}

static bool reaches(const _Atomic(unsigned) *calls, unsigned wanted)
{
	for (int i = 0; i < WAITS && atomic_load(calls) < wanted; i++)
		usleep(WAIT_US);
	return atomic_load(calls) >= wanted;
}

static _Atomic(unsigned) calls_of[MANY];

/* Each `step`th one from `first` on is called twice more. */
static void all_go_on(unsigned first, unsigned step)
{
	unsigned before[MANY];
	for (unsigned i = first; i < MANY; i += step)
		before[i] = atomic_load(&calls_of[i]);
	for (unsigned i = first; i < MANY; i += step)
		assert_true(reaches(&calls_of[i], before[i] + 2));
}

/* Started and stopped in an order that has nothing to do with when they are due. */
static void many(void **state)
{
	static sodns_round_t *r[MANY];
	unsigned stopped = 0;
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		r[i] = sodns_round_start("many", (5 + i * 7 % 41) * SODNS_MS, count, &calls_of[i]);
	all_go_on(0, 1);
	for (unsigned i = 0; i < MANY; i += 2)
		sodns_round_stop(r[i]);
	for (unsigned i = 0; i < MANY; i += 2)
		stopped += atomic_load(&calls_of[i]);
	all_go_on(1, 2);
	for (unsigned i = 0; i < MANY; i += 2)
		stopped -= atomic_load(&calls_of[i]);
	assert_int_equal(stopped, 0);
	for (unsigned i = 1; i < MANY; i += 2)
		sodns_round_stop(r[i]);
}

/* The sooner one does not wait for the later one's time. */
static void sooner(void **state)
{
	_Atomic(unsigned) late = 0, soon = 0;
	(void)state;
	sodns_round_t *a = sodns_round_start("late", 3600 * SODNS_SECOND, count, &late),
		      *b = sodns_round_start("soon", SODNS_MS, count, &soon);
	assert_true(reaches(&soon, 3));
	assert_int_equal(atomic_load(&late), 0);
	sodns_round_stop(b);
	sodns_round_stop(a);
	sodns_round_stop(NULL);
}

struct held {
	_Atomic(bool) goes_on;
	_Atomic(unsigned) begun, done;
};

static void hold(void *work)
{
	struct held *h = *(struct held **)work;
	atomic_fetch_add(&h->begun, 1);
	for (int i = 0; i < WAITS && !atomic_load(&h->goes_on); i++)
		usleep(WAIT_US);
	atomic_fetch_add(&h->done, 1);
}

static void wait_held(void *arg)
{
	struct held *h = arg;
	assert_int_equal(sodns_blocking(hold, &h, sizeof(struct held *), NULL), SODNS_OK);
}

static void one_hangs(void **state)
{
	struct held h = {0};
	_Atomic(unsigned) calls = 0;
	(void)state;
	sodns_round_t *a = sodns_round_start("hangs", SODNS_MS, wait_held, &h);
	for (int i = 0; i < WAITS && !atomic_load(&h.begun); i++)
		usleep(WAIT_US);
	/* Those who are due by then are found by the task that waits for no file. */
	sodns_round_t *b[20];
	for (int i = 0; i < 20; i++)
		b[i] = sodns_round_start("other", SODNS_MS, count, &calls);
	bool others = reaches(&calls, 200);
	assert_int_equal(atomic_load(&h.done), 0);
	atomic_store(&h.goes_on, true);
	sodns_round_stop(a);
	assert_int_equal(atomic_load(&h.done), atomic_load(&h.begun));
	assert_true(others);
	for (int i = 0; i < 20; i++)
		sodns_round_stop(b[i]);
}

static _Atomic(unsigned) woken;

static void run(void *arg)
{
	(void)arg;
	do
		atomic_fetch_add(&woken, 1);
	while (sodns_service_sleep(3600 * SODNS_SECOND));
}

/* A service that is asleep begins when it is woken, and not before. */
static void asleep(void **state)
{
	_Atomic(unsigned) calls = 0;
	(void)state;
	sodns_service_t *never = sodns_service_start_asleep("asleep", run, NULL),
			*s = sodns_service_start_asleep("asleep", run, NULL);
	sodns_round_t *r = sodns_round_start("round", SODNS_MS, count, &calls);
	assert_true(reaches(&calls, 5));
	assert_int_equal(atomic_load(&woken), 0);
	sodns_service_wake(s);
	assert_true(reaches(&woken, 1));
	sodns_service_wake(s);
	assert_true(reaches(&woken, 2));
	sodns_service_stop(s);
	sodns_service_stop(never);
	sodns_round_stop(r);
}

static int begin(void **state)
{
	(void)state;
	return service_start();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(sooner),
		cmocka_unit_test(one_hangs),
		cmocka_unit_test(asleep),
	};
	return cmocka_run_group_tests(tests, begin, NULL);
}
