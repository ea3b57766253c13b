/*
 * Putting names and records together.
 */
#include <string.h>

#include "kubernetes.h"

#define SOA_TTL_MAX 300u
#define SOA_REFRESH 7200u
#define SOA_RETRY 1800u
#define SOA_EXPIRE 86400u

void name_add_wire(struct name *n, const uint8_t *wire, size_t len)
{
	if (n->len + len > SODNS_NAME_MAX)
		len = n->len = SODNS_NAME_MAX + 1u;
	else
		memcpy(n->bytes + n->len, wire, len);
	n->len += len > SODNS_NAME_MAX ? 0 : len;
}

void name_add_label(struct name *n, const void *text, size_t len)
{
	uint8_t label[64] = {(uint8_t)len};
	if (!len || len > 63)
		return;
	memcpy(label + 1, text, len);
	name_add_wire(n, label, len + 1);
}

void name_add_text(struct name *n, const void *text, size_t len)
{
	const char *at = text, *end = at + len;
	while (at < end) {
		const char *dot = memchr(at, '.', (size_t)(end - at));
		const char *stop = dot ? dot : end;
		name_add_label(n, at, (size_t)(stop - at));
		at = stop + 1;
	}
}

void name_add_zone(struct name *n, const uint8_t *zone)
{
	name_add_label(n, "svc", 3);
	name_add_wire(n, zone, sodns_name_length(zone));
}

bool name_good(const struct name *n)
{
	return n->len <= SODNS_NAME_MAX;
}

const uint8_t *name_keep(const struct name *n, sodns_query_t *q)
{
	return memcpy(sodns_alloc(q, n->len), n->bytes, n->len);
}

void add_address(sodns_reply_t *r, enum sodns_section section, const uint8_t *owner,
		 const struct address *a, uint32_t ttl)
{
	sodns_reply_add_record(r, section, owner, a->size == 4 ? SODNS_TYPE_A : SODNS_TYPE_AAAA,
			       ttl, a->bytes, a->size);
}

uint32_t serial_of(const struct kubernetes *k, const uint8_t *zone)
{
	bool imported = k->imported_count && sodns_name_match(zone, k->imported, k->imported_count);
	return atomic_load(&k->cluster->store.serial[imported ? SERIAL_IMPORTED : SERIAL_INTERNAL]);
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	return p + 4;
}

size_t soa_make(const struct kubernetes *k, const uint8_t *zone, uint32_t serial,
		uint8_t out[SOA_MAX])
{
	struct name server = {0}, mailbox = {0};
	name_add_text(&server, "ns.dns", 6);
	name_add_wire(&server, zone, sodns_name_length(zone));
	name_add_label(&mailbox, "hostmaster", 10);
	name_add_wire(&mailbox, zone, sodns_name_length(zone));
	if (!name_good(&server) || !name_good(&mailbox))
		return 0;
	memcpy(out, server.bytes, server.len);
	memcpy(out + server.len, mailbox.bytes, mailbox.len);
	uint8_t *p = put32(out + server.len + mailbox.len, serial);
	p = put32(p, SOA_REFRESH);
	p = put32(p, SOA_RETRY);
	p = put32(p, SOA_EXPIRE);
	p = put32(p, k->ttl);
	return (size_t)(p - out);
}

uint32_t soa_ttl(const struct kubernetes *k)
{
	return k->ttl < SOA_TTL_MAX ? k->ttl : SOA_TTL_MAX;
}

void add_soa(const struct kubernetes *k, sodns_reply_t *r, enum sodns_section section,
	     const uint8_t *zone, const uint8_t *lower)
{
	uint8_t rdata[SOA_MAX];
	size_t len = soa_make(k, zone, serial_of(k, lower), rdata);
	if (len)
		sodns_reply_add_record(r, section, zone, SODNS_TYPE_SOA, soa_ttl(k), rdata,
				       (uint16_t)len);
}
