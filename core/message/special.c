/*
 * Special-purpose addresses (RFC 6890, and IANA's registries since): those of hosts that no router of
 * the Internet forwards to. No host outside can have answers sent there in another's name. Others that
 * are in the registries but no host's (documentation, reserved, discard) are not among them. And the
 * block in which IPv6 has IPv4's addresses.
 */
#include <sodns/net.h>

#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool sodns_address_unmap(sodns_address_t *a)
{
	if (a->family != 6 || memcmp(a->bytes, mapped, sizeof(mapped)) != 0)
		return false;
	a->family = 4;
	a->scope = 0;
	memmove(a->bytes, a->bytes + sizeof(mapped), 4);
	memset(a->bytes + 4, 0, sizeof(mapped));
	return true;
}

bool sodns_address_map(sodns_address_t *a)
{
	if (a->family != 4)
		return false;
	a->family = 6;
	memmove(a->bytes + sizeof(mapped), a->bytes, 4);
	memcpy(a->bytes, mapped, sizeof(mapped));
	return true;
}

struct block {
	uint8_t bytes[6];
	uint8_t bits;
};

static const struct block four[] = {
	{{10}, 8},         /* private use */
	{{100, 64}, 10},   /* shared address space */
	{{127}, 8},        /* loopback */
	{{169, 254}, 16},  /* link local */
	{{172, 16}, 12},   /* private use */
	{{192, 0, 0}, 29}, /* IPv4 service continuity */
	{{192, 168}, 16},  /* private use */
	{{198, 18}, 15},   /* benchmarking */
};

static const struct block six[] = {
	{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, /* translation of local addresses */
	{{0x20, 0x01, 0x00, 0x02, 0x00, 0x00}, 48}, /* benchmarking */
	{{0x5f, 0x00}, 16},                         /* segment routing */
	{{0xfc}, 7},                                /* unique local */
	{{0xfe, 0x80}, 10},                         /* link local */
};

static bool is_in(const struct block *b, const uint8_t *bytes)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;
	return !memcmp(b->bytes, bytes, whole) &&
	       !(rest && (b->bytes[whole] ^ bytes[whole]) >> (8 - rest));
}

static bool is_in_any(const struct block *blocks, size_t count, const uint8_t *bytes)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(&blocks[i], bytes))
			return true;
	return false;
}

bool sodns_address_is_local(const sodns_address_t *a)
{
	static const uint8_t loopback[16] = {[15] = 1};
	if (a->family == 4)
		return is_in_any(four, sizeof(four) / sizeof(*four), a->bytes);
	return a->family == 6 && (is_in_any(six, sizeof(six) / sizeof(*six), a->bytes) ||
				  !memcmp(a->bytes, loopback, 16));
}
