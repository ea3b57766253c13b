/*
 * The life of a test: a folder, a plugin.cfg, a generation that one worker on this thread serves.
 */
#include "test/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodns/metrics.h>

#include "report/log.h"
#include "task/service.h"
#include "upstream/upstream.h"
#include "system/seam.h"

#define NAMED_MAX 16
/* 2001-09-09: a time that no test takes for now. */
#define HELD_BEGIN 1000000000000000000u

sodns_test_t *test_current;
static char folder[] = "/tmp/sodns-test-XXXXXX";
static struct {
	const char *name, *file;
} named[NAMED_MAX];
static unsigned named_count, failures, checks;
static unsigned cfg_named; /* how many of them are in the plugin.cfg that was made */
static upstream_t *upstreams_of_all;
static char *cfg_text;
static size_t cfg_len;

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list ap;
	failures++;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int sodns_test_result(void)
{
	fprintf(stderr, "%u checks, %u failed\n", checks, failures);
	return failures != 0;
}

void sodns_test_plugin(const char *name, const char *file)
{
	for (unsigned i = 0; i < named_count; i++)
		if (!strcmp(named[i].name, name))
			return;
	if (named_count == NAMED_MAX)
		abort();
	/* Relative to the folder that the caller is in now, which is soon another. */
	const char *whole = strchr(file, '/') ? realpath(file, NULL) : NULL;
	named[named_count].name = name;
	named[named_count++].file = whole ? whole : file;
}

static void remove_folder(void)
{
	char command[64];
	plugins_cleanup();
	if (chdir("/"))
		return;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command))
		fprintf(stderr, "%s is left behind\n", folder);
}

/* Which of the named plugins the line is for; named_count: none. */
static unsigned named_by(const char *line)
{
	unsigned i = 0;
	for (; i < named_count; i++) {
		size_t n = strlen(named[i].name);
		if (!strncmp(line, named[i].name, n) && line[n] == ':')
			break;
	}
	return i;
}

/* The lines of plugin.cfg that count; in_cfg[i]: there is one for named plugin i. */
static char *read_cfg(const char *cfg, bool in_cfg[NAMED_MAX + 1])
{
	char *text = NULL, *line = NULL;
	size_t room = 0, len;
	FILE *out = open_memstream(&text, &len), *f = fopen(cfg, "re");
	while (f && getline(&line, &room, f) >= 0)
		if (*line != '#' && *line != '\n') {
			fputs(line, out);
			in_cfg[named_by(line)] = true;
		}
	if (f)
		fclose(f);
	free(line);
	fclose(out);
	return text;
}

/* Named plugins from i on, up to the next that plugin.cfg has a place for. */
static void print_named(FILE *out, unsigned i, const bool in_cfg[NAMED_MAX + 1])
{
	for (; i < named_count && !in_cfg[i]; i++)
		fprintf(out, "%s:%s\n", named[i].name, named[i].file);
}

/* A plugin.cfg in memory: what it has, with the named plugins' files, and behind each of those the ones
 * named after it that have no place of their own. */
static void make_cfg(void)
{
	static char path[64];
	static const char *installed;
	static int fd = -1;
	bool in_cfg[NAMED_MAX + 1] = {false};
	char *save = NULL;
	if (!installed) {
		host_find_plugins();
		installed = host.plugin_cfg;
	}
	char *text = read_cfg(installed, in_cfg);
	free(cfg_text);
	FILE *out = open_memstream(&cfg_text, &cfg_len);
	print_named(out, 0, in_cfg);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned i = named_by(line);
		if (i == named_count) {
			fprintf(out, "%s\n", line);
			continue;
		}
		fprintf(out, "%s:%s\n", named[i].name, named[i].file);
		print_named(out, i + 1, in_cfg);
	}
	free(text);
	fclose(out);
	if (fd >= 0)
		close(fd);
	fd = memfd_create("plugin.cfg", MFD_CLOEXEC);
	if (fd < 0 || write(fd, cfg_text, cfg_len) != (ssize_t)cfg_len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	host.plugin_cfg = path;
	cfg_named = named_count;
}

static int ask_upstream(const sodns_address_t *server, const uint8_t *query, size_t len,
			uint8_t *answer, size_t size, uint32_t *ms);
static void idle(void);

