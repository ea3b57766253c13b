/*
 * Reading PROXY headers. All bytes are hostile: any host that reaches the port may send them.
 */
#include "header.h"

#include <string.h>

#define V1_MAX 107       /* bytes of a version 1 line with its CR LF */
#define V2_FIXED 16      /* bytes of a version 2 header in front of its addresses */
#define V2_REST_MAX 4096 /* bytes of addresses and TLVs that are taken */
#define WORDS 6

#define TCP4 0x11
#define UDP4 0x12
#define TCP6 0x21
#define UDP6 0x22
#define UNIX_STREAM 0x31
#define UNIX_DATAGRAM 0x32

struct word {
	const char *at;
	size_t len;
};

static ptrdiff_t bad(struct header *h, const char *reason)
{
	h->reason = reason;
	return SODNS_EINVAL;
}

static ptrdiff_t more(struct header *h, const char *reason)
{
	h->reason = reason;
	return SODNS_EBUSY;
}

static bool word_is(const struct word *w, const char *text)
{
	return w->len == strlen(text) && !memcmp(w->at, text, w->len);
}

/* Split at each single blank; words beyond the last one are counted only. */
static size_t split(const char *text, size_t len, struct word words[WORDS])
{
	size_t count = 0;
	for (const char *end = text + len;; text++) {
		const char *blank = memchr(text, ' ', (size_t)(end - text));
		if (count < WORDS)
			words[count] = (struct word){text, (size_t)((blank ? blank : end) - text)};
		count++;
		if (!blank)
			return count;
		text = blank;
	}
}

static bool read_address(const struct word *w, unsigned family, sodns_address_t *out)
{
	char text[SODNS_ADDRESS_TEXT_MAX];
	if (w->len >= sizeof(text) || memchr(w->at, '%', w->len) || memchr(w->at, 0, w->len))
		return false;
	memcpy(text, w->at, w->len);
	text[w->len] = 0;
	return !sodns_address_from_text(text, out) && out->family == family;
}

/* Decimal, without sign and leading zero. */
static bool read_port(const struct word *w, uint16_t *out)
{
	unsigned long v = 0;
	if (!w->len || w->len > 5 || (w->len > 1 && *w->at == '0'))
		return false;
	for (size_t i = 0; i < w->len; i++) {
		if (w->at[i] < '0' || w->at[i] > '9')
			return false;
		v = v * 10 + (unsigned long)(w->at[i] - '0');
	}
	*out = (uint16_t)v;
	return v <= UINT16_MAX;
}

static ptrdiff_t read_words(struct header *h, const struct word *words, size_t count)
{
	bool four = count > 1 && word_is(&words[1], "TCP4");
	if (!word_is(&words[0], "PROXY"))
		return bad(h, "proxyproto: can't read version 1 header");
	if (count > 1 && word_is(&words[1], "UNKNOWN")) {
		h->local = true;
		return SODNS_OK;
	}
	if (count != WORDS || (!four && !word_is(&words[1], "TCP6")))
		return bad(h, "proxyproto: can't read address family or protocol");
	h->transport = four ? TCP4 : TCP6;
	if (!read_address(&words[2], four ? 4 : 6, &h->source) ||
	    !read_address(&words[3], four ? 4 : 6, &h->destination))
		return bad(h, "proxyproto: invalid address");
	if (!read_port(&words[4], &h->source.port) || !read_port(&words[5], &h->destination.port))
		return bad(h, "proxyproto: invalid port number");
	h->has_addresses = true;
	return SODNS_OK;
}

static ptrdiff_t read_v1(const uint8_t *bytes, size_t len, struct header *h)
{
	struct word words[WORDS] = {{NULL, 0}};
	size_t room = len < V1_MAX ? len : V1_MAX;
	const uint8_t *end = memchr(bytes, '\n', room);
	h->version = 1;
	if (!end)
		return len < V1_MAX ? more(h, "proxyproto: can't read version 1 header")
				    : bad(h, "proxyproto: version 1 header must be 107 bytes or "
					     "less");
	if (end[-1] != '\r')
		return bad(h, "proxyproto: version 1 header is invalid, must end with \\r\\n");
	size_t count = split((const char *)bytes, (size_t)(end - bytes) - 1, words);
	ptrdiff_t rc = read_words(h, words, count);
	return rc ? rc : end - bytes + 1;
}

static uint16_t number(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Bytes of the two addresses and ports, or of the paths, of a family. */
static size_t block_size(uint8_t transport)
{
	switch (transport >> 4) {
	case 1:
		return 12;
	case 2:
		return 36;
	case 3:
		return 216;
	default:
		return 0;
	}
}

static void read_block(struct header *h, const uint8_t *p)
{
	size_t width = h->transport >> 4 == 1 ? 4 : 16;
	uint8_t family = width == 4 ? 4 : 6;
	h->source = (sodns_address_t){.family = family, .port = number(p + 2 * width)};
	h->destination = (sodns_address_t){.family = family, .port = number(p + 2 * width + 2)};
	memcpy(h->source.bytes, p, width);
	memcpy(h->destination.bytes, p + width, width);
	h->has_addresses = true;
}

static bool is_transport(uint8_t b)
{
	return !b || b == TCP4 || b == UDP4 || b == TCP6 || b == UDP6 || b == UNIX_STREAM ||
	       b == UNIX_DATAGRAM;
}

static ptrdiff_t read_v2(const uint8_t *bytes, size_t len, struct header *h)
{
	h->version = 2;
	if (len < V2_FIXED)
		return more(h, "proxyproto: can't read proxy protocol version and command");
	size_t rest = number(bytes + 14), block = block_size(bytes[13]);
	if ((bytes[12] & 0xfe) != 0x20)
		return bad(h, "proxyproto: unsupported proxy protocol version and command");
	h->local = bytes[12] == 0x20;
	h->transport = bytes[13];
	/* Of a proxy that speaks for itself, family, protocol and addresses are read over. */
	if (h->local)
		block = h->transport = 0;
	else if (!h->transport || !is_transport(h->transport))
		return bad(h, "proxyproto: unsupported address family and protocol");
	if (rest > V2_REST_MAX || rest < block)
		return bad(h, "proxyproto: invalid length");
	if (len < V2_FIXED + rest)
		return more(h, "proxyproto: invalid length");
	if (block && h->transport >> 4 != 3)
		read_block(h, bytes + V2_FIXED);
	return (ptrdiff_t)(V2_FIXED + rest);
}

static ptrdiff_t read_any(const uint8_t *bytes, size_t len, struct header *h)
{
	static const uint8_t v1[] = {'P', 'R', 'O', 'X', 'Y'};
	static const uint8_t v2[] = {'\r', '\n', '\r', '\n', 0,   '\r',
				     '\n', 'Q',  'U',  'I',  'T', '\n'};
	if (!len)
		return SODNS_EBUSY;
	bool text = bytes[0] == v1[0];
	size_t signature = text ? sizeof(v1) : sizeof(v2);
	if (memcmp(bytes, text ? v1 : v2, len < signature ? len : signature))
		return 0;
	if (len < signature)
		return SODNS_EBUSY;
	return text ? read_v1(bytes, len, h) : read_v2(bytes, len, h);
}

ptrdiff_t header_read(const uint8_t *bytes, size_t len, struct header *out)
{
	memset(out, 0, sizeof(*out));
	ptrdiff_t n = read_any(bytes, len, out);
	sodns_address_unmap(&out->source);
	sodns_address_unmap(&out->destination);
	return n;
}

bool header_is_datagram(const struct header *h)
{
	return h->has_addresses && (h->transport == UDP4 || h->transport == UDP6);
}
