/*
 * Hashes for tables whose keys come from outside: of a client, an upstream, a zone, an API. They are
 * keyed, another key in each run of the daemon, so that keys can't be chosen that meet in a table
 * (names have sodns_name_hash() and sodns_query_name_hash()). What is hashed is told apart by the
 * hash only for as long as the process lives: it is nothing to keep or to send. All functions here:
 * [any thread].
 */
#ifndef SODNS_HASH_H
#define SODNS_HASH_H

#include <sodns/net.h>

/* SipHash-1-3 of some bytes. Every bit of it is as good as any other: a table of 2^n places takes n
 * of them, wherever. */
SODNS_API uint64_t sodns_hash(const void *bytes, size_t len);

/* A hash (one of these, or of a name) with a number put in: for keys of several parts. Cheaper than
 * hashing again, and as good where the hash is that of what has few numbers beside it (ports, types). */
SODNS_API uint64_t sodns_hash_number(uint64_t hash, uint64_t number);

/* The hash of the network that an address is in: of its family and first `bits`. For tables of clients,
 * which have one address of IPv4, but a network of IPv6. */
SODNS_API uint64_t sodns_hash_network(const sodns_address_t *a, unsigned bits);

#endif
