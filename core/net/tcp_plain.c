/*
 * DNS over TCP: two bytes of length in front of each message (RFC 1035, 4.2.2). Written against the
 * SDK's transport alone.
 */
#include "net/tcp_plain.h"

static ptrdiff_t plain_receive(sodns_conn_t *c, void *state, const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	(void)state;
	while (len - at >= 2) {
		size_t n = (size_t)bytes[at] << 8 | bytes[at + 1];
		if (len - at - 2 < n)
			break;
		/* Too short to have a header: nothing can be answered, and nothing after it be
		 * trusted. */
		if (n < 12)
			return -1;
		if (!sodns_conn_query(c, 0, bytes + at + 2, n))
			break;
		at += 2 + n;
	}
	return (ptrdiff_t)at;
}

static void plain_reply(sodns_conn_t *c, void *state, uint64_t token, const uint8_t *message,
			size_t len)
{
	const uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
	(void)state;
	(void)token;
	if (!len)
		return;
	sodns_conn_write(c, length, 2);
	sodns_conn_write(c, message, len);
}

const sodns_transport_t tcp_plain = {
	.size = sizeof(tcp_plain),
	.scheme = "dns",
	.protocol = SODNS_TCP,
	.receive = plain_receive,
	.reply = plain_reply,
};

const sodns_transport_t tcp_tls = {
	.size = sizeof(tcp_tls),
	.scheme = "tls",
	.protocol = SODNS_TLS,
	.receive = plain_receive,
	.reply = plain_reply,
	.alpn = "dot",
};
