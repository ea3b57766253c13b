/*
 * Special-purpose addresses (RFC 6890, and IANA's registries since): those of hosts that no router of
 * the Internet forwards to. Nobody outside can have answers sent there in another's name. Others that
 * are in the registries but no host's (documentation, reserved, discard) are not among them.
 */
#include <sodns/net.h>

#include <string.h>

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
