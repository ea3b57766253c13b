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
static int find_host(const char *host, struct sockaddr_storage *out, char *err, size_t err_size)
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
	memcpy(out, pick->ai_addr, pick->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static bool is_any_four(const struct sockaddr_storage *a)
{
	const struct sockaddr_in *four = (const void *)a;
	return a->ss_family == AF_INET && four->sin_addr.s_addr == INADDR_ANY;
}

int http_resolve(const char *address, struct sockaddr_storage *out, char *err, size_t err_size)
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
	if (*host && find_host(host, out, err, err_size))
		return -1;
	/* As with Go, 0.0.0.0 is all addresses, of both families. */
	if (!*host || is_any_four(out))
		*out = (struct sockaddr_storage){.ss_family = AF_INET6};
	set_port(out, port);
	return 0;
}

static bool is_any(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *six = (const void *)a;
	return a->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

void http_address(const struct sockaddr_storage *from, sodns_address_t *out)
{
	const struct sockaddr_in *four = (const void *)from;
	const struct sockaddr_in6 *six = (const void *)from;
	*out = (sodns_address_t){.family = from->ss_family == AF_INET6 ? 6 : 4};
	out->port = ntohs(out->family == 6 ? six->sin6_port : four->sin_port);
	if (out->family == 6) {
		memcpy(out->bytes, &six->sin6_addr, 16);
		out->scope = six->sin6_scope_id;
	} else {
		memcpy(out->bytes, &four->sin_addr, 4);
	}
}

/* Two generations of a daemon, or two daemons of a user, may share an address while one takes over
 * from the other. */
void http_spec(const struct sockaddr_storage *at, unsigned nth, socket_spec_t *out)
{
	*out = (socket_spec_t){.type = SOCK_STREAM,
			       .index = (uint16_t)(HTTP_INDEX + nth),
			       .wildcard = is_any(at),
			       .bound_only = true};
	http_address(at, &out->address);
}

int http_bind(sodns_http_t *h, char *err, size_t err_size)
{
	char why[128];
	socklen_t len = sizeof(h->bound);
	int fd = h->sockets->open(&h->spec);
	if (fd >= 0) {
		getsockname(fd, (struct sockaddr *)(void *)&h->bound, &len);
		return fd;
	}
	snprintf(why, sizeof(why), "%s", strerror(-fd));
	*why = (char)tolower((unsigned char)*why);
	snprintf(err, err_size, "listen tcp %s: bind: %s", h->text, why);
	return -1;
}
