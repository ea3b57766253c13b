/*
 * Between the SDK's addresses and the system's.
 */
#ifndef CORE_NET_ADDRESS_H
#define CORE_NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <sodns/net.h>

/* A v4-mapped IPv6 address becomes IPv4. */
void address_from_sockaddr(const struct sockaddr *sa, sodns_address_t *out);
/* Returns the length. */
socklen_t address_to_sockaddr(const sodns_address_t *a, struct sockaddr_storage *out);

#endif
