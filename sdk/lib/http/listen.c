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

#include <sodns/listen.h>

#include "server.h"

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

/* A name's first IPv4 address, or if it has none its first one. */
static int find_host(const char *host, sodns_address_t *out, char *err, size_t err_size)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *pick;
	if (sodns_address_is_malformed(host) || getaddrinfo(host, NULL, &hints, &found)) {
		snprintf(err, err_size, "listen tcp: lookup %s: no such host", host);
		return -1;
	}
	for (pick = found; pick && pick->ai_family != AF_INET; pick = pick->ai_next)
		;
	pick = pick ? pick : found;
	sodns_address_from_sockaddr(pick->ai_addr, out);
	freeaddrinfo(found);
	return 0;
}

/* As with Go, 0.0.0.0 is all addresses, of both families. */
static bool is_any_four(const sodns_address_t *a)
{
	static const uint8_t zeros[4];
	return a->family == 4 && !memcmp(a->bytes, zeros, 4);
}

int http_resolve(const char *address, sodns_address_t *out, char *err, size_t err_size)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	*out = (sodns_address_t){0};
	if (!colon || n >= sizeof(host)) {
		snprintf(err, err_size, "listen tcp: address %s: missing port in address", address);
		return -1;
	}
	bool brackets = n > 1 && *address == '[' && address[n - 1] == ']';
	snprintf(host, sizeof(host), "%.*s", (int)(brackets ? n - 2 : n), address + brackets);
	int port = port_number(colon + 1, err, err_size);
	if (port < 0)
		return -1;
	if (*host && find_host(host, out, err, err_size))
		return -1;
	if (!*host || is_any_four(out))
		*out = (sodns_address_t){.family = 6};
	out->port = (uint16_t)port;
	return 0;
}

/* Two generations of a daemon, or two daemons of a user, may share an address while one takes over
 * from the other. */
int http_bind(sodns_http_t *h, char *err, size_t err_size)
{
	char why[128];
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	int fd = sodns_listen_open(&h->wanted, h->number);
	if (fd >= 0) {
		getsockname(fd, (struct sockaddr *)(void *)&bound, &len);
		sodns_address_from_sockaddr((const struct sockaddr *)(const void *)&bound,
					    &h->bound);
		return fd;
	}
	snprintf(why, sizeof(why), "%s", strerror(-fd));
	*why = (char)tolower((unsigned char)*why);
	snprintf(err, err_size, "listen tcp %s: bind: %s", h->text, why);
	return -1;
}
