/*
 * OOM kills, of cgroups v2 and v1 (memory.events, memory.oom_control).
 */
#include "supervisor/oom.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool read_count(const char *path, uint64_t *out)
{
	char line[128];
	bool found = false;
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "oom_kill %" SCNu64, out) == 1;
	if (f)
		fclose(f);
	return found;
}

/* In a container the group's path may be the host's: then the root is the group. */
static bool read_group(const char *root, const char *version, const char *group, const char *file,
		       uint64_t *out)
{
	char path[2 * PATH_MAX];
	snprintf(path, sizeof(path), "%s%s%s/%s", root, version, group, file);
	if (read_count(path, out))
		return true;
	snprintf(path, sizeof(path), "%s%s/%s", root, version, file);
	return read_count(path, out);
}

uint64_t oom_kills(const char *self, const char *root)
{
	char line[PATH_MAX];
	uint64_t n = 0;
	FILE *f = fopen(self, "re");
	while (f && fgets(line, sizeof(line), f)) {
		/* "0::/GROUP", or with version 1 "4:memory:/GROUP" */
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = 0;
		group[strcspn(group, "\n")] = 0;
		bool v2 = !controllers[1], v1 = strstr(controllers, "memory");
		if ((v2 && read_group(root, "", group, "memory.events", &n)) ||
		    (v1 && read_group(root, "/memory", group, "memory.oom_control", &n)))
			break;
	}
	if (f)
		fclose(f);
	return n;
}
