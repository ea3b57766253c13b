/*
 * What the serving process, once somebody else has taken it over, could say to its parent: only
 * requests whose fields hold what they may are taken.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "supervisor/wire.h"

static int channel[2] = {-1, -1};

static void check(const wire_request_t *r)
{
	const socket_spec_t *s = &r->u.socket;
	switch (r->kind) {
	case WIRE_SOCKET:
	case WIRE_RELEASE:
		if ((s->type != SOCK_DGRAM && s->type != SOCK_STREAM) ||
		    (s->address.family != 4 && s->address.family != 6))
			abort();
		return;
	case WIRE_KEY:
		if (strnlen(r->u.path, sizeof(r->u.path)) == sizeof(r->u.path))
			abort();
		return;
	case WIRE_STATE:
		if ((unsigned)r->u.state > SUPERVISOR_OUTGROWN)
			abort();
		return;
	case WIRE_TRIAL:
		return;
	}
	abort();
}

/* The input is the beginning of a request of the right size, or, where its first byte is odd, all. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	wire_request_t sent, got;
	if (len < 1 || len > sizeof(sent))
		return 0;
	if (channel[0] < 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel))
		abort();
	memset(&sent, 0, sizeof(sent));
	memcpy(&sent, data + 1, len - 1);
	if (send(channel[0], data[0] & 1 ? (const void *)(data + 1) : &sent,
		 data[0] & 1 ? len - 1 : sizeof(sent), MSG_DONTWAIT) < 0)
		return 0;
	if (wire_receive(channel[1], &got) == 1)
		check(&got);
	return 0;
}