void test_prepare(void)
{
	static bool done;
	if (done)
		return;
	done = true;
	host.port = "53";
	atomic_store(&seam.clock, HELD_BEGIN);
	seam.exchange = ask_upstream;
	seam.idle = idle;
	seam.library = test_library;
	make_cfg();
	if (!mkdtemp(folder) || chdir(folder) || workers_adopt(&query_server) || service_start()) {
		perror("sodns_test");
		abort();
	}
	atexit(remove_folder);
}

void sodns_test_file(const char *name, const char *text)
{
	test_prepare();
	FILE *f = fopen(name, "we");
	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(name);
		abort();
	}
}

/* A text that begins with a directive is a block's inside. */
static char *whole_corefile(const char *text)
{
	char err[256], word[64], *out = NULL;
	size_t n = strcspn(text, " \t\n{");
	snprintf(word, sizeof(word), "%.*s", (int)n, text);
	plugin_cfg_t *c = plugin_cfg_read(err, sizeof(err));
	bool directive = c && plugin_cfg_find(c, word);
	plugin_cfg_free(c);
	if (asprintf(&out, directive ? ". {\n%s\n}\n" : "%s\n", text) < 0)
		abort();
	return out;
}

static generation_t *build(const char *corefile, char *err, size_t err_size)
{
	test_prepare();
	if (cfg_named != named_count)
		make_cfg();
	host.stdin_text = whole_corefile(corefile);
	host.stdin_len = strlen(host.stdin_text);
	generation_t *g = generation_build(err, err_size);
	bool made = g && !servers_build(g, err, err_size) && !generation_prepare(g, err, err_size);
	while (made && generation_waits(g))
		usleep(1000);
	if (g && !made) {
		generation_free(g);
		g = NULL;
	}
	free(host.stdin_text);
	host.stdin_text = NULL;
	return g;
}

bool sodns_test_refuse(const char *file, int line, const char *corefile, const char *message)
{
	char err[4096] = "";
	checks++;
	generation_t *g = build(corefile, err, sizeof(err));
	if (g) {
		generation_free(g);
		test_fail(file, line, "accepted, expected: %s\n%s", message, corefile);
		return false;
	}
	size_t n = strlen(err), m = strlen(message);
	if (n >= m && !strcmp(err + n - m, message))
		return true;
	test_fail(file, line, "refused by another error\n  expected: %s\n  got:      %s", message,
		  err);
	return false;
}

static sodns_reply_t *end_of_chain(sodns_query_t *q)
{
	return script_reply(q, test_current->next);
}

static upstream_t *upstream_at(upstream_t *u, const sodns_address_t *server)
{
	while (u && (!sodns_address_equal(&u->address, server) || u->address.port != server->port))
		u = u->next;
	return u;
}

static int ask_upstream(const sodns_address_t *server, const uint8_t *query, size_t len,
			uint8_t *answer, size_t size, uint32_t *ms)
{
	upstream_t *u = test_current ? upstream_at(test_current->upstreams, server) : NULL;
	u = u ? u : upstream_at(upstreams_of_all, server);
	if (!u)
		return SODNS_EIO;
	u->asked++;
	size_t n = u->reply ? script_packet(query, len, u->reply, answer, size) : 0;
	*ms = n ? u->ms : UINT32_MAX;
	return (int)n;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* The next thing that a service waits for is due. */
static void pass_time(void *arg)
{
	uint64_t due = loop_next_due(&service_loop);
	(void)arg;
	if (due == UINT64_MAX || atomic_load(&blocking_count) || loop_has_posted(&service_loop))
		return;
	if (due > sodns_now())
		atomic_store(&seam.clock, due);
	loop_fire(&service_loop);
}

static void idle(void)
{
	loop_call(&service_loop, pass_time, NULL);
}

/* Services have done what they can do now. */
static void settle(void)
{
	for (int i = 0; i < 5000; i++) {
		loop_call(&service_loop, nothing, NULL);
		if (!atomic_load(&blocking_count))
			return;
		usleep(1000);
	}
}

sodns_test_t *sodns_test_begin(const char *file, int line, const char *corefile)
{
	char err[4096] = "";
	checks++;
	generation_t *g = build(corefile, err, sizeof(err));
	if (!g) {
		test_fail(file, line, "refused: %s", err);
		return NULL;
	}
	sodns_test_t *t = calloc(1, sizeof(*t));
	t->generation = g;
	t->listener.server = servers_of(g);
	workers[0].in_flight = &g->in_flight;
	test_current = t;
	generation_start(g);
	settle();
	return t;
}

/* There is no reader any more: what was retired goes at once. */
static void reclaim(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100 && grace_reclaim(); i++)
		;
}

