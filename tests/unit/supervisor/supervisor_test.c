/*
 * The parent against children that are in somebody else's hands, and against a system that has no
 * process to give.
 */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/child.h"
#include "supervisor/key.h"
#include "supervisor/wire.h"

#define PEM "-----BEGIN PRIVATE KEY-----\n"

static char folder[64];

/* What a child found out, for the test that made it. */
static struct findings {
	int rc[16];
	unsigned starts, forks_to_fail;
	bool named;
} * found;

/* In libc's place: fails as often as the test wants. */
pid_t fork(void)
{
	if (found->starts && found->forks_to_fail) {
		found->forks_to_fail--;
		errno = EAGAIN;
		return -1;
	}
	return _Fork();
}

static const char *in_folder(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *out = path[turn++ % 4];
	snprintf(out, sizeof(path[0]), "%s/%s", folder, name);
	return out;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool names_file(const char *path)
{
	return found->named && strstr(path, "named");
}

static bool names_port(uint16_t port)
{
	return port == 53;
}

/* The parent in a process of its own; what it printed, and its exit status. */
static int run_parent(int (*child)(void *), char *printed, size_t size)
{
	const supervisor_options_t o = {.names_file = names_file, .names_port = names_port};
	int pair[2], status;
	assert_int_equal(pipe(pair), 0);
	pid_t pid = _Fork();
	if (!pid) {
		dup2(pair[1], STDOUT_FILENO);
		close(pair[0]);
		close(pair[1]);
		_exit(supervise(&o, child, NULL));
	}
	close(pair[1]);
	size_t len = 0;
	ssize_t n;
	while (len + 1 < size && (n = read(pair[0], printed + len, size - 1 - len)) > 0)
		len += (size_t)n;
	printed[len] = 0;
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The child's end of the channel: it knows no name for it, but finds it. */
static int channel(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		int type = 0;
		socklen_t len = sizeof(type);
		if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

static int ask(const void *request, size_t len)
{
	if (send(channel(), request, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -EPIPE;
	return wire_receive_answer(channel());
}

static int ask_key(const char *path)
{
	wire_request_t r = {.kind = WIRE_KEY};
	snprintf(r.u.path, sizeof(r.u.path), "%s", path);
	return ask(&r, sizeof(r));
}

static int ask_port(uint16_t port)
{
	const wire_request_t r = {
		.kind = WIRE_SOCKET,
		.u.socket = {.type = SOCK_STREAM,
			     .address = {.family = 4, .bytes = {127, 0, 0, 1}, .port = port}}};
	return ask(&r, sizeof(r));
}

static int finish(void)
{
	supervisor_finish(FINISH_FOR_GOOD);
	return 7;
}

static void tell(enum supervisor_state state)
{
	supervisor_tell(state);
}

static int wants_keys(void *arg)
{
	(void)arg;
	found->rc[0] = ask_key(in_folder("other.pem"));
	found->rc[1] = ask_key(in_folder("named.pem"));
	found->rc[2] = ask_key(in_folder("named.txt"));
	found->rc[3] = ask_key(in_folder("named.fifo"));
	found->rc[4] = ask_key(in_folder("named"));
	found->rc[5] = ask_key(in_folder("named.none"));
	/* A new configuration that has it no more: until that is in force, the old one counts. */
	found->named = false;
	tell(SUPERVISOR_UNCHANGED);
	found->rc[6] = ask_key(in_folder("named.pem"));
	tell(SUPERVISOR_READY);
	found->rc[7] = ask_key(in_folder("named.pem"));
	return finish();
}

static void test_keys(void **state)
{
	char printed[4096];
	(void)state;
	found->named = true;
	write_file("other.pem", PEM);
	write_file("named.pem", PEM);
	write_file("named.txt", "root:x:0:0\n");
	assert_int_equal(mkfifo(in_folder("named.fifo"), 0600), 0);
	assert_int_equal(mkdir(in_folder("named"), 0700), 0);
	assert_int_equal(run_parent(wants_keys, printed, sizeof(printed)), 7);
	assert_int_equal(found->rc[0], -EACCES);
	assert_true(found->rc[1] >= 0);
	assert_int_equal(found->rc[2], -EACCES);
	assert_int_equal(found->rc[3], -EACCES);
	assert_int_equal(found->rc[4], -EACCES);
	assert_int_equal(found->rc[5], -ENOENT);
	assert_true(found->rc[6] >= 0);
	assert_int_equal(found->rc[7], -EACCES);
}

static int wants_ports(void *arg)
{
	(void)arg;
	found->rc[0] = ask_port(22);
	found->rc[1] = ask_port(0);
	found->rc[2] = ask_port(34567);
	found->rc[3] = ask_port(34567);
	/* However many it asks for, the parent keeps room for its own work. */
	for (uint16_t port = 40000; port < 40200; port++) {
		int fd = ask_port(port);
		found->rc[4] += fd >= 0;
		found->rc[5] = fd >= 0 ? found->rc[5] : fd;
		close(fd);
	}
	return finish();
}

static void test_ports(void **state)
{
	char printed[4096];
	struct rlimit before, few;
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){100, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	int status = run_parent(wants_ports, printed, sizeof(printed));
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(status, 7);
	assert_int_equal(found->rc[0], -EACCES);
	assert_true(found->rc[1] >= 0); /* any free one */
	assert_true(found->rc[2] >= 0 && found->rc[3] >= 0);
	assert_in_range(found->rc[4], 10, 100 - 32);
	assert_int_equal(found->rc[5], -EMFILE);
}

/* Each kind of nonsense ends the conversation, and nothing else. */
static int talks_nonsense(void *arg)
{
	wire_request_t r = {.kind = WIRE_KEY};
	(void)arg;
	switch (found->starts++) {
	case 0:
		memset(r.u.path, 'a', sizeof(r.u.path));
		found->rc[0] = ask(&r, sizeof(r));
		break;
	case 1:
		found->rc[1] = ask(&r, 5);
		break;
	case 2:
		r.kind = (enum wire_kind)77;
		found->rc[2] = ask(&r, sizeof(r));
		break;
	case 3:
		r = (wire_request_t){.kind = WIRE_SOCKET, .u.socket.type = SOCK_RAW};
		found->rc[3] = ask(&r, sizeof(r));
		break;
	case 4:
		r = (wire_request_t){.kind = WIRE_SOCKET,
				     .u.socket = {.type = SOCK_DGRAM, .address = {.family = 4}}};
		memset(&r.u.socket.wildcard, 0x55, 1);
		found->rc[4] = ask(&r, sizeof(r));
		break;
	case 5:
		r = (wire_request_t){.kind = WIRE_STATE, .u.state = (enum supervisor_state) - 1};
		found->rc[5] = ask(&r, sizeof(r));
		break;
	default:
		return finish();
	}
	atomic_store(&supervisor_page->serving, true);
	/* Texts without an end, and with what a terminal would obey. */
	memset(supervisor_page->plugin, '\033', sizeof(supervisor_page->plugin));
	memset(supervisor_page->question, 'q', sizeof(supervisor_page->question));
	memset(&supervisor_page->crashes, 0xff, sizeof(supervisor_page->crashes));
	return 1;
}

static void test_nonsense(void **state)
{
	char printed[16384];
	(void)state;
	assert_int_equal(run_parent(talks_nonsense, printed, sizeof(printed)), 7);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(found->rc[i], -EIO);
	assert_int_equal(found->starts, 7);
	assert_null(strchr(printed, '\033'));
	unsigned lines = 0;
	for (const char *p = printed; (p = strstr(p, "crashed (exit status 1) on \"qqq")); p++)
		lines++;
	assert_int_equal(lines, 6);
}

/* Asks on and on, and takes no answer: it must not hold the parent up. */
static int takes_no_answers(void *arg)
{
	wire_request_t r = {.kind = WIRE_KEY};
	(void)arg;
	for (unsigned i = 0; i < 20000; i++)
		send(channel(), &r, sizeof(r), MSG_NOSIGNAL);
	return finish();
}

static void test_no_answers_taken(void **state)
{
	char printed[4096];
	(void)state;
	assert_int_equal(run_parent(takes_no_answers, printed, sizeof(printed)), 7);
}

static int crashes_twice(void *arg)
{
	(void)arg;
	supervisor_tell(SUPERVISOR_READY);
	atomic_store(&supervisor_page->serving, true);
	if (found->starts++ < 2)
		return 1;
	found->rc[0] = (int)supervisor_page->crashes.failed_starts;
	found->rc[1] = (int)supervisor_page->crashes.of[0].count;
	found->rc[2] = supervisor_page->restarted;
	return finish();
}

static void test_no_process_to_be_had(void **state)
{
	char printed[4096];
	(void)state;
	found->forks_to_fail = 2;
	assert_int_equal(run_parent(crashes_twice, printed, sizeof(printed)), 7);
	assert_int_equal(found->rc[0], 2);
	assert_int_equal(found->rc[1], 2);
	assert_true(found->rc[2]);
	assert_non_null(strstr(printed, "[ERROR] No serving process can be started: Resource "
					"temporarily unavailable; the next try is in 100 ms\n"));
	assert_non_null(strstr(printed, "the next try is in 200 ms\n"));
}

/* Where somebody else could have put a file, a name proves nothing. */
static void test_ways_to_keys(void **state)
{
	const uid_t child = 12345;
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(mkdir(in_folder("theirs"), 0755), 0);
	assert_int_equal(mkdir(in_folder("open"), 0777), 0);
	assert_int_equal(mkdir(in_folder("ours"), 0755), 0);
	assert_int_equal(chmod(in_folder("open"), 0777), 0);
	write_file("ours/key.pem", PEM);
	write_file("theirs/key.pem", PEM);
	write_file("open/key.pem", PEM);
	assert_int_equal(chown(in_folder("theirs"), child, child), 0);
	assert_int_equal(symlink("../ours/key.pem", in_folder("open/link.pem")), 0);
	assert_int_equal(symlink("../ours/key.pem", in_folder("ours/link.pem")), 0);
	assert_int_equal(symlink(in_folder("ours/link.pem"), in_folder("ours/far.pem")), 0);
	assert_int_equal(symlink(in_folder("theirs/key.pem"), in_folder("ours/out.pem")), 0);
	assert_int_equal(symlink("loop.pem", in_folder("ours/loop.pem")), 0);

	int fd = key_open(in_folder("ours/key.pem"), child);
	assert_true(fd >= 0);
	close(fd);
	fd = key_open(in_folder("ours/far.pem"), child);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(key_open(in_folder("theirs/key.pem"), child), -EACCES);
	assert_int_equal(key_open(in_folder("open/key.pem"), child), -EACCES);
	assert_int_equal(key_open(in_folder("open/link.pem"), child), -EACCES);
	assert_int_equal(key_open(in_folder("ours/out.pem"), child), -EACCES);
	assert_int_equal(key_open(in_folder("ours/loop.pem"), child), -EACCES);

	/* In a sticky folder the names are their owners'. */
	assert_int_equal(chmod(in_folder("open"), 01777), 0);
	fd = key_open(in_folder("open/link.pem"), child);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(lchown(in_folder("open/link.pem"), child, child), 0);
	assert_int_equal(key_open(in_folder("open/link.pem"), child), -EACCES);
}

static int forget(void **state)
{
	(void)state;
	memset(found, 0, sizeof(*found));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_keys, forget),
		cmocka_unit_test_setup(test_ports, forget),
		cmocka_unit_test_setup(test_nonsense, forget),
		cmocka_unit_test_setup(test_no_answers_taken, forget),
		cmocka_unit_test_setup(test_no_process_to_be_had, forget),
		cmocka_unit_test_setup(test_ways_to_keys, forget),
	};
	snprintf(folder, sizeof(folder), "/tmp/sodns-supervisor-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || rc;
}
