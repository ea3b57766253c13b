/*
 * The addresses of the machine's network interfaces, by getifaddrs(3).
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "interfaces.h"

static bool text_of(const struct ifaddrs *i, char *out, size_t size)
{
	if (!i->ifa_addr)
		return false;
	if (i->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)i->ifa_addr;
		return inet_ntop(AF_INET, &in->sin_addr, out, (socklen_t)size) != NULL;
	}
	if (i->ifa_addr->sa_family != AF_INET6)
		return false;
	const struct sockaddr_in6 *in6 = (const void *)i->ifa_addr;
	char ip[INET6_ADDRSTRLEN];
	if (!inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip)))
		return false;
	bool zoned = IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) ||
		     IN6_IS_ADDR_MC_LINKLOCAL(&in6->sin6_addr);
	snprintf(out, size, "%s%s%s", ip, zoned ? "%" : "", zoned ? i->ifa_name : "");
	return true;
}

bool interface_addresses(const char *name, int (*found)(void *arg, const char *text), void *arg)
{
	struct ifaddrs *list = NULL;
	bool exists = if_nametoindex(name) != 0;
	if (!exists || getifaddrs(&list))
		return exists;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
		if (!strcmp(i->ifa_name, name) && text_of(i, text, sizeof(text)) &&
		    found(arg, text))
			break;
	}
	freeifaddrs(list);
	return true;
}
