/*
 * Control groups: the path of the process's own group from /proc/self/cgroup, and the files there and
 * in each folder above.
 */
#include "system/cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_ROOM 4096
/* Without a limit version 1 has one near 2^63. */
#define NO_LIMIT (UINT64_MAX / 4)

/* Whether a controller is in the list "cpu,cpuacct". */
static bool lists(const char *list, const char *controller)
{
	size_t len = strlen(controller);
	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, controller, len) && (!p[len] || p[len] == ','))
			return true;
	return false;
}

/* The group's path in the tree of a controller, or in version 2's ("" for its name): lines are
 * "4:cpu,cpuacct:/path", or "0::/path". */
static bool find_group(const char *root, const char *controller, char path[PATH_ROOM])
{
	char line[PATH_ROOM];
	bool found = false;
	snprintf(line, sizeof(line), "%s/proc/self/cgroup", root);
	FILE *f = fopen(line, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *list = strchr(line, ':'), *at = list ? strchr(list + 1, ':') : NULL;
		if (!at)
			continue;
		*at++ = 0;
		at[strcspn(at, "\n")] = 0;
		found = *controller ? lists(list + 1, controller) : !list[1];
		if (found)
			snprintf(path, PATH_ROOM, "%s", at);
	}
	if (f)
		fclose(f);
	return found;
}

/* Calls fn for the folder of the group and for each above it, up to the mounted one. */
static void each_folder(const char *root, const char *controller,
			void (*fn)(const char *folder, void *arg), void *arg)
{
	char group[PATH_ROOM], folder[2 * PATH_ROOM];
	if (!find_group(root, controller, group))
		return;
	for (;;) {
		snprintf(folder, sizeof(folder), "%s/sys/fs/cgroup%s%s%s", root,
			 *controller ? "/" : "", controller, group);
		fn(folder, arg);
		char *slash = strrchr(group, '/');
		if (!slash)
			return;
		*slash = 0;
	}
}

/* A file's first two numbers; the first may be "max" or -1: false. */
static bool read_numbers(const char *folder, const char *name, uint64_t *a, uint64_t *b)
{
	char path[2 * PATH_ROOM + 64], text[64] = "";
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	char *end;
	text[n] = 0;
	if (*text < '0' || *text > '9')
		return false;
	*a = strtoull(text, &end, 10);
	*b = strtoull(end, NULL, 10);
	return true;
}

static void look_at_memory(const char *folder, void *arg)
{
	uint64_t *least = arg, limit, none;
	if ((read_numbers(folder, "memory.max", &limit, &none) ||
	     read_numbers(folder, "memory.limit_in_bytes", &limit, &none)) &&
	    limit < NO_LIMIT && limit < *least)
		*least = limit;
}

uint64_t cgroup_memory(const char *root)
{
	uint64_t least = UINT64_MAX;
	each_folder(root, "", look_at_memory, &least);
	each_folder(root, "memory", look_at_memory, &least);
	return least;
}

static void look_at_cpus(const char *folder, void *arg)
{
	unsigned *least = arg;
	uint64_t quota, period, none;
	if (!read_numbers(folder, "cpu.max", &quota, &period) &&
	    !(read_numbers(folder, "cpu.cfs_quota_us", &quota, &none) &&
	      read_numbers(folder, "cpu.cfs_period_us", &period, &none)))
		return;
	if (!quota || !period || quota / period >= UINT_MAX)
		return;
	unsigned cpus = (unsigned)((quota + period - 1) / period);
	*least = !*least || cpus < *least ? cpus : *least;
}

unsigned cgroup_cpus(const char *root)
{
	unsigned least = 0;
	each_folder(root, "", look_at_cpus, &least);
	each_folder(root, "cpu", look_at_cpus, &least);
	return least;
}
