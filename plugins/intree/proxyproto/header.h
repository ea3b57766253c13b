/*
 * The header that a proxy puts in front of what it passes on: which its client is. The PROXY protocol
 * of HAProxy, versions 1 (a line of text) and 2 (binary).
 */
#ifndef PROXYPROTO_HEADER_H
#define PROXYPROTO_HEADER_H

#include <sodns/net.h>

struct header {
	unsigned version;
	uint8_t transport; /* version 2's byte for address family and protocol, 0 if unknown */
	bool local;        /* the proxy speaks for itself: the addresses are not to be used */
	bool has_addresses;
	sodns_address_t source, destination;
	const char *reason; /* of an error, and of SODNS_EBUSY once the signature is there */
};

/* Reads the header at the beginning of `bytes`. Returns its length; 0: there is none; SODNS_EBUSY: it
 * may go on behind the last byte; SODNS_EINVAL: it is no good. */
ptrdiff_t header_read(const uint8_t *bytes, size_t len, struct header *out);
/* Whether its addresses are of UDP. */
bool header_is_datagram(const struct header *h);

#endif
