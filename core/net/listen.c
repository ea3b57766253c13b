/*
 * Sockets that plugins listen on (sodns/listen.h).
 */
#include <sodns/listen.h>

#include <string.h>
#include <sys/socket.h>

#include "net/listen.h"

static void keep_nothing(const socket_spec_t *spec)
{
	(void)spec;
}

listen_source_t listen_source = {socket_open, keep_nothing};

static socket_spec_t spec_of(const sodns_address_t *address, unsigned number)
{
	static const uint8_t any[16];
	return (socket_spec_t){.address = *address,
			       .type = SOCK_STREAM,
			       .index = (uint16_t)(LISTEN_INDEX + number),
			       .wildcard = address->family == 6 && !memcmp(address->bytes, any, 16),
			       .bound_only = true};
}

int sodns_listen_open(const sodns_address_t *address, unsigned number)
{
	const socket_spec_t spec = spec_of(address, number);
	return listen_source.open(&spec);
}

void sodns_listen_release(const sodns_address_t *address, unsigned number)
{
	const socket_spec_t spec = spec_of(address, number);
	listen_source.release(&spec);
}
