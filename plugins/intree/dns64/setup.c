/*
 * The directive: dns64 [PREFIX], or a block of properties.
 */
#include <string.h>

#include "dns64.h"

/* The network of a text, in which the bits behind the prefix are zero. */
static void mask(sodns_prefix_t *p)
{
	unsigned whole = p->bits / 8;
	if (whole < sizeof(p->address.bytes))
		p->address.bytes[whole] &= (uint8_t)(0xff00u >> p->bits % 8);
	for (unsigned i = whole + 1; i < sizeof(p->address.bytes); i++)
		p->address.bytes[i] = 0;
}

static int read_prefix(sodns_setup_t *s, struct dns64 *d, const char *text)
{
	char network[SODNS_ADDRESS_TEXT_MAX];
	sodns_prefix_t p;
	if (!strchr(text, '/') || sodns_prefix_from_text(text, &p))
		return sodns_error(s, "invalid CIDR address: %s", text);
	mask(&p);
	sodns_address_to_text(&p.address, network);
	if (p.address.family == 4)
		return sodns_error(s, "invalid netmask 32 IPv6 address: \"%s/%u\"", network,
				   p.bits);
	if (p.bits % 8 || p.bits < 32 || p.bits > 96)
		return sodns_error(s,
				   "invalid prefix length \"%s/%u\": it is not 32, 40, 48, 56, 64, "
				   "72, 80, 88 or 96",
				   network, p.bits);
	d->bytes = p.bits / 8;
	memcpy(d->prefix, p.address.bytes, d->bytes);
	return SODNS_OK;
}

static int read_property(sodns_setup_t *s, struct dns64 *d)
{
	const char *property = sodns_setup_value(s);
	if (!strcmp(property, "translate_all"))
		d->translate_all = true;
	else if (!strcmp(property, "allow_ipv4"))
		d->allow_ipv4 = true;
	else if (strcmp(property, "prefix"))
		return sodns_error_property(s);
	else
		return (property = sodns_setup_arg(s)) ? read_prefix(s, d, property)
						       : sodns_error_args(s);
	return SODNS_OK;
}

/* A block behind a PREFIX is no block to CoreDNS: it takes each line for a further "dns64 [PREFIX]",
 * so that a word of its own does nothing, and the word behind another one is a prefix. */
static int read_odd_line(sodns_setup_t *s, struct dns64 *d)
{
	size_t count;
	const char *const *args = sodns_setup_args(s, &count);
	if (count > 1)
		return sodns_error_args(s);
	return count ? read_prefix(s, d, args[0]) : SODNS_OK;
}

static int setup(sodns_setup_t *s)
{
	static const uint8_t well_known[] = {0, 0x64, 0xff, 0x9b};
	struct dns64 *d = sodns_setup_alloc(s, sizeof(*d));
	memcpy(d->prefix, well_known, sizeof(well_known));
	d->bytes = 12;
	while (sodns_setup_next(s)) {
		size_t count;
		const char *const *args = sodns_setup_args(s, &count);
		if (count > 1)
			return sodns_error_args(s);
		int rc = count ? read_prefix(s, d, args[0]) : SODNS_OK;
		while (!rc && sodns_setup_block(s))
			rc = count ? read_odd_line(s, d) : read_property(s, d);
		if (rc)
			return rc;
	}
	return sodns_add_handler(s, d);
}

SODNS_PLUGIN(.name = "dns64", .version = SODNS_SDK_VERSION, .setup = setup,
	     .serve_dns = dns64_serve);
