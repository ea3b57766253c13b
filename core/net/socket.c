/*
 * Opening listening sockets.
 */
#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's default holds a few milliseconds of a busy server's queries. */
#define RECEIVE_BUFFER (4 << 20)
#define BACKLOG 4096

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static void set_udp_options(int fd, bool wildcard, int family)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
		set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (wildcard && family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (wildcard && family == AF_INET)
		set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	/* Path MTU discovery can be fooled into tiny fragments; without it the kernel ignores what
	 * it learns. A socket for both families has both settings. */
	set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	if (family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
}

static int open_at(const socket_spec_t *s, const sodns_address_t *address)
{
	struct sockaddr_storage sa;
	socklen_t len = sodns_address_to_sockaddr(address, &sa);
	int fd = socket(sa.ss_family, s->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (sa.ss_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !s->wildcard);
	if (s->type == SOCK_DGRAM)
		set_udp_options(fd, s->wildcard, sa.ss_family);
	else
		set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (!bind(fd, (const struct sockaddr *)(void *)&sa, len) &&
	    (s->type == SOCK_DGRAM || s->bound_only || !listen(fd, BACKLOG)))
		return fd;
	int why = -errno;
	close(fd);
	return why;
}

int socket_open(const socket_spec_t *s)
{
	sodns_address_t address = s->address;
	int fd = open_at(s, &address);
	/* Where there is no IPv6, or it has no addresses. */
	if ((fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL) || !s->wildcard || address.family != 6)
		return fd;
	address.family = 4;
	return open_at(s, &address);
}
bool sockets_stay;

bool socket_same(const socket_spec_t *a, const socket_spec_t *b)
{
	return a->type == b->type && a->index == b->index && a->wildcard == b->wildcard &&
	       a->address.port == b->address.port && a->address.scope == b->address.scope &&
	       sodns_address_equal(&a->address, &b->address);
}
