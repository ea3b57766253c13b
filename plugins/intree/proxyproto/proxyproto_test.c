/*
 * proxyproto: what is refused, headers good and bad, and sessions. How connections and datagrams
 * fare is proxyproto_test.py's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodns/test.h>

#include "header.h"
#include "proxyproto.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\0\2\x58\xc0\0\2\1\x15\xb3\0\x35"

static void refusals(void)
{
	SODNS_REFUSED("proxyproto x", "Wrong argument count or unexpected line ending after 'x'");
	SODNS_REFUSED("proxyproto {\n allow 192.0.2.1\n}",
		      "192.0.2.1: invalid CIDR address: 192.0.2.1");
	SODNS_REFUSED("proxyproto {\n default\n}",
		      "Wrong argument count or unexpected line ending after 'default'");
	SODNS_REFUSED("proxyproto {\n default require\n}",
		      "Wrong argument count or unexpected line ending after 'require'");
	SODNS_REFUSED("proxyproto {\n udp_session_tracking\n}",
		      "Wrong argument count or unexpected line ending after "
		      "'udp_session_tracking'");
	SODNS_REFUSED("proxyproto {\n udp_session_tracking soon\n}",
		      "udp_session_tracking: invalid duration \"soon\": time: invalid duration "
		      "\"soon\"");
	SODNS_REFUSED("proxyproto {\n udp_session_tracking 28s 0\n}",
		      "udp_session_tracking: invalid max sessions \"0\": must be a positive "
		      "integer");
	SODNS_REFUSED("proxyproto {\n deny 192.0.2.0/24\n}", "unknown option 'deny'");
	sodns_test_end(SODNS_TEST("proxyproto {\n allow 192.0.2.0/24 2001:db8::/32\n"
				  " allow 198.51.100.0/24\n default Reject\n"
				  " udp_session_tracking 28s 20\n}\nproxyproto\nwhoami"));
}

/* What reading the bytes comes to, as text. */
static const char *read_text(const void *bytes, size_t len)
{
	static char out[300];
	char source[SODNS_ADDRESS_TEXT_MAX], destination[SODNS_ADDRESS_TEXT_MAX];
	struct header h;
	/* Of just this size, so that reading beyond it shows. */
	uint8_t *copy = malloc(len ? len : 1);
	if (!copy)
		return "";
	memcpy(copy, bytes, len);
	ptrdiff_t n = header_read(copy, len, &h);
	free(copy);
	if (n == SODNS_EBUSY)
		return "more";
	if (n < 0)
		return h.reason;
	sodns_address_to_text(&h.source, source);
	sodns_address_to_text(&h.destination, destination);
	snprintf(out, sizeof(out), "%td v%u%s%s %s %u > %s %u", n, h.version,
		 h.local ? " local" : "", header_is_datagram(&h) ? " udp" : "", source,
		 h.source.port, destination, h.destination.port);
	return out;
}

#define READ(bytes, expected) SODNS_SAME(read_text(bytes, sizeof(bytes) - 1), expected)
#define SODNS_SAME(a, b) same(__LINE__, a, b)

static void same(int line, const char *got, const char *expected)
{
	if (strcmp(got, expected))
		printf("line %d: %s\n", line, got);
	sodns_test_contains(__FILE__, line, got, expected);
}

