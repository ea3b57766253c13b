/*
 * Control groups: both versions, as hosts, services and containers see them; and sizes as they are
 * written.
 */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "server/budget.h"
#include "system/cgroup.h"
#include "report/limits.h"
#include "task/loop.h"
#include "net/tcp.h"

static char root[64];

static void put(const char *path, const char *text)
{
	char full[512];
	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		mkdir(full, 0700);
	}
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int begin(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/sodns-cgroup-XXXXXX");
	return !mkdtemp(root);
}

static int end(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void test_none(void **state)
{
	(void)state;
	assert_true(cgroup_memory(root) == UINT64_MAX);
	assert_int_equal(cgroup_cpus(root), 0);
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/memory.max", "max\n");
	put("sys/fs/cgroup/cpu.max", "max 100000\n");
	assert_true(cgroup_memory(root) == UINT64_MAX);
	assert_int_equal(cgroup_cpus(root), 0);
}

static void test_container(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/memory.max", "134217728\n");
	put("sys/fs/cgroup/cpu.max", "150000 100000\n");
	assert_true(cgroup_memory(root) == 134217728);
	assert_int_equal(cgroup_cpus(root), 2);
}

static void test_service(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/system.slice/sodns.service\n");
	put("sys/fs/cgroup/system.slice/sodns.service/memory.max", "max\n");
	put("sys/fs/cgroup/system.slice/memory.max", "268435456\n");
	put("sys/fs/cgroup/system.slice/sodns.service/cpu.max", "300000 100000\n");
	put("sys/fs/cgroup/system.slice/cpu.max", "400000 100000\n");
	assert_true(cgroup_memory(root) == 268435456);
	assert_int_equal(cgroup_cpus(root), 3);
	put("sys/fs/cgroup/system.slice/sodns.service/memory.max", "178257920\n");
	assert_true(cgroup_memory(root) == 178257920);
}

static void test_version_1(void **state)
{
	(void)state;
	put("proc/self/cgroup",
	    "9:cpu,cpuacct:/a/b\n4:memory:/docker/0123\n1:name=systemd:/x\n0::/x\n");
	put("sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "9223372036854771712\n");
	assert_true(cgroup_memory(root) == UINT64_MAX);
	/* A container's own part is mounted: its path is not there. */
	put("proc/self/cgroup", "9:cpu,cpuacct:/a/b\n4:memory:/docker/4567\n");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	assert_true(cgroup_memory(root) == 134217728);
	assert_int_equal(cgroup_cpus(root), 0);
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
	assert_int_equal(cgroup_cpus(root), 1);
}

static void test_sizes(void **state)
{
	uint64_t n = 0;
	(void)state;
	assert_true(budget_read("128M", &n) && n == 128u << 20);
	assert_true(budget_read("128Mi", &n) && n == 128u << 20);
	assert_true(budget_read("1.5G", &n) && n == 3u << 29);
	assert_true(budget_read("4096", &n) && n == 4096);
	const char *const bad[] = {"", "M", "-1M", "1X", "1Mb", "1 M", "x"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(budget_read(bad[i], &n));
}

static void test_budget(void **state)
{
	char text[BUDGET_TEXT_MAX];
	(void)state;
	budget_apply(2, false, text);
	assert_string_equal(text, "");
	assert_int_equal(task_limit, 24000);
	budget_bytes = 8ull << 30;
	budget_apply(2, false, text);
	assert_string_equal(text, "");
	assert_int_equal(task_limit, 24000);
	budget_bytes = 128u << 20;
	budget_apply(2, false, text);
	assert_int_equal(task_limit, 1638);
	assert_int_equal(tcp_memory_kib, 16384);
	assert_int_equal(unread_limit, 4u << 20);
	assert_string_equal(text,
			    "Memory is limited to 128 MiB: 1638 queries may wait, connections have "
			    "16 MiB, unread answers 8 MiB");
	task_limit = 5000;
	budget_apply(2, true, text);
	assert_int_equal(task_limit, 5000);
	assert_non_null(strstr(text, "5000 queries may wait (more than there is room for)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, begin, end),
		cmocka_unit_test_setup_teardown(test_container, begin, end),
		cmocka_unit_test_setup_teardown(test_service, begin, end),
		cmocka_unit_test_setup_teardown(test_version_1, begin, end),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
