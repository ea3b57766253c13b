/*
 * The daemon's command line, and then core/server/control.c. It lives in libsodns, so that the
 * executable is nothing but its main().
 */
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodns/text.h>

#include "host/host.h"
#include "host/options.h"
#include "main/daemon.h"
#include "message/name.h"
#include "server/budget.h"
#include "system/cgroup.h"
#include "report/fair.h"
#include "report/limits.h"
#include "report/log.h"
#include "task/watchdog.h"
#include "task/worker.h"
#include "server/server.h"

struct flags {
	bool quiet, version, plugins, check, chain, help, supervise, sandbox;
	const char *help_of; /* a directive, or NULL */
	const char *pidfile, *user, *log_format, *memory;
	unsigned workers, tasks;
};

#if defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#endif
#ifdef __clang__
#define COMPILER "clang-" __clang_version__
#else
#define COMPILER "gcc-" __VERSION__
#endif

#define STRING_(x) #x
#define STRING(x) STRING_(x)
static const char *const version[2] = {
	"sodns-" SODNS_SDK_VERSION,
	"linux/" ARCH ", " COMPILER ", abi " STRING(SODNS_ABI_MAJOR) "." STRING(SODNS_ABI_MINOR),
};

static const char usage[] =
	"Usage: sodns [flags]\n"
	"  -conf FILE        Corefile to load, - for standard input (default \"Corefile\")\n"
	"  -dns.port PORT    default port (default 53); -p is the same\n"
	"  -pidfile FILE     write the process id there\n"
	"  -plugin.cfg FILE  the plugins and their order\n"
	"  -plugin-dir DIR   where plugins without a path are looked up\n"
	"  -limit.memory SIZE  what the process may use, as 128M; none (default: the control "
	"group's)\n"
	"  -limit.tasks N    queries that wait, at most (default 24000, or what memory allows)\n"
	"  -limit.connections N  of a listener on one worker, at most (default 20000)\n"
	"  -limit.stall N    seconds that a plugin may take before the process is ended (default "
	"10; "
	"0: any)\n"
	"  -client.ipv4 BITS, -client.ipv6 BITS  of an address, that make a client (default 32, "
	"64)\n"
	"  -client.share PERCENT  of a limit that one client may have (default 100)\n"
	"  -log.format F     text (default), or json: each line an object\n"
	"  -user NAME        user of the serving process (default: as started, without "
	"privileges)\n"
	"  -sandbox=false    the serving process may open and do what its user may\n"
	"  -supervise=false  no parent process that keeps the sockets when a plugin crashes\n"
	"  -workers N        threads that serve (default: CPUs by affinity and cgroup quota)\n"
	"  -check            set up and prepare everything, start nothing; the exit status says\n"
	"  -chain            as -check, and print each server's chain of plugins\n"
	"  -plugins          list the plugins\n"
	"  -quiet            no start-up lines\n"
	"  -version          print the version\n"
	"  -help [NAME]      print this, or what a plugin's directive takes\n";

static int bad_usage(const char *what, const char *flag)
{
	fprintf(stderr, "%s: %s\n", what, flag);
	return -1;
}

struct number {
	const char *name;
	unsigned *out, least, most;
};

static int read_number(const struct number *n, const char *text)
{
	uint64_t value = 0;
	if (sodns_uint_from_text(text, strlen(text), 10, n->most, &value) || value < n->least) {
		char what[96];
		snprintf(what, sizeof(what), "-%s wants a number from %u to %u, not", n->name,
			 n->least, n->most);
		return bad_usage(what, text);
	}
	*n->out = (unsigned)value;
	return 0;
}

static int read_log_format(const char *text)
{
	bool json = !strcmp(text, "json");
	if (!json && strcmp(text, "text"))
		return bad_usage("-log.format is text or json, not", text);
	log_set_json(json);
	return 0;
}

/* As Go's strconv.ParseBool. */
static int read_bool(const char *name, const char *text, bool *out)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"},
				 *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
	char what[64];
	*out = !text;
	for (size_t i = 0; text && i < sizeof(yes) / sizeof(yes[0]); i++) {
		*out |= !strcmp(text, yes[i]);
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i]))
			return 0;
	}
	if (!text)
		return 0;
	snprintf(what, sizeof(what), "-%s is true or false, not", name);
	return bad_usage(what, text);
}

