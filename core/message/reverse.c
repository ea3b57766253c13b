/*
 * Names of addresses and of networks (sodns/net.h): IPv4's below in-addr.arpa, a label for each octet
 * (RFC 1035, 3.5); IPv6's below ip6.arpa, one for each four bits (RFC 3596, 2.5). The label that
 * stands first is the last of the address.
 */
#include <sodns/net.h>

#include <string.h>

static const uint8_t in_addr[] = "\x07in-addr\x04"
				 "arpa";
static const uint8_t ip6[] = "\x03ip6\x04"
			     "arpa";

/* What differs between the families. */
struct family {
	const uint8_t *zone;
	size_t zone_len;
	unsigned bits, step; /* of an address, of a label */
};

static const struct family *family_of(unsigned family)
{
	static const struct family four = {in_addr, sizeof(in_addr), 32, 8};
	static const struct family six = {ip6, sizeof(ip6), 128, 4};
	return family == 4 ? &four : family == 6 ? &six : NULL;
}

/* The part of an address that a label stands for. */
static unsigned part_of(const struct family *f, const uint8_t *bytes, unsigned i)
{
	if (f->step == 8)
		return bytes[i];
	return i % 2 ? bytes[i / 2] & 15u : bytes[i / 2] >> 4;
}

static uint8_t *put_label(const struct family *f, uint8_t *out, unsigned value)
{
	uint8_t *p = out + 1;
	if (f->step == 4) {
		*p++ = (uint8_t) "0123456789abcdef"[value];
	} else {
		if (value >= 100)
			*p++ = (uint8_t)('0' + value / 100);
		if (value >= 10)
			*p++ = (uint8_t)('0' + value / 10 % 10);
		*p++ = (uint8_t)('0' + value % 10);
	}
	*out = (uint8_t)(p - out - 1);
	return p;
}

/* The name of the first `parts` of an address; its length. */
static size_t put_name(const struct family *f, const uint8_t *bytes, unsigned parts, uint8_t *out)
{
	uint8_t *p = out;
	while (parts--)
		p = put_label(f, p, part_of(f, bytes, parts));
	memcpy(p, f->zone, f->zone_len);
	return (size_t)(p - out) + f->zone_len;
}

size_t sodns_address_to_reverse(const sodns_address_t *a, uint8_t out[SODNS_NAME_MAX])
{
	const struct family *f = family_of(a->family);
	return f ? put_name(f, a->bytes, f->bits / f->step, out) : 0;
}

/* A decimal number below 256, without zeros in front. */
static int read_octet(const uint8_t *label)
{
	int v = 0;
	if (*label > 3 || (label[1] == '0' && *label > 1))
		return -1;
	for (unsigned i = 1; i <= *label; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -1;
		v = v * 10 + label[i] - '0';
	}
	return v < 256 ? v : -1;
}

static int read_nibble(const uint8_t *label)
{
	uint8_t c = label[1] | 0x20;
	if (*label != 1)
		return -1;
	if (label[1] >= '0' && label[1] <= '9')
		return label[1] - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_prefix(const uint8_t *name, unsigned family, sodns_prefix_t *out)
{
	const struct family *f = family_of(family);
	unsigned parts = sodns_name_labels(name) - 2;
	if (parts > f->bits / f->step)
		return SODNS_EINVAL;
	*out = (sodns_prefix_t){.address.family = (uint8_t)family,
				.bits = (uint8_t)(parts * f->step)};
	for (unsigned i = parts; i--; name += *name + 1u) {
		int v = f->step == 8 ? read_octet(name) : read_nibble(name);
		if (v < 0)
			return SODNS_EINVAL;
		if (f->step == 8)
			out->address.bytes[i] = (uint8_t)v;
		else
			out->address.bytes[i / 2] |= (uint8_t)(i % 2 ? v : v << 4);
	}
	return SODNS_OK;
}

int sodns_prefix_from_reverse(const uint8_t *name, sodns_prefix_t *out)
{
	if (sodns_name_is_below(name, in_addr))
		return read_prefix(name, 4, out);
	return sodns_name_is_below(name, ip6) ? read_prefix(name, 6, out) : SODNS_EINVAL;
}

int sodns_address_from_reverse(const uint8_t *name, sodns_address_t *out)
{
	sodns_prefix_t p;
	if (sodns_prefix_from_reverse(name, &p) || p.bits != family_of(p.address.family)->bits)
		return SODNS_EINVAL;
	*out = p.address;
	return SODNS_OK;
}

bool sodns_name_is_reverse(const uint8_t *name)
{
	return sodns_name_is_below(name, in_addr) || sodns_name_is_below(name, ip6);
}

unsigned sodns_prefix_to_reverse(const sodns_prefix_t *p, unsigned index,
				 uint8_t out[SODNS_NAME_MAX])
{
	const struct family *f = family_of(p->address.family);
	if (!f || p->bits > f->bits)
		return 0;
	unsigned parts = (p->bits + f->step - 1) / f->step, free_bits = parts * f->step - p->bits;
	unsigned count = 1u << free_bits;
	uint8_t bytes[16];
	memcpy(bytes, p->address.bytes, sizeof(bytes));
	if (free_bits) {
		/* The last label's place in its byte, and what the prefix says of it. */
		unsigned at = (parts - 1) * f->step, shift = 8 - f->step - at % 8;
		uint8_t mask = (uint8_t)((count - 1) << shift);
		bytes[at / 8] = (uint8_t)((bytes[at / 8] & ~mask) | (index % count) << shift);
	}
	put_name(f, bytes, parts, out);
	return count;
}