static void end_generation(generation_t *g)
{
	generation_stop(g);
	generation_free(g);
	loop_call(&service_loop, reclaim, NULL);
}

bool sodns_test_reload(const char *file, int line, sodns_test_t *t, const char *corefile)
{
	char err[4096] = "";
	checks++;
	generation_t *old = t ? t->generation : NULL,
		     *g = t ? build(corefile, err, sizeof(err)) : NULL;
	if (!g) {
		test_fail(file, line, "refused: %s", t ? err : "nothing runs");
		return false;
	}
	/* What waits still is answered by then. */
	if (atomic_load(&old->in_flight))
		sodns_test_advance(t, 10000);
	t->generation = g;
	t->listener.server = servers_of(g);
	workers[0].in_flight = &g->in_flight;
	generation_start(g);
	end_generation(old);
	settle();
	return true;
}

void sodns_test_end(sodns_test_t *t)
{
	if (!t)
		return;
	/* What waits still is answered by then. */
	sodns_test_advance(t, 10000);
	end_generation(t->generation);
	while (t->upstreams) {
		upstream_t *next = t->upstreams->next;
		free(t->upstreams->reply);
		free(t->upstreams);
		t->upstreams = next;
	}
	free(t->next);
	free(t->answer);
	free(t->packet);
	free(t);
	test_current = NULL;
	seam.chain_end = NULL;
}

void sodns_test_next(sodns_test_t *t, const char *reply)
{
	if (!t)
		return;
	free(t->next);
	t->next = strdup(reply);
	seam.chain_end = end_of_chain;
}

static upstream_t *find_upstream(sodns_test_t *t, const char *address)
{
	sodns_address_t a;
	if (sodns_endpoint_from_text(address, 53, &a))
		return NULL;
	upstream_t **list = t ? &t->upstreams : &upstreams_of_all, *u = upstream_at(*list, &a);
	if (u)
		return u;
	u = calloc(1, sizeof(*u));
	u->address = a;
	u->next = *list;
	return *list = u;
}

void sodns_test_upstream(sodns_test_t *t, const char *address, const char *reply, uint32_t ms)
{
	upstream_t *u = find_upstream(t, address);
	if (!u) {
		test_fail(__FILE__, __LINE__, "not an address: %s", address);
		return;
	}
	free(u->reply);
	u->reply = reply ? strdup(reply) : NULL;
	u->ms = ms;
}

unsigned sodns_test_upstream_asked(sodns_test_t *t, const char *address)
{
	upstream_t *u = find_upstream(t, address);
	return u ? u->asked : 0;
}

static void fire(void *arg)
{
	(void)arg;
	loop_fire(&service_loop);
}

void sodns_test_advance(sodns_test_t *t, uint32_t ms)
{
	if (!t)
		return;
	atomic_fetch_add(&seam.clock, (uint64_t)ms * 1000000u);
	loop_fire(&workers[0].loop);
	uv_run(&workers[0].loop.uv, UV_RUN_NOWAIT);
	loop_call(&service_loop, fire, NULL);
	settle();
}

bool sodns_test_answer(const char *file, int line, sodns_test_t *t, const char *question,
		       const char *expected)
{
	checks++;
	const char *got = sodns_test_ask(t, question);
	if (!strcmp(got, expected))
		return true;
	test_fail(file, line, "%s\n--- expected\n%s--- got\n%s---", question, expected, got);
	return false;
}

bool sodns_test_contains(const char *file, int line, const char *text, const char *part)
{
	checks++;
	if (strstr(text, part))
		return true;
	test_fail(file, line, "not in the text: %s\n%s", part, text);
	return false;
}

static void append(void *arg, const char *text, size_t len)
{
	fwrite(text, 1, len, arg);
}

const char *sodns_test_metrics(void)
{
	static char *text;
	size_t len;
	free(text);
	FILE *f = open_memstream(&text, &len);
	sodns_metrics_write(append, f);
	fclose(f);
	return text;
}
