/*
 * A filter of system calls (seccomp(2)) that lets through what is listed. All else fails with EPERM, as
 * under the packaged unit: a library that tries something new goes on without it, and a plugin that
 * does what it should not gets an error and not everybody a crash. What depends on arguments:
 *
 *	mmap, mprotect	no code but from a file; and no file that can be mapped can be written
 *	clone		threads, no processes; clone3, whose flags lie in memory, is not there
 *	socket		IP, unix, and netlink for the addresses of interfaces
 *	prctl		names of threads and of memory
 *	ioctl		nothing that types into a terminal
 *
 * Calls that are always let through cost nothing from Linux 5.11 on.
 */
#include "system/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

static const uint16_t allowed[] = {
	SYS_accept,
	SYS_accept4,
	SYS_bind,
	SYS_brk,
	SYS_capget,
	SYS_chdir,
	SYS_clock_getres,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_close,
	SYS_close_range,
	SYS_connect,
	SYS_dup,
	SYS_dup3,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_eventfd2,
	SYS_exit,
	SYS_exit_group,
	SYS_faccessat,
	SYS_fadvise64,
	SYS_fallocate,
	SYS_fchdir,
	SYS_fcntl,
	SYS_fdatasync,
	SYS_fgetxattr,
	SYS_flock,
	SYS_fstat,
	SYS_fstatfs,
	SYS_fsync,
	SYS_ftruncate,
	SYS_futex,
	SYS_get_robust_list,
	SYS_getcpu,
	SYS_getcwd,
	SYS_getdents64,
	SYS_getegid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getgroups,
	SYS_getitimer,
	SYS_getpeername,
	SYS_getpgid,
	SYS_getpid,
	SYS_getppid,
	SYS_getpriority,
	SYS_getrandom,
	SYS_getresgid,
	SYS_getresuid,
	SYS_getrlimit,
	SYS_getrusage,
	SYS_getsid,
	SYS_getsockname,
	SYS_getsockopt,
	SYS_gettid,
	SYS_gettimeofday,
	SYS_getuid,
	SYS_getxattr,
	SYS_inotify_add_watch,
	SYS_inotify_init1,
	SYS_inotify_rm_watch,
	SYS_lgetxattr,
	SYS_listen,
	SYS_lseek,
	SYS_madvise,
	SYS_membarrier,
	SYS_mincore,
	SYS_mlock,
	SYS_mlock2,
	SYS_mremap,
	SYS_msync,
	SYS_munlock,
	SYS_munmap,
	SYS_nanosleep,
	SYS_newfstatat,
	SYS_openat,
	SYS_pipe2,
	SYS_ppoll,
	SYS_pread64,
	SYS_preadv,
	SYS_preadv2,
	SYS_prlimit64,
	SYS_pselect6,
	SYS_pwrite64,
	SYS_pwritev,
	SYS_pwritev2,
	SYS_read,
	SYS_readlinkat,
	SYS_readv,
	SYS_recvfrom,
	SYS_recvmmsg,
	SYS_recvmsg,
	SYS_restart_syscall,
	SYS_rseq,
	SYS_rt_sigaction,
	SYS_rt_sigpending,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigsuspend,
	SYS_rt_sigtimedwait,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_sched_get_priority_max,
	SYS_sched_get_priority_min,
	SYS_sched_getaffinity,
	SYS_sched_getparam,
	SYS_sched_getscheduler,
	SYS_sched_yield,
	SYS_sendfile,
	SYS_sendmmsg,
	SYS_sendmsg,
	SYS_sendto,
	SYS_set_robust_list,
	SYS_set_tid_address,
	SYS_setitimer,
	SYS_setsockopt,
	SYS_shutdown,
	SYS_sigaltstack,
	SYS_signalfd4,
	SYS_socketpair,
	SYS_statfs,
	SYS_statx,
	SYS_sysinfo,
	SYS_tgkill,
	SYS_timer_create,
	SYS_timer_delete,
	SYS_timer_gettime,
	SYS_timer_settime,
	SYS_timerfd_create,
	SYS_timerfd_gettime,
	SYS_timerfd_settime,
	SYS_times,
	SYS_umask,
	SYS_uname,
	SYS_unlinkat,
	SYS_write,
	SYS_writev,
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
#ifdef SYS_epoll_pwait2
	SYS_epoll_pwait2,
#endif
#ifdef SYS_futex_waitv
	SYS_futex_waitv,
#endif
#ifdef __x86_64__
	SYS_access,
	SYS_alarm,
	SYS_arch_prctl,
	SYS_dup2,
	SYS_epoll_create,
	SYS_epoll_wait,
	SYS_eventfd,
	SYS_getdents,
	SYS_getpgrp,
	SYS_inotify_init,
	SYS_lstat,
	SYS_open,
	SYS_pause,
	SYS_pipe,
	SYS_poll,
	SYS_readlink,
	SYS_select,
	SYS_signalfd,
	SYS_stat,
	SYS_time,
	SYS_unlink,
#endif
};