static void version_1(void)
{
	READ("PROXY TCP4 192.0.2.7 192.0.2.1 4321 53\r\nrest",
	     "40 v1 192.0.2.7 4321 > 192.0.2.1 53");
	READ("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n", "36 v1 2001:db8::1 0 > ::1 65535");
	READ("PROXY UNKNOWN whatever it is\r\n", "30 v1 local  0 >  0");
	READ("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "37 v1 192.0.2.7 1 > ::1 2");
	READ("PROX", "more");
	READ("PROXY", "more");
	READ("PROXY TCP4 192.0.2.7 192.0.2.1 4321 53\r", "more");
	READ("PROXZ TCP4", "0 v0  0 >  0");
	READ("PROXYX TCP4 192.0.2.7 192.0.2.1 1 2\r\n", "can't read version 1 header");
	READ("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n", "must end with \\r\\n");
	READ("PROXY TCP4 192.0.2.7  192.0.2.1 1 2\r\n", "can't read address family or protocol");
	READ("PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n", "can't read address family or protocol");
	READ("PROXY\r\n", "can't read address family or protocol");
	READ("PROXY TCP4 192.0.2.07 192.0.2.1 1 2\r\n", "invalid address");
	READ("PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "invalid address");
	READ("PROXY TCP4 ::1 192.0.2.1 1 2\r\n", "invalid address");
	READ("PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n", "invalid port number");
	READ("PROXY TCP4 192.0.2.7 192.0.2.1 1 02\r\n", "invalid port number");
	char line[108];
	memset(line, ' ', sizeof(line));
	memcpy(line, "PROXY", 5);
	SODNS_SAME(read_text(line, 106), "more");
	SODNS_SAME(read_text(line, 107), "version 1 header must be 107 bytes or less");
}

static void version_2(void)
{
	READ(SIGNATURE "\x21\x11\0\x0c" FOUR "rest", "28 v2 192.0.2.88 5555 > 192.0.2.1 53");
	READ(SIGNATURE "\x21\x12\0\x0f" FOUR "tlv", "31 v2 udp 192.0.2.88 5555 > 192.0.2.1 53");
	READ(SIGNATURE "\x21\x12\0\x0f" FOUR "tl", "more");
	READ(SIGNATURE "\x20\x11\0\x0c" FOUR, "28 v2 local  0 >  0");
	READ(SIGNATURE "\x20\x12\0\x0c" FOUR, "28 v2 local  0 >  0");
	READ(SIGNATURE "\x20\xff\0\0", "16 v2 local  0 >  0");
	READ(SIGNATURE "\x20\x12\0\x0c"
		       "cut",
	     "more");
	READ(SIGNATURE "\x22\0\0\0", "unsupported proxy protocol version and command");
	READ(SIGNATURE "\x20\0\0\0", "16 v2 local  0 >  0");
	READ(SIGNATURE "\x20\x11\0\2xx", "18 v2 local  0 >  0");
	READ(SIGNATURE "\x21\x22\0\x24"
		       "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
		       "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
		       "\1\2\0\x35",
	     "52 v2 udp 2001:db8::1 258 > 2001:db8::2 53");
	READ("\r", "more");
	READ(SIGNATURE "\x21\x11\0", "more");
	READ("\r\nquite another message", "0 v0  0 >  0");
	READ(SIGNATURE "\x31\x11\0\x0c" FOUR, "unsupported proxy protocol version and command");
	READ(SIGNATURE "\x21\x13\0\x0c" FOUR, "unsupported address family and protocol");
	READ(SIGNATURE "\x21\0\0\0", "unsupported address family and protocol");
	READ(SIGNATURE "\x21\x11\0\x0b" FOUR, "invalid length");
	READ(SIGNATURE "\x21\x11\x10\1" FOUR, "invalid length");
}

static sodns_address_t address(unsigned n)
{
	return (sodns_address_t){.family = 4, .bytes = {192, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

/* Who is found after a thousand have come: the last 40, and those asked for meanwhile. */
static void sessions(void)
{
	struct sessions *s = sessions_new(40);
	unsigned found = 0, right = 0;
	for (unsigned i = 0; i < 1000; i++) {
		sodns_address_t peer = address(i), source = address(i + 1000), first = address(0);
		sessions_store(s, &peer, &source, i, 100);
		sessions_find(s, &first, i, 100);
	}
	for (unsigned i = 0; i < 1000; i++) {
		sodns_address_t peer = address(i), source = address(i + 1000);
		const sodns_address_t *p = sessions_find(s, &peer, 1000, 100);
		found += p != NULL;
		right += p && sodns_address_equal(p, &source) && (!i || i > 960);
	}
	char text[40];
	snprintf(text, sizeof(text), "%u %u", found, right);
	SODNS_SAME(text, "40 40");
	sodns_address_t last = address(999);
	SODNS_SAME(sessions_find(s, &last, 1099, 100) ? "there" : "gone", "there");
	SODNS_SAME(sessions_find(s, &last, 1199, 100) ? "there" : "gone", "gone");
	sessions_free(s);
}

int main(void)
{
	refusals();
	version_1();
	version_2();
	sessions();
	return sodns_test_result();
}
