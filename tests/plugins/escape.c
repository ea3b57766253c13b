/*
 * A test plugin that does what somebody does who has taken the process over. The first label of a question
 * says what; the answer is a TXT record with the errno, or "done".
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodns/plugin.h>

struct escape {
	const char *file, *program;
};

static long open_file(const struct escape *e)
{
	return open(e->file, O_RDONLY | O_CLOEXEC);
}

static long write_file(const struct escape *e)
{
	(void)e;
	return open("written", O_WRONLY | O_CREAT, 0600);
}

static long write_elsewhere(const struct escape *e)
{
	(void)e;
	return open("/dev/shm/sodns-escape", O_RDWR | O_CREAT, 0600);
}

static long make_folder(const struct escape *e)
{
	(void)e;
	return mkdir("made", 0700);
}

static long execute(const struct escape *e)
{
	char *argv[] = {(char *)(uintptr_t)e->program, NULL};
	return execve(e->program, argv, NULL);
}

static long spawn(const struct escape *e)
{
	pid_t pid;
	char *argv[] = {(char *)(uintptr_t)e->program, NULL};
	errno = posix_spawn(&pid, e->program, NULL, NULL, argv, NULL);
	return errno ? -1 : 0;
}

static long fork_once(const struct escape *e)
{
	(void)e;
	pid_t pid = fork();
	if (!pid)
		_exit(0);
	return pid;
}

static long bind_port(const struct escape *e)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(34567)};
	(void)e;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -1 : bind(fd, (struct sockaddr *)(void *)&a, sizeof(a));
}

static long bind_low(const struct escape *e)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
	(void)e;
	a.sin_addr.s_addr = htonl(0x7f0000fe);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -1 : bind(fd, (struct sockaddr *)(void *)&a, sizeof(a));
}

static long raw(const struct escape *e)
{
	(void)e;
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long trace(const struct escape *e)
{
	(void)e;
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long peek(const struct escape *e)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)e, 1};
	return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static long kill_parent(const struct escape *e)
{
	(void)e;
	return kill(getppid(), SIGURG);
}

static long code_anonymous(const struct escape *e)
{
	(void)e;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static long code_changed(const struct escape *e)
{
	(void)e;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static long code_in_memory(const struct escape *e)
{
	(void)e;
	return (long)syscall(SYS_memfd_create, "x", 0);
}

static long ring(const struct escape *e)
{
	char room[256] = {0};
	(void)e;
	return (long)syscall(425, 8, room);
}

static long mount_proc(const struct escape *e)
{
	(void)e;
	return (long)syscall(SYS_unshare, 0x10000000);
}

static void *nothing(void *arg)
{
	return arg;
}

/* What it may: threads. */
static long thread(const struct escape *e)
{
	pthread_t t;
	(void)e;
	errno = pthread_create(&t, NULL, nothing, NULL);
	return errno ? -1 : pthread_join(t, NULL);
}

static const struct {
	const char *name;
	long (*fn)(const struct escape *e);
} ways[] = {{"open", open_file},
	    {"write", write_file},
	    {"shm", write_elsewhere},
	    {"mkdir", make_folder},
	    {"execve", execute},
	    {"spawn", spawn},
	    {"fork", fork_once},
	    {"bind", bind_port},
	    {"low", bind_low},
	    {"packet", raw},
	    {"ptrace", trace},
	    {"peek", peek},
	    {"kill", kill_parent},
	    {"anonymous", code_anonymous},
	    {"mprotect", code_changed},
	    {"memfd", code_in_memory},
	    {"uring", ring},
	    {"unshare", mount_proc},
	    {"thread", thread}};

static sodns_reply_t *serve(const sodns_handler_t *h, sodns_query_t *q)
{
	char label[64] = "", text[64];
	const uint8_t *name = sodns_query_name(q);
	memcpy(label, name + 1, *name);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, label))
			continue;
		errno = 0;
		long rc = ways[i].fn(h->self);
		int n = snprintf(text + 1, sizeof(text) - 1, "%s",
				 rc < 0 ? strerrorname_np(errno) : "done");
		*text = (char)n;
		sodns_reply_t *r = sodns_reply(q);
		sodns_reply_add_record(r, SODNS_ANSWER, name, SODNS_TYPE_TXT, 0, text,
				       (uint16_t)(n + 1));
		return r;
	}
	return sodns_next(h, q);
}

static int setup(sodns_setup_t *s)
{
	struct escape *e = sodns_setup_alloc(s, sizeof(*e));
	e->file = getenv("ESCAPE_FILE");
	e->program = "/bin/true";
	while (sodns_setup_next(s))
		while (sodns_setup_arg(s))
			;
	return sodns_add_handler(s, e);
}

SODNS_PLUGIN(.name = "escape", .setup = setup, .serve_dns = serve);
