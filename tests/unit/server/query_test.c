/*
 * The way of a query that is none: what is malformed has no name and no chain, whatever else is the
 * matter meanwhile.
 */
#include "test.h"

#include "task/watchdog.h"
#include "server/server.h"

static size_t sent;

static void count(slot_t *s, uint8_t *packet, size_t len)
{
	(void)s;
	(void)packet;
	sent += len;
}

/* The watchdog reports a batch that took too long by the name of a query, which this one has not. */
static void test_malformed_in_a_slow_batch(void **state)
{
	(void)state;
	static uint8_t out[REPLY_MAX];
	worker_t w = {.out = out};
	slot_t *s = calloc(1, SLOT_SIZE);
	s->worker = &w;
	s->send = count;
	s->q.shared = &s->shared;
	s->packet_len = 12;
	s->verdict = PARSE_FORMERR;
	atomic_store(&w.loop.slow, true);
	atomic_store(&w.loop.busy_since, 1);
	uint64_t reports = atomic_load(&watchdog_reports);
	query_server.serve(s);
	assert_int_equal(sent, 12);
	assert_int_equal(atomic_load(&watchdog_reports), reports);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed_in_a_slow_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
