/*
 * Counting OOM kills, as cgroups of both versions tell them.
 */
#include "test.h"

#include <sys/stat.h>

#include "supervisor/oom.h"

static char root[] = "/tmp/sodns-oom-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void folder(const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static uint64_t count(const char *self)
{
	char path[256];
	put("self", self);
	snprintf(path, sizeof(path), "%s/self", root);
	return oom_kills(path, root);
}

static void test_all(void **state)
{
	(void)state;
	static const char events[] = "low 0\nhigh 0\nmax 7\noom 3\noom_kill %d\noom_group_kill 0\n";
	char text[128];
	assert_int_equal(count(""), 0);
	assert_int_equal(count("nonsense\n0::\n"), 0);
	folder("a");
	folder("a/b");
	folder("memory");
	folder("memory/c");
	snprintf(text, sizeof(text), events, 2);
	put("a/b/memory.events", text);
	assert_int_equal(count("0::/a/b\n"), 2);
	/* Not the group's path in this namespace: the root is the group. */
	assert_int_equal(count("0::/of/the/host\n"), 0);
	snprintf(text, sizeof(text), events, 5);
	put("memory.events", text);
	assert_int_equal(count("0::/of/the/host\n"), 5);
	put("memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 9\n");
	assert_int_equal(count("5:cpu,cpuacct:/x\n4:memory:/c\n"), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
	char command[64];
	if (!mkdtemp(root))
		return 1;
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command) || rc;
}
