/*
 * The process's own metrics, as every Prometheus client has them, read from /proc when asked for.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "prometheus.h"

static void set_as(enum sodns_metric_kind kind, const char *name, const char *help, double value)
{
	const sodns_family_t family = {.name = name, .help = help, .kind = kind};
	sodns_metric_set(sodns_metric(&family, NULL), value);
}

static void set(const char *name, const char *help, double value)
{
	set_as(SODNS_GAUGE, name, help, value);
}

static double open_files(void)
{
	double n = 0;
	DIR *d = opendir("/proc/self/fd");
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 3; /* ".", "..", and the folder itself */
}

/* Seconds since 1970 at which the process began. */
static double start_time(unsigned long long ticks)
{
	struct timespec now, up;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return (double)(now.tv_sec - up.tv_sec) + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void process_update(void)
{
	char line[1024];
	unsigned long long user, system, start, virtual;
	long resident;
	struct rlimit files;
	FILE *f = fopen("/proc/self/stat", "re");
	char *after = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	/* proc(5): fields 14, 15, 22, 23, 24; the name, field 2, may hold anything. */
	if (!after || sscanf(after + 1,
			     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d "
			     "%*d %*d %*d %llu %llu %ld",
			     &user, &system, &start, &virtual, &resident) != 5)
		return;
	set_as(SODNS_TOTAL, "process_cpu_seconds_total",
	       "Total user and system CPU time spent in seconds.",
	       (double)(user + system) / (double)sysconf(_SC_CLK_TCK));
	set("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
	    start_time(start));
	set("process_virtual_memory_bytes", "Virtual memory size in bytes.", (double)virtual);
	set("process_resident_memory_bytes", "Resident memory size in bytes.",
	    (double)resident * (double)sysconf(_SC_PAGESIZE));
	set("process_open_fds", "Number of open file descriptors.", open_files());
	if (!getrlimit(RLIMIT_NOFILE, &files))
		set("process_max_fds", "Maximum number of open file descriptors.",
		    (double)files.rlim_cur);
}
