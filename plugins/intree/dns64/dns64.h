/*
 * dns64: the prefix below which the network's NAT64 reaches IPv4, and the clients that it is used for.
 */
#ifndef DNS64_H
#define DNS64_H

#include <sodns/metrics.h>
#include <sodns/plugin.h>

struct dns64 {
	uint8_t prefix[16];
	unsigned bytes; /* of the prefix: 4 to 12 */
	bool translate_all, allow_ipv4;
};

sodns_reply_t *dns64_serve(const sodns_handler_t *h, sodns_query_t *q);

#endif
