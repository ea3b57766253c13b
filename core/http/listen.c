/*
 * Addresses and sockets of the HTTP server. What is wrong with an address is worded as Go words it,
 * since that is what people search for.
 */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/server.h"

/* The port's number, or -1. */
static int port_number(const char *port, char *err, size_t err_size)
{
	char *end;
	unsigned long n = strtoul(port, &end, 10);
	if (!*port || (isdigit((unsigned char)*port) && !*end)) {
		if (n <= 65535)
			return (int)n;
		snprintf(err, err_size, "listen tcp: address %s: invalid port", port);
		return -1;
	}
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	if (getaddrinfo(NULL, port, &hints, &found)) {
		snprintf(err, err_size, "listen tcp: lookup tcp/%s: unknown port", port);
		return -1;
	}
	const struct sockaddr_in *in = (const void *)found->ai_addr;
	int number = ntohs(in->sin_port);
	freeaddrinfo(found);
	return number;
}

static void set_port(struct sockaddr_storage *a, int port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)a)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)(void *)a)->sin_port = htons((uint16_t)port);
}

/* A name's first IPv4 address, or if it has none its first one. */
static int find_host(const char *host, struct sockaddr_storage *out, socklen_t *len, char *err,
		     size_t err_size)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *pick;
	if (getaddrinfo(host, NULL, &hints, &found)) {
		snprintf(err, err_size, "listen tcp: lookup %s: no such host", host);
		return -1;
	}
	for (pick = found; pick && pick->ai_family != AF_INET; pick = pick->ai_next)
		;
	pick = pick ? pick : found;
	memcpy(out, pick->ai_addr, pick->ai_addrlen);
	*len = pick->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int http_resolve(const char *address, struct sockaddr_storage *out, socklen_t *len, char *err,
		 size_t err_size)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	memset(out, 0, sizeof(*out));
	if (!colon || n >= sizeof(host)) {
		snprintf(err, err_size, "listen tcp: address %s: missing port in address", address);
		return -1;
	}
	bool brackets = n > 1 && *address == '[' && address[n - 1] == ']';
	snprintf(host, sizeof(host), "%.*s", (int)(brackets ? n - 2 : n), address + brackets);
	int port = port_number(colon + 1, err, err_size);
	if (port < 0)
		return -1;
	if (*host && find_host(host, out, len, err, err_size))
		return -1;
	if (!*host) {
		out->ss_family = AF_INET6;
		*len = sizeof(struct sockaddr_in6);
	}
	set_port(out, port);
	return 0;
}

static bool is_any(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *six = (const void *)a;
	return a->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

static void bind_error(const char *address, char *err, size_t err_size)
{
	char why[128];
	snprintf(why, sizeof(why), "%s", strerror(errno));
	*why = (char)tolower((unsigned char)*why);
	snprintf(err, err_size, "listen tcp %s: bind: %s", address, why);
}

/* The wildcard is one IPv6 socket for both families where there is IPv6. Two generations of a
 * daemon, or two daemons of a user, may share an address while one takes over from the other. */
int http_bind(const char *address, struct sockaddr_storage *at, socklen_t len, char *err,
	      size_t err_size)
{
	const int on = 1, off = 0;
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && is_any(at)) {
		in_port_t port = ((const struct sockaddr_in6 *)(const void *)at)->sin6_port;
		memset(at, 0, sizeof(*at));
		at->ss_family = AF_INET;
		set_port(at, ntohs(port));
		return http_bind(address, at, sizeof(struct sockaddr_in), err, err_size);
	}
	if (fd < 0) {
		bind_error(address, err, err_size);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (is_any(at))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (!bind(fd, (const struct sockaddr *)(const void *)at, len)) {
		getsockname(fd, (struct sockaddr *)(void *)at, &len);
		return fd;
	}
	bind_error(address, err, err_size);
	close(fd);
	return -1;
}
