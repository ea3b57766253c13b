/*
 * Which folders a path stands for in the sandbox's rules.
 */
#include "test.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/sandbox.h"

static char folder[PATH_MAX];

static const char *in(const char *name)
{
	static char path[8][PATH_MAX + 64];
	static unsigned turn;
	char *out = path[turn++ % 8];
	snprintf(out, sizeof(path[0]), "%s/%s", folder, name);
	return out;
}

static void touch(const char *name)
{
	FILE *f = fopen(in(name), "w");
	assert_non_null(f);
	fclose(f);
}

static bool allows(const char *path, const char *what)
{
	sandbox_t s = {0}, wanted = {0};
	sandbox_add(&s, path, false);
	sandbox_add(&wanted, what, false);
	bool is = wanted.count && sandbox_covers(&s, &wanted);
	sandbox_free(&s);
	sandbox_free(&wanted);
	return is;
}

static void test_folders(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in("a"), 0700), 0);
	assert_int_equal(mkdir(in("a/b"), 0700), 0);
	assert_int_equal(mkdir(in("ab"), 0700), 0);
	assert_int_equal(mkdir(in("far"), 0700), 0);
	touch("a/file");
	touch("a/b/file");
	touch("ab/file");
	touch("far/file");
	assert_int_equal(symlink("far", in("link")), 0);
	assert_int_equal(symlink("../far/file", in("a/far")), 0);
	assert_true(allows(in("a/file"), in("a/file")));
	assert_true(allows(in("a/file"), in("a/other")));
	assert_true(allows(in("a"), in("a/b/file")));
	assert_false(allows(in("a/b/file"), in("a/file")));
	assert_false(allows(in("a"), in("ab/file")));
	/* What is not there yet lies in what is. */
	assert_true(allows(in("a/b/c/d"), in("a/b/file")));
	assert_false(allows(in("a/b/c/d"), in("a/file")));
	/* Both ends of a link, and where it may lead next. */
	assert_true(allows(in("a/far"), in("far/file")));
	assert_true(allows(in("a/far"), in("a/file")));
	assert_true(allows(in("link/file"), in("far/file")));
	assert_true(allows(in("link/file"), in("a/file")));
	/* Never everything. */
	assert_false(allows("/", in("a/file")));
	assert_false(allows("/no-such-folder/x", in("a/file")));
	assert_false(allows("/no-such-file", in("a/file")));
}

static void test_writing(void **state)
{
	(void)state;
	sandbox_t s = {0}, wanted = {0};
	sandbox_add(&s, in("a/file"), false);
	sandbox_add(&wanted, in("a/file"), true);
	assert_false(sandbox_covers(&s, &wanted));
	sandbox_add(&s, in("a/file"), true);
	assert_true(sandbox_covers(&s, &wanted));
	sandbox_free(&s);
	sandbox_free(&wanted);
}

int main(void)
{
	char made[] = "/tmp/sodns-sandbox-XXXXXX", command[PATH_MAX + 16];
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_folders),
					   cmocka_unit_test(test_writing)};
	if (!mkdtemp(made) || !realpath(made, folder))
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || rc;
}
