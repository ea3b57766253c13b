/*
 * Giving privileges up: another user, or the same one without any of root's capabilities
 * (capabilities(7)).
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report/log.h"
#include "supervisor/child.h"

static int become(const char *user)
{
	struct passwd *p = getpwnam(user);
	if (!p) {
		log_last_words("-user %s: there is no such user", user);
		return -1;
	}
	if (!initgroups(user, p->pw_gid) && !setgid(p->pw_gid) && !setuid(p->pw_uid))
		return 0;
	log_last_words("-user %s: %s", user, strerror(errno));
	return -1;
}

/* As long as this process may: another user may not. The kernel may have more than the header. */
static void empty_bounding_set(void)
{
	for (int c = 0; c < 64; c++)
		prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &head, none);
}

int privileges_drop(const char *user)
{
	empty_bounding_set();
	if (user && become(user))
		return -1;
	drop_capabilities();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* What changes its user loses its parent's signal and its core dumps; both are wanted. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}
