/*
 * The messages that upstreams are sent. What the client asked for goes on as it is: flags, letter
 * case, EDNS options; what was signed with TSIG loses the signature, which was for this server.
 */
#include "forward.h"

#include <string.h>

#include <sodns/random.h>

#define HEADER 12u
#define OPT_FIXED 11u

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint8_t *put_opt(uint8_t *at, const sodns_query_t *q)
{
	size_t len;
	const uint8_t *options = sodns_query_options(q, &len);
	at[0] = 0;
	put16(at + 1, SODNS_TYPE_OPT);
	put16(at + 3, sodns_query_edns_size(q));
	put16(at + 5, 0);
	put16(at + 7, sodns_query_edns_flags(q));
	put16(at + 9, (unsigned)len);
	if (len)
		memcpy(at + OPT_FIXED, options, len);
	return at + OPT_FIXED + len;
}

uint8_t *message_build(sodns_query_t *q, size_t *len)
{
	const uint8_t *name = sodns_query_original_name(q);
	size_t n = sodns_name_length(name), options;
	sodns_query_options(q, &options);
	uint8_t *m = sodns_alloc(q, HEADER + n + 4 + OPT_FIXED + options), *at = m + HEADER;
	memset(m, 0, HEADER);
	put16(m + 2, sodns_query_opcode(q) << 11 | sodns_query_flags(q));
	m[5] = 1;
	memcpy(at, name, n);
	put16(at + n, sodns_query_type(q));
	put16(at + n + 2, sodns_query_class(q));
	at += n + 4;
	if (sodns_query_has_edns(q)) {
		m[11] = 1;
		at = put_opt(at, q);
	}
	*len = (size_t)(at - m);
	return m;
}

size_t message_check(const struct forward *f, uint8_t *out)
{
	size_t n = sodns_name_length(f->check_name);
	memset(out, 0, HEADER);
	out[2] = f->check_no_rd ? 0 : SODNS_RD >> 8;
	out[5] = 1;
	memcpy(out + HEADER, f->check_name, n);
	put16(out + HEADER + n, SODNS_TYPE_NS);
	put16(out + HEADER + n + 2, SODNS_CLASS_IN);
	return HEADER + n + 4;
}

void message_mix_case(sodns_query_t *q, uint8_t *message)
{
	uint8_t chance[(SODNS_NAME_MAX + 7) / 8];
	size_t n = sodns_name_length(sodns_query_name(q));
	sodns_random_bytes(chance, (n + 7) / 8);
	/* A length byte is below any letter. */
	for (size_t i = 0; i < n; i++) {
		uint8_t *c = &message[HEADER + i], lower = *c | 0x20;
		if (lower >= 'a' && lower <= 'z' && *c >= 'A')
			*c = chance[i / 8] >> i % 8 & 1 ? lower : lower & ~0x20;
	}
}

void message_restore_case(const sodns_query_t *q, uint8_t *answer, size_t len)
{
	const uint8_t *name = sodns_query_original_name(q);
	size_t n = sodns_name_length(name);
	if (HEADER + n <= len)
		memcpy(answer + HEADER, name, n);
}
