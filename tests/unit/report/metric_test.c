/*
 * Series that go: shown while they have an owner, used again for others, and never those that last.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <sodns/metrics.h>

static const char *const labels[] = {"a", NULL};
static const sodns_family_t family = {
	.name = "test_gauge", .help = "A gauge.", .kind = SODNS_GAUGE, .labels = labels};

static void append(void *arg, const char *text, size_t len)
{
	fwrite(text, 1, len, arg);
}

static char *shown(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	sodns_metrics_write(append, f);
	fclose(f);
	return text;
}

static void assert_shown(const char *expected)
{
	char *text = shown();
	assert_string_equal(text, expected);
	free(text);
}

#define HEAD "# HELP test_gauge A gauge.\n# TYPE test_gauge gauge\n"

static sodns_metric_t *own(const char *value, double v)
{
	sodns_metric_t *m = sodns_metric_own(&family, &value);
	assert_non_null(m);
	sodns_metric_set(m, v);
	return m;
}

static void owned(void **state)
{
	(void)state;
	sodns_metric_t *one = own("one", 1), *again = own("one", 2);
	assert_ptr_equal(one, again);
	assert_shown(HEAD "test_gauge{a=\"one\"} 2\n");
	sodns_metric_drop(one);
	assert_shown(HEAD "test_gauge{a=\"one\"} 2\n");
	sodns_metric_t *two = own("two", 3);
	assert_shown(HEAD "test_gauge{a=\"one\"} 2\ntest_gauge{a=\"two\"} 3\n");
	sodns_metric_drop(again);
	assert_shown(HEAD "test_gauge{a=\"two\"} 3\n");
	/* Its memory is another one's, and that begins at 0. */
	const char *name = "three";
	sodns_metric_t *three = sodns_metric_own(&family, &name);
	assert_ptr_equal(three, one);
	assert_shown(HEAD "test_gauge{a=\"three\"} 0\ntest_gauge{a=\"two\"} 3\n");
	sodns_metric_drop(two);
	sodns_metric_drop(three);
	sodns_metric_drop(NULL);
	assert_shown("");
}

static void lasting(void **state)
{
	const char *name = "kept";
	(void)state;
	sodns_metric_t *m = own(name, 1);
	assert_ptr_equal(sodns_metric(&family, &name), m);
	sodns_metric_drop(m);
	assert_shown(HEAD "test_gauge{a=\"kept\"} 1\n");
}

/* However many come and go, none is lost to the limit of all series. */
static void many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%u", i);
		sodns_metric_drop(own(name, i));
	}
	assert_shown(HEAD "test_gauge{a=\"kept\"} 1\n");
}

static _Atomic(bool) done;

static void *reads(void *arg)
{
	(void)arg;
	while (!atomic_load(&done)) {
		char *text = shown();
		assert_non_null(strstr(text, HEAD));
		free(text);
	}
	return NULL;
}

/* Names change under a reader, which sees each whole. */
static void beside_a_reader(void **state)
{
	pthread_t t;
	(void)state;
	assert_int_equal(pthread_create(&t, NULL, reads, NULL), 0);
	many(NULL);
	atomic_store(&done, true);
	pthread_join(t, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owned),
		cmocka_unit_test(lasting),
		cmocka_unit_test(many),
		cmocka_unit_test(beside_a_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
