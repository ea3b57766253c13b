/*
 * The transport "dns" over streams.
 */
#ifndef CORE_RUNTIME_TCP_PLAIN_H
#define CORE_RUNTIME_TCP_PLAIN_H

#include <sodns/transport.h>

extern const sodns_transport_t tcp_plain;

#endif
