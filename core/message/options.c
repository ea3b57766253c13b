/*
 * EDNS options: those of a query that come back in its answer, and those of another server's answer
 * that may be passed on. Of its own accord the server does neither: an option is answered by a plugin
 * that knows it, or not at all (RFC 6891, 6.1.2).
 */
#include "message/encode.h"

enum option { NSID = 3, COOKIE = 10, KEEPALIVE = 11, PADDING = 12 };

/* A bit for each code that plugins asked for, and whether there are any. */
static _Atomic(uint64_t) echoed[1024];
static _Atomic(bool) echoes;

static inline unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

void message_echo_option(unsigned code)
{
	atomic_fetch_or(&echoed[code / 64], 1ull << code % 64);
	atomic_store(&echoes, true);
}

static bool is_echoed(unsigned code)
{
	return atomic_load_explicit(&echoed[code / 64], memory_order_relaxed) >> code % 64 & 1;
}

size_t message_echo_options(uint8_t *out, const sodns_query_t *q)
{
	size_t n = 0;
	if (!atomic_load_explicit(&echoes, memory_order_relaxed))
		return 0;
	for (size_t at = 0, len; at < q->options_len; at += len) {
		const uint8_t *o = q->options + at;
		len = 4u + get16(o + 2);
		if (!is_echoed(get16(o)))
			continue;
		if (out)
			memcpy(out + n, o, len);
		n += len;
	}
	return n;
}

/* What concerns only the two ends of one hop: RFC 5001, 2.1; RFC 7828, 3.1; RFC 7830, 3; a
 * cookie belongs to one client and one server (RFC 7873, 4). */
static bool of_hop(unsigned code)
{
	return code == NSID || code == COOKIE || code == KEEPALIVE || code == PADDING;
}

size_t message_pass_options(uint8_t *options, size_t len)
{
	size_t kept = 0;
	for (size_t at = 0, n; at < len; at += n) {
		n = 4u + get16(options + at + 2);
		if (of_hop(get16(options + at)))
			continue;
		memmove(options + kept, options + at, n);
		kept += n;
	}
	return kept;
}