#define COUNT (sizeof(allowed) / sizeof(allowed[0]))
#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(e) (SECCOMP_RET_ERRNO | ((e)&SECCOMP_RET_DATA))
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(field))
/* The low half of an argument; both machines are little-endian. */
#define ARG(n) LOAD(offsetof(struct seccomp_data, args) + 8 * (n))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define IF_EQUAL(value, then, otherwise)                                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (then), (otherwise))
#define IF_ANY(bits, then, otherwise)                                                              \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), (then), (otherwise))

/* Those whose arguments are looked at. Each ends the filter, or steps over itself. */
static const struct sock_filter careful[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	IF_EQUAL(ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(offsetof(struct seccomp_data, nr)),
	/* mmap */
	IF_EQUAL(SYS_mmap, 0, 6),
	ARG(2),
	IF_ANY(PROT_EXEC, 0, 3),
	ARG(3),
	IF_ANY(MAP_ANONYMOUS, 0, 1),
	RETURN(REFUSE(EPERM)),
	RETURN(ALLOW),
	/* mprotect */
	IF_EQUAL(SYS_mprotect, 0, 4),
	ARG(2),
	IF_ANY(PROT_EXEC, 0, 1),
	RETURN(REFUSE(EPERM)),
	RETURN(ALLOW),
	/* clone: its flags are the first argument of both machines */
	IF_EQUAL(SYS_clone, 0, 4),
	ARG(0),
	IF_ANY(CLONE_THREAD, 1, 0),
	RETURN(REFUSE(EPERM)),
	RETURN(ALLOW),
	IF_EQUAL(SYS_clone3, 0, 1),
	RETURN(REFUSE(ENOSYS)),
	/* socket */
	IF_EQUAL(SYS_socket, 0, 7),
	ARG(0),
	IF_EQUAL(AF_UNIX, 4, 0),
	IF_EQUAL(AF_INET, 3, 0),
	IF_EQUAL(AF_INET6, 2, 0),
	IF_EQUAL(AF_NETLINK, 1, 0),
	RETURN(REFUSE(EAFNOSUPPORT)),
	RETURN(ALLOW),
	/* prctl */
	IF_EQUAL(SYS_prctl, 0, 6),
	ARG(0),
	IF_EQUAL(PR_SET_NAME, 3, 0),
	IF_EQUAL(PR_GET_NAME, 2, 0),
	IF_EQUAL(PR_SET_VMA, 1, 0),
	RETURN(REFUSE(EPERM)),
	RETURN(ALLOW),
	/* ioctl */
	IF_EQUAL(SYS_ioctl, 0, 5),
	ARG(1),
	IF_EQUAL(TIOCSTI, 1, 0),
	IF_EQUAL(TIOCLINUX, 0, 1),
	RETURN(REFUSE(EPERM)),
	RETURN(ALLOW),
};
#define CAREFUL (sizeof(careful) / sizeof(careful[0]))

int seccomp_enter(void)
{
	struct sock_filter f[CAREFUL + 2 * COUNT + 1];
	size_t n = 0;
	for (; n < CAREFUL; n++)
		f[n] = careful[n];
	for (size_t i = 0; i < COUNT; i++) {
		f[n++] = (struct sock_filter)IF_EQUAL(allowed[i], 0, 1);
		f[n++] = (struct sock_filter)RETURN(ALLOW);
	}
	f[n++] = (struct sock_filter)RETURN(REFUSE(EPERM));
	const struct sock_fprog program = {.len = (unsigned short)n, .filter = f};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
