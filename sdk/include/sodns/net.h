/*
 * Addresses and networks: a small form of their own, so that no plugin handles sockaddr. IPv4 is
 * kept as IPv4; a v4-mapped IPv6 address from a socket is turned into IPv4. And their names: those
 * below in-addr.arpa (RFC 1035, 3.5) and ip6.arpa (RFC 3596, 2.5). [any thread] throughout.
 */
#ifndef SODNS_NET_H
#define SODNS_NET_H

#include <sodns/name.h>

typedef struct sodns_address {
	uint8_t family;    /* 4, 6, or 0 for none */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
	uint16_t port;     /* host order */
	uint32_t scope;    /* IPv6 zone index, or 0 */
} sodns_address_t;

typedef struct sodns_prefix {
	sodns_address_t address;
	uint8_t bits;
} sodns_prefix_t;

#define SODNS_ADDRESS_TEXT_MAX 64

/* "192.0.2.1", "2001:db8::1"; the port is left out. Returns the length. */
SODNS_API size_t sodns_address_to_text(const sodns_address_t *a, char out[SODNS_ADDRESS_TEXT_MAX]);
/* The address of a text, without port; of IPv6 also with a zone, an interface's name or number that is
 * there: "fe80::1%eth0". 0 or SODNS_EINVAL. */
SODNS_API int sodns_address_from_text(const char *text, sodns_address_t *out);
/* Whether a text is no address, but numbers and dots, or what getaddrinfo(3) takes for an address in an old
 * way: "1.2.3" (1.2.0.3), "0x7f000001", "256.1.1.1". No host's name is meant by it. */
SODNS_API bool sodns_address_is_malformed(const char *text);
/* "ADDRESS", "ADDRESS:PORT", "[V6]:PORT", "[V6%ZONE]:PORT"; default_port where there is none. 0 or
 * SODNS_EINVAL. */
SODNS_API int sodns_endpoint_from_text(const char *text, uint16_t default_port,
				       sodns_address_t *out);
/* From and to the system's form, for libraries with sockets of their own (sys/socket.h). A v4-mapped
 * address becomes IPv4; what is neither family is none. To: the length. */
struct sockaddr;
struct sockaddr_storage;
SODNS_API void sodns_address_from_sockaddr(const struct sockaddr *from, sodns_address_t *out);
SODNS_API unsigned sodns_address_to_sockaddr(const sodns_address_t *a,
					     struct sockaddr_storage *out);
/* Same family and address, port aside. */
SODNS_API bool sodns_address_equal(const sodns_address_t *a, const sodns_address_t *b);
/* "10.0.0.0/8", or a bare address with all its bits. 0 or SODNS_EINVAL. */
SODNS_API int sodns_prefix_from_text(const char *text, sodns_prefix_t *out);
SODNS_API bool sodns_prefix_contains(const sodns_prefix_t *p, const sodns_address_t *a);
/* Whether it is loopback, private, link local, shared, or in another block of RFC 6890 whose hosts the
 * Internet does not reach: traffic to it can't have been asked for from there in another's name. */
SODNS_API bool sodns_address_is_local(const sodns_address_t *a);

/* An IPv4 address that is written as an IPv6 one (::ffff:192.0.2.1; RFC 4291, 2.5.5.2) becomes IPv4:
 * true. Others stay as they are. */
SODNS_API bool sodns_address_unmap(sodns_address_t *a);
/* An IPv4 address becomes IPv6 by the same rule: true. Others stay as they are. */
SODNS_API bool sodns_address_map(sodns_address_t *a);

/* "1.2.0.192.in-addr.arpa.", or below ip6.arpa, in wire form, lower case. Returns the length; 0: it
 * is no address. */
SODNS_API size_t sodns_address_to_reverse(const sodns_address_t *a, uint8_t out[SODNS_NAME_MAX]);
/* The address of such a name, letter case aside, which has all its labels and none more; octets are
 * decimal without zeros in front. 0 or SODNS_EINVAL. An address that is mapped stays so. */
SODNS_API int sodns_address_from_reverse(const uint8_t *name, sodns_address_t *out);
/* Whether a name is in-addr.arpa or ip6.arpa, or below. */
SODNS_API bool sodns_name_is_reverse(const uint8_t *name);
/* The network whose names lie at and below a name of fewer labels: 0.192.in-addr.arpa is
 * 192.0.0.0/16. 0 or SODNS_EINVAL. */
SODNS_API int sodns_prefix_from_reverse(const uint8_t *name, sodns_prefix_t *out);
/* The zone, or zones, that hold the names of a network: a prefix that ends within a label needs all of
 * the labels that it covers (10.0.0.0/22: four zones). Writes the one with this index, in ascending
 * order, in wire form; returns how many there are, 1 to 128; 0: it is no network. Bits of the address
 * behind the prefix do not count. */
SODNS_API unsigned sodns_prefix_to_reverse(const sodns_prefix_t *p, unsigned index,
					   uint8_t out[SODNS_NAME_MAX]);

#endif