/* The port of keys that name none. */
static int check_port(const char *text)
{
	unsigned port;
	const struct number n = {.name = "dns.port", .out = &port, .least = 0, .most = 65535};
	return read_number(&n, text);
}

static int check_user(const struct flags *f)
{
	if (!f->user)
		return 0;
	if (!getpwnam(f->user)) {
		fprintf(stderr, "-user %s: there is no such user\n", f->user);
		return -1;
	}
	if (f->supervise)
		return 0;
	return bad_usage("-user wants a parent process: it does not go with", "-supervise=false");
}

struct known {
	const char *name;
	bool *on;
	const char **text;
	struct number number;
};

/* One flag and its value. *i moves on where that is an argument of its own. */
static int read_flag(int argc, char **argv, int *i, const struct known *known, size_t count)
{
	const char *arg = argv[*i];
	if (*arg != '-')
		return bad_usage("unexpected argument", arg);
	/* With one dash or two. */
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	const char *value = equals ? equals + 1 : NULL;
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	size_t k = 0;
	while (k < count && (strlen(known[k].name) != n || memcmp(known[k].name, name, n)))
		k++;
	if (k == count) {
		bad_usage("flag provided but not defined", arg);
		fputs(usage, stderr);
		return -1;
	}
	if (known[k].on)
		return read_bool(known[k].name, value, known[k].on);
	if (!value && ++*i >= argc)
		return bad_usage("flag needs an argument", arg);
	value = value ? value : argv[*i];
	if (!known[k].text) {
		struct number number = known[k].number;
		number.name = known[k].name;
		return read_number(&number, value);
	}
	*known[k].text = value;
	return 0;
}

/* Flags as Go's: -name value, -name=value, --name. */
static int read_flags(int argc, char **argv, struct flags *f)
{
	const struct known known[] = {
		{"quiet", .on = &f->quiet},
		{"version", .on = &f->version},
		{"plugins", .on = &f->plugins},
		{"check", .on = &f->check},
		{"chain", .on = &f->chain},
		{"supervise", .on = &f->supervise},
		{"sandbox", .on = &f->sandbox},
		{"help", .on = &f->help},
		{"h", .on = &f->help},
		{"conf", .text = &host.corefile},
		{"dns.port", .text = &host.port},
		{"p", .text = &host.port},
		{"pidfile", .text = &f->pidfile},
		{"user", .text = &f->user},
		{"log.format", .text = &f->log_format},
		{"plugin.cfg", .text = &host.plugin_cfg},
		{"plugin-dir", .text = &host.plugin_dir},
		{"workers", .number = {.out = &f->workers, .least = 1, .most = 1024}},
		{"limit.stall", .number = {.out = &stall_limit, .least = 0, .most = 86400}},
		{"limit.memory", .text = &f->memory},
		{"limit.tasks", .number = {.out = &f->tasks, .least = 100, .most = 1000000}},
		{"client.ipv4", .number = {.out = &fair_ipv4_bits, .least = 1, .most = 32}},
		{"client.ipv6", .number = {.out = &fair_ipv6_bits, .least = 1, .most = 128}},
		{"client.share", .number = {.out = &fair_percent, .least = 1, .most = 100}},
		{"limit.connections",
		 .number = {.out = &connection_limit, .least = 1, .most = 1000000}},
	};
	for (int i = 1; i < argc; i++)
		if (f->help && *argv[i] != '-' && !f->help_of)
			f->help_of = argv[i];
		else if (read_flag(argc, argv, &i, known, sizeof(known) / sizeof(known[0])))
			return -1;
	return 0;
}

/* What the process may use; false: not a size. */
static bool set_memory(const struct flags *f)
{
	bool none = f->memory && !strcmp(f->memory, "none");
	if (f->memory && !none &&
	    (!budget_read(f->memory, &budget_bytes) || budget_bytes < 16u << 20))
		return false;
	if (!f->memory)
		budget_bytes = cgroup_memory("");
	if (f->tasks)
		task_limit = f->tasks;
	return true;
}

