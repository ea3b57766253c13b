/*
 * Libraries beside libsodns: opened once, and refused with the reason where they are not what was asked
 * for. Those here lie beside this program: tests/CMakeLists.txt makes them of tests/plugins/library.c.
 */
#include <sodns/library.h>

#include <pthread.h>

#include "system/seam.h"
#include "test.h"

typedef struct sample_table {
	sodns_library_head_t head;
	unsigned (*opened)(void);
} sample_table_t;

static sodns_library_t sample(const char *name)
{
	return (sodns_library_t){.size = sizeof(sodns_library_t),
				 .name = name,
				 .what = "the sample",
				 .id = "test.sample",
				 .version = 2,
				 .table_size = sizeof(sample_table_t)};
}

/* What the reason ends in: paths are the machine's. */
static void refuses(const sodns_library_t *l, const char *begin, const char *end)
{
	char err[1024] = "";
	assert_null(sodns_library_open(l, err, sizeof(err)));
	if (strncmp(err, begin, strlen(begin)) || strlen(err) < strlen(end) ||
	    strcmp(err + strlen(err) - strlen(end), end))
		fail_msg("got: %s\nexpected: %s...%s", err, begin, end);
}

static void what_does_not_fit(void **state)
{
	(void)state;
	sodns_library_t l = sample("test-none");
	refuses(&l, "cannot open the sample: ",
		"libsodns-test-none.so.1: cannot open shared object file: No such file or "
		"directory");
	l = sample("test_empty");
	refuses(&l,
		"the sample: ", "/libsodns-test_empty.so.1 exports no sodns_test_empty_library");
	l = sample("test_id");
	refuses(&l,
		"the sample: ", "/libsodns-test_id.so.1 is \"test.other\", not \"test.sample\"");
	l = sample("test_version");
	refuses(&l, "the sample: ",
		"/libsodns-test_version.so.1 has version 1 of its functions, not 2");
	l = sample("test_short");
	refuses(&l, "the sample: ", "/libsodns-test_short.so.1 is older than what uses it");
	/* What was refused is looked at again: it may have been mended. */
	refuses(&l, "the sample: ", "/libsodns-test_short.so.1 is older than what uses it");
}

static void *open_good(void *arg)
{
	const sodns_library_t l = sample("test_good");
	char err[1024] = "";
	const void *t = sodns_library_open(&l, err, sizeof(err));
	if (!t)
		fprintf(stderr, "%s\n", err);
	*(const void **)arg = t;
	return NULL;
}

static void once_for_all(void **state)
{
	pthread_t threads[8];
	const sample_table_t *tables[8];
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_good, &tables[i]), 0);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 8; i++)
		assert_ptr_equal(tables[i], tables[0]);
	assert_non_null(tables[0]);
	assert_int_equal(tables[0]->opened(), 1);
	/* A face that was made before the table grew. */
	sodns_library_t old = sample("test_good");
	char err[64];
	old.table_size = sizeof(sodns_library_head_t);
	assert_ptr_equal(sodns_library_open(&old, err, sizeof(err)), tables[0]);
	/* And faces for which another library has the name. */
	old.version = 3;
	refuses(&old, "the sample: test_good has version 2 of its functions, not 3", "");
	old.id = "test.third";
	refuses(&old, "the sample: test_good is \"test.sample\", not \"test.third\"", "");
}

static const sodns_library_head_t *sample_instead(const char *name)
{
	static const sample_table_t table = {
		.head = {.id = "test.sample", .version = 2, .size = sizeof(table)}};
	return strcmp(name, "test-none") ? NULL : &table.head;
}

static void stands_in(void **state)
{
	const sodns_library_t l = sample("test-none");
	char err[64];
	(void)state;
	seam.library = sample_instead;
	assert_ptr_equal(sodns_library_open(&l, err, sizeof(err)), sample_instead("test-none"));
	seam.library = NULL;
	assert_null(sodns_library_open(&l, err, sizeof(err)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_does_not_fit),
					   cmocka_unit_test(once_for_all),
					   cmocka_unit_test(stands_in)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
