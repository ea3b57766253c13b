/*
 * The transports "dns" over streams, and "tls" (RFC 7858), which differs by what lies underneath.
 */
#ifndef CORE_NET_TCP_PLAIN_H
#define CORE_NET_TCP_PLAIN_H

#include <sodns/transport.h>

extern const sodns_transport_t tcp_plain, tcp_tls;

#endif