static int read_stdin(void)
{
	size_t room = 65536;
	ssize_t n;
	host.stdin_text = malloc(room);
	while (host.stdin_text && (n = read(STDIN_FILENO, host.stdin_text + host.stdin_len,
					    room - host.stdin_len)) > 0) {
		host.stdin_len += (size_t)n;
		if (host.stdin_len == room)
			host.stdin_text = realloc(host.stdin_text, room *= 2);
	}
	return host.stdin_text ? 0 : -1;
}

static int list_plugins(void)
{
	char err[2048];
	int status = 0;
	plugin_cfg_t *c = plugin_cfg_read(err, sizeof(err));
	if (!c) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	for (size_t i = 0; i < c->count; i++) {
		const plugin_entry_t *e = &c->entries[i];
		if (e->later)
			continue;
		if (e->broken)
			snprintf(err, sizeof(err), "%s:%d - %s", e->cfg, e->line, e->broken);
		const plugin_t *p = e->broken ? NULL : plugin_open(e, err, sizeof(err));
		if (p)
			printf("dns.%s\t%s\tsdk %s\t%s\n", p->name,
			       p->r.version ? p->r.version : "-", p->r.sdk_version, p->path);
		else
			fprintf(stderr, "%s\n", err);
		status |= !p;
	}
	for (size_t i = 0; i < c->problem_count; i++)
		fprintf(stderr, "%s\n", c->problems[i]);
	status |= c->problem_count != 0;
	plugin_cfg_free(c);
	plugins_cleanup();
	return status;
}

/* What a directive takes, by its plugin's table. */
static int help_of(const char *name)
{
	char err[2048];
	plugin_cfg_t *c = plugin_cfg_read(err, sizeof(err));
	const plugin_entry_t *e = c ? plugin_cfg_find(c, name) : NULL;
	const char *near = c ? plugin_cfg_nearest(c, name) : NULL;
	const plugin_t *p = NULL;
	if (e && !e->later)
		p = plugin_open(e, err, sizeof(err));
	else if (c)
		snprintf(err, sizeof(err),
			 near ? "no plugin '%s' (did you mean '%s'?)" : "no plugin '%s'", name,
			 near);
	if (p)
		options_print(&p->r, stdout);
	else
		fprintf(stderr, "%s\n", err);
	plugin_cfg_free(c);
	plugins_cleanup();
	return p ? 0 : 1;
}

/* As many connections as the system allows; shells and services begin with much less. */
static void raise_descriptors(void)
{
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int sodns_main(int argc, char **argv)
{
	struct flags f = {.supervise = true, .sandbox = true};
	host.port = "53";
	if (read_flags(argc, argv, &f) || (f.log_format && read_log_format(f.log_format)) ||
	    check_port(host.port) || check_user(&f))
		return 2;
	if (!set_memory(&f)) {
		bad_usage("-limit.memory wants a size of at least 16M, or none, not", f.memory);
		return 2;
	}
	if (f.help && !f.help_of) {
		fputs(usage, stdout);
		return 0;
	}
	if (f.version) {
		printf("%s\n%s\n", version[0], version[1]);
		return 0;
	}
	host_find_plugins();
	if (f.help_of)
		return help_of(f.help_of);
	if (f.plugins)
		return list_plugins();
	/* Where there is one at the start, its absence later is no wish for the default. */
	if (!host.corefile && !access("Corefile", F_OK))
		host.corefile = "Corefile";
	if (host.corefile && !strcmp(host.corefile, "-") && read_stdin())
		return 1;
	if (f.check || f.chain)
		return control_check(f.chain);
	raise_descriptors();
	if (!geteuid() && !f.user && !f.quiet)
		log_first_words("Started as root without -user: the serving process keeps that "
				"user and owns the system's files, though without root's "
				"privileges");
	control_options_t run = {.quiet = f.quiet,
				 .sandbox = f.sandbox,
				 .workers = f.workers ? f.workers : worker_default_count(),
				 .version = {version[0], version[1]}};
	budget_apply(run.workers, f.tasks, run.budget);
	const supervisor_options_t supervisor = {.user = f.user,
						 .pidfile = f.pidfile,
						 .names_file = corefile_names_file,
						 .names_port = corefile_names_port,
						 .trial = control_try};
	return f.supervise ? supervise(&supervisor, control_run, &run) : control_run(&run);
}
